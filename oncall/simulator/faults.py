"""What goes wrong on purpose, so that the portal's tests can meet it. Nothing does until `PUT /api/faults/` says so."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

Mode = Literal["none", "status", "accept_then_status", "accept_then_drop", "accept_then_hang", "hang", "slow", "drip"]
Kind = Literal["messages", "calls", "lookups"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MODES: tuple[str, ...] = get_args(Mode)


@dataclass(frozen=True)
class Plan:
    """How the company misbehaves towards one kind of request. The default misbehaves in nothing.

    Seconds here are real seconds, not divided by `--speed`: they stand for networks, not for people.
    """

    mode: Mode = "none"
    status: int = 500
    code: int = 20500
    retry_after_s: int | None = None  # null: no Retry-After header
    delay_s: float = 0.2  # of slow; of drip between bytes; hangs last until the plan changes, at most 60 s
    share: float = 1.0  # of the requests that meet this plan at all
    error_code: int | None = None  # null: delivered; else a message ends undelivered, a call failed, with this code
    queue_s: float = 0.0  # a message waits so long in our queue before it is sent
    list_lag_s: float = 0.0  # a message or call appears in lists only so long after it was made
    drop_callbacks: bool = False
    duplicate_callbacks: int = 0  # copies beyond the first
    reverse_callbacks: bool = False  # all held back until the end, then sent last first
    callbacks_first: bool = False  # call back before answering the request
    callback_delay_s: float = 0.0  # every callback comes so much later than what it tells of

    def as_json(self) -> dict[str, object]:
        return asdict(self)


NO_FAULT = Plan()


class BadPlan(ValueError):
    """`errors` names each field, what is wrong with it and what would be right."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in errors.items()))
        self.errors = errors


def read_plan(raw: object) -> Plan:
    """Return the plan described by JSON `raw`; what it leaves out is as in a `Plan()`.

    :raises BadPlan: if a field is unknown or its value cannot be meant.
    """
    if not isinstance(raw, Mapping):
        raise BadPlan({"plan": ['Expected an object such as {"mode": "status", "status": 503}.']})
    known = {item.name for item in fields(Plan)}
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in known:
            errors[str(name)] = [f"Unknown. Known are: {', '.join(sorted(known))}."]
        elif not _RIGHT[name][0](value):
            errors[name] = [f"{value!r} is not right; expected {_RIGHT[name][1]}."]
        else:
            values[name] = value
    if errors:
        raise BadPlan(errors)
    return Plan(**values)


def _whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _real(most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _maybe(right: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or right(value)


def _truth(value: object) -> bool:
    return isinstance(value, bool)


_RIGHT: dict[str, tuple[Callable[[Any], bool], str]] = {
    "mode": (lambda value: value in MODES, "one of " + ", ".join(MODES)),
    "status": (_whole(400, 599), "400 to 599"),
    "code": (_whole(0, 99999), "a code such as 20500"),
    "retry_after_s": (_maybe(_whole(0, 3600)), "null or seconds"),
    "delay_s": (_real(600), "seconds, at most 600"),
    "share": (_real(1), "0 to 1"),
    "error_code": (_maybe(_whole(0, 99999)), "null or a code such as 30003"),
    "queue_s": (_real(36000), "seconds"),
    "list_lag_s": (_real(600), "seconds, at most 600"),
    "drop_callbacks": (_truth, "true or false"),
    "duplicate_callbacks": (_whole(0, 20), "0 to 20"),
    "reverse_callbacks": (_truth, "true or false"),
    "callbacks_first": (_truth, "true or false"),
    "callback_delay_s": (_real(3600), "seconds, at most 3600"),
}


def read_plans(raw: object) -> tuple[Plan, ...]:
    """Return the plans of JSON `raw`: one, or a list of which each request meets at most one.

    :raises BadPlan: if one cannot be meant, or the shares of a list add up to more than everything.
    """
    if not isinstance(raw, list):
        return (read_plan(raw),)
    plans = tuple(read_plan(one) for one in raw)
    if sum(plan.share for plan in plans) > 1 + 1e-9:
        raise BadPlan({"share": ["The shares of a list add up to 1 at most."]})
    return plans or (NO_FAULT,)


class Faults:
    """The plans in force. Kept in memory alone: a restarted company behaves well."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._changed = threading.Condition()
        self._plans: dict[Kind, tuple[Plan, ...]] = dict.fromkeys(KINDS, (NO_FAULT,))
        self._random = random.Random(seed)  # noqa: S311 -- repeatable on purpose
        self._version = 0

    def replace(self, raw: object) -> None:
        """Put the plans of JSON `raw` in force; a kind it leaves out misbehaves no longer. Restarts the seed.

        :raises BadPlan: if any of it cannot be meant; then nothing changes.
        """
        if not isinstance(raw, Mapping):
            raise BadPlan({"faults": ["Expected an object with messages, calls or lookups."]})
        errors: dict[str, list[str]] = {}
        plans: dict[Kind, tuple[Plan, ...]] = dict.fromkeys(KINDS, (NO_FAULT,))
        for name, value in raw.items():
            if name not in KINDS:
                errors[str(name)] = [f"Unknown. Known are: {', '.join(KINDS)}."]
                continue
            try:
                plans[name] = read_plans(value)
            except BadPlan as error:
                errors |= {f"{name}.{field}": texts for field, texts in error.errors.items()}
        if errors:
            raise BadPlan(errors)
        with self._changed:
            self._plans = plans
            self._random.seed(self._seed)
            self._version += 1
            self._changed.notify_all()

    def as_json(self) -> dict[str, object]:
        """One plan as an object, several as a list: as they may be put."""
        shapes = {kind: [plan.as_json() for plan in plans] for kind, plans in self._plans.items()}
        return {kind: plans[0] if len(plans) == 1 else plans for kind, plans in shapes.items()}

    def draw(self, kind: Kind) -> Plan:
        """Return the plan this one request meets: one of those in force, each for its share; none for the rest."""
        with self._changed:
            plans = self._plans[kind]
            if plans == (NO_FAULT,):
                return NO_FAULT
            drawn = self._random.random()
            for plan in plans:
                drawn -= plan.share
                if drawn < 0:
                    return plan
            return NO_FAULT

    def list_lag_s(self, kind: Kind) -> float:
        """Return how many seconds lists of this kind lag behind: whatever is asked of a list is asked of all of it."""
        return max(plan.list_lag_s for plan in self._plans[kind])

    def hang(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as the plans change."""
        with self._changed:
            version = self._version
            self._changed.wait_for(lambda: self._version != version, timeout=seconds)
