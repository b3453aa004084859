"""When the next message to the community is due, and whom an overdue one reminds. PURE.

The first within 5 minutes, then one every 20 minutes for two hours, then at the time that the last one named. Instants
in UTC. Source: domain.md 3.1 (messages), T03.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Why = Literal["first", "regular", "named"]


@dataclass(frozen=True)
class Told:
    """A message that went out; `next_at`: when it says that the next one comes, None: it does not."""

    at: datetime
    next_at: datetime | None = None


@dataclass(frozen=True)
class Terms:
    """`first`: until the first message; `every`: between two; `long`: for so long, then messages name the next one."""

    first: timedelta
    every: timedelta
    long: timedelta


@dataclass(frozen=True)
class Due:
    at: datetime
    why: Why


@dataclass(frozen=True)
class Reminders:
    """How often each was to be reminded before, counted from 0; None: not yet."""

    liaison: int | None
    commander: int | None


def due(*, since: datetime, told: Iterable[Told], terms: Terms) -> Due:
    """Return when the next message is due. `since`: the clock's start; what went out before it does not count.

    While two hours last a message may name an earlier time than the 20 minutes, not a later one.
    """
    last = max((one for one in told if one.at >= since), key=lambda one: one.at, default=None)
    if last is None:
        return Due(since + terms.first, "first")
    regular = last.at + terms.every
    if last.next_at is None or (regular < last.next_at and not must_name(since=since, at=last.at, terms=terms)):
        return Due(regular, "regular")
    return Due(last.next_at, "named")


def must_name(*, since: datetime, at: datetime, terms: Terms) -> bool:
    """Say whether a message sent at `at` must name when the next one comes: the 20 minutes end after the two hours."""
    return at + terms.every > since + terms.long


def reminders(*, due_at: datetime, now: datetime, after: timedelta, again: timedelta) -> Reminders:
    """Return whom a message that is due at `due_at` reminds by `now`: the liaison at once, the commander `after` that,
    and both every `again`.
    """
    return Reminders(_nth(now - due_at, again), _nth(now - due_at - after, again))


def _nth(over: timedelta, again: timedelta) -> int | None:
    if over < timedelta():
        return None
    return over // again if again > timedelta() else 0
