"""PURE. Which way next, when again, when to stop: one person's page, rung by rung.

A ladder is the person's own rules, copied when the page began. Times are counted from the page's beginning; when we
are late (an outage), the spacing is kept and nothing is made up for: one rung at a time, never a burst.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

TRANSIENT = frozenset({"busy"})  # the same way again, once
DEAD = frozenset({"failed", "undelivered", "canceled"})  # this way is closed: the next one at once


@dataclass(frozen=True)
class Rung:
    """One way to reach the person: `after` seconds from the page's beginning, by `channel`, at `address`.

    `tries`: which send of this rung it is, counting those the provider never got. `redial`: rung again because it was
    busy.
    """

    after: float
    channel: str
    contact: str
    address: str
    redial: bool = False
    tries: int = 1

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Dial:
    """Try rung number `index` now; look again at `next_due`."""

    index: int
    rung: Rung
    next_due: datetime


@dataclass(frozen=True)
class GiveUp:
    """No rung is left and the waiting is over."""


def climb(*, ladder: Sequence[Rung], next_rung: int, now: datetime, wait_after_last: timedelta) -> Dial | GiveUp:
    """Return what to do at `now`, when rung `next_rung` is due.

    After the last rung the page waits `wait_after_last` for an answer. Never early: the next rung comes no sooner after
    this one than the rules say, however late this one is.
    """
    if next_rung >= len(ladder):
        return GiveUp()
    rung = ladder[next_rung]
    if next_rung + 1 < len(ladder):
        gap = timedelta(seconds=max(0.0, ladder[next_rung + 1].after - rung.after))
    else:
        gap = wait_after_last
    return Dial(next_rung, rung, now + gap)


def redial(*, ladder: Sequence[Rung], index: int, next_rung: int, pause: timedelta) -> list[Rung] | None:
    """Return the ladder with rung `index` once more, or nothing if it was a redial already (paging.md 2.4, busy)."""
    rung = ladder[index]
    if rung.redial:
        return None
    again = replace(rung, redial=True, after=rung.after + pause.total_seconds())
    return [*ladder[:next_rung], again, *ladder[next_rung:]]


def add_telling(*, ladder: Sequence[Rung], next_rung: int, after: float) -> list[Rung] | None:
    """Return the ladder with one more rung at `after`, so that what joined the page later is told too.

    It is the first text or mail again, or the first call where nothing is written. Nothing is added where a rung comes
    by then anyway.
    """
    if any(rung.after <= after for rung in ladder[next_rung:]):
        return None
    tried = ladder[:next_rung]
    again = next((rung for rung in tried if rung.channel != "voice"), tried[0])
    return [*tried, replace(again, after=after), *ladder[next_rung:]]


def rung_from_json(row: dict[str, Any]) -> Rung:
    return Rung(**row)
