"""The telephone company as one value: who its customer is, and what everything in the room shares."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .callbacks import Callbacks
from .faults import NO_FAULT, Faults, Plan, read_plan
from .nouns import Call, Message
from .store import Store
from .timers import Timers


@dataclass(frozen=True)
class Account:
    """The one customer. `number` is the telephone number rented to it; texts through a service come from there."""

    sid: str
    token: str
    key: str = ""  # empty: no API key, only the account and its token
    secret: str = ""
    number: str = "+15005550006"
    inbound_sms_url: str = ""  # empty: nobody reads what people text to the number
    inbound_voice_url: str = ""  # empty: nobody answers the number

    def admits(self, username: str, password: str) -> bool:
        return (username, password) == (self.sid, self.token) or (
            self.key != "" and (username, password) == (self.key, self.secret)
        )


@dataclass(frozen=True)
class Company:
    account: Account
    store: Store
    speed: float
    faults: Faults
    timers: Timers = field(default_factory=Timers)
    callbacks: Callbacks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "callbacks", Callbacks(self.account.token, self.timers))

    @classmethod
    def open(cls, account: Account, path: Path, *, speed: float = 1.0, seed: int = 1) -> "Company":
        return cls(account, Store(path), speed, Faults(seed))

    def scaled(self, seconds: float) -> float:
        """Return how long `seconds` of the company's time last for us, with `--speed`."""
        return seconds / self.speed

    def close(self) -> None:
        self.timers.close()
        self.store.close()


def plan_of(item: Message | Call) -> Plan:
    """The fault plan this message or call met when it was made."""
    return read_plan(json.loads(item.plan)) if item.plan else NO_FAULT
