"""When an incident has begun: it is on record, somebody has it, there is a room, and the community is told. PURE.

Source: domain.md 3.1 (begun).
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Tick:
    """One of the four; `at` None: it has not happened, and `todo` says what to do about it."""

    name: str
    label: str
    at: datetime | None
    todo: str = ""  # empty: nothing, it is done


def ticks(
    *,
    declared_at: datetime,
    acknowledged_at: datetime | None,
    commanded_at: datetime | None,
    told_at: datetime | None,
    restricted: bool = False,
) -> tuple[Tick, Tick, Tick, Tick]:
    """Return the four, with the UTC instant at which each happened.

    `acknowledged_at`: when the first of its alarms was, whether before or after it was declared; `commanded_at`: when
    somebody first had command; whichever came first counts, but nothing is acknowledged before it is on record. Its
    page is a room, so that it has one from the beginning. `told_at`: of the first message sent out.
    """
    had = [at for at in (acknowledged_at, commanded_at) if at is not None]
    return (
        Tick("record", "on record", declared_at),
        Tick("acknowledged", "acknowledged", max(min(had), declared_at) if had else None, "" if had else ANSWER),
        Tick("room", "room", declared_at),
        Tick("told", "community told", told_at, "" if told_at else KEEP_IT if restricted else TELL),
    )


ANSWER = "Take command, or acknowledge one of its alarms."
TELL = "Send the first message, within 5 minutes of the declaration."
KEEP_IT = "It is restricted: tell nobody but whom it names, until its commander says what may be said."


def begun_at(four: tuple[Tick, Tick, Tick, Tick]) -> datetime | None:
    """Return when the last of the four happened; None: it has not begun."""
    times = [tick.at for tick in four if tick.at is not None]
    return max(times) if len(times) == len(four) else None
