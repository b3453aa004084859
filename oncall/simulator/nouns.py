"""What the telephone company keeps: phones, messages, calls, what was said, requests it made. Values, as stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

PhoneMode = Literal["answer", "ignore", "busy", "off", "voicemail", "automatic"]
PHONE_MODES: tuple[PhoneMode, ...] = get_args(PhoneMode)
Carrier = Literal["usual", "no receipts", "slow", "disorder", "undelivered", "landline"]
CARRIERS: tuple[Carrier, ...] = get_args(Carrier)

MESSAGE_OVER = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
CALL_OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(frozen=True)
class Phone:
    """A person's telephone, and the carrier that brings texts to it.

    `answer` rings and waits for somebody to pick up; `voicemail` picks up late and says nothing; `automatic` picks up
    by itself and presses `keys`. `code` is what a text ends with that its carrier does not deliver, or, from 21000 to
    21999, what it is refused with.
    """

    number: str
    name: str = ""
    mode: PhoneMode = "answer"
    carrier: Carrier = "usual"
    code: int | None = None  # null: the usual one of its carrier
    keys: str = "4"


@dataclass(frozen=True)
class Message:
    """A text. `sender` and `recipient` are the numbers; Twilio's words for them are From and To."""

    sid: str
    direction: str  # inbound, outbound-api, outbound-reply
    sender: str
    recipient: str
    body: str
    status: str
    created_at: datetime
    updated_at: datetime
    service_sid: str = ""  # empty: sent from a number, not through a messaging service
    callback_url: str = ""  # empty: nobody wants to know
    validity_s: int = 36000
    sent_at: datetime | None = None  # null: not handed to the carrier yet
    error_code: int | None = None  # null: nothing went wrong
    plan: str = ""  # JSON of the fault plan this message meets; empty: none
    note: str = ""  # for the visitor of the phone page
    seen: bool = False
    id: int = 0  # order of arrival


@dataclass(frozen=True)
class Call:
    """A telephone call. Exactly one of `url` and `twiml` says what is spoken."""

    sid: str
    direction: str  # outbound-api, inbound
    caller: str
    callee: str
    status: str
    created_at: datetime
    updated_at: datetime
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    fallback_url: str = ""
    fallback_method: str = "POST"
    callback_url: str = ""
    callback_method: str = "POST"
    callback_events: str = "completed"  # space-separated
    timeout_s: int = 60
    time_limit_s: int = 14400
    send_digits: str = ""
    sequence: int = 0  # number of the next callback
    started_at: datetime | None = None  # null: never answered
    ended_at: datetime | None = None  # null: not over
    duration_s: int | None = None  # null: not over
    plan: str = ""
    silenced: bool = False  # the person chose to let it ring
    id: int = 0

    @property
    def person(self) -> str:
        """The number at the person's end of the call, whoever began it."""
        return self.caller if self.direction == "inbound" else self.callee

    @property
    def is_over(self) -> bool:
        return self.status in CALL_OVER


@dataclass(frozen=True)
class Utterance:
    """One line of a call's transcript. `kind`: say (was spoken), keys (were pressed), note (for the visitor)."""

    kind: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Request:
    """A request made by or for a call. `status` 0: no answer came, and `answer` says why."""

    method: str
    url: str
    parameters: dict[str, str]
    status: int
    duration_ms: int
    content_type: str
    answer: str
    at: datetime
