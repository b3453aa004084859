"""PURE. Which way next, when again, when to stop: one person's page, rung by rung.

A ladder is the person's own rules, copied when the page began. Times are counted from the page's beginning; when we
are late (an outage), the spacing is kept and nothing is made up for: one rung at a time, never a burst.
"""

from collections.abc import Callable, Container, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

TRANSIENT = frozenset({"busy"})  # the same way again, once
DEAD = frozenset({"failed", "undelivered", "canceled"})  # this way is closed: the next one at once


@dataclass(frozen=True)
class Rung:
    """One way to reach the person: `after` seconds from the page's beginning, by `channel`, at `address`.

    `tries`: which send of this rung it is, counting those the provider never got. `redial`: rung again because it was
    busy, or texted again because its telephone was off. `held`: it waits for the end of quiet hours, and nothing brings
    it forward (quiet.py). `avoid`: providers that have failed it. `waited`: seconds that a provider asked of it.
    `callbacks`: false where the provider refused their address. `again`: how often it was called once more as the last.
    """

    after: float
    channel: str
    contact: str
    address: str
    redial: bool = False
    tries: int = 1
    held: bool = False
    avoid: tuple[str, ...] = ()
    waited: float = 0.0
    callbacks: bool = True
    again: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def same_path(self, other: "Rung") -> bool:
        """Say whether it is the same telephone, or the same address, by the same way."""
        return (self.channel, self.contact) == (other.channel, other.contact)


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


@dataclass(frozen=True)
class Course:
    """What is to come: the whole ladder, and when its next rung is due (or the waiting ends)."""

    ladder: list[Rung]
    next_due: datetime


def insert(
    *, ladder: Sequence[Rung], next_rung: int, next_due: datetime, begun: datetime, rung: Rung, at: datetime
) -> Course:
    """Return the course with `rung` coming at `at`, while every other rung keeps the time it would have had.

    Before those that are due at the same moment. `begun` is when the page began.
    """
    tried, rest = list(ladder[:next_rung]), list(ladder[next_rung:])
    if not rest:
        return Course([*tried, replace(rung, after=(at - begun).total_seconds())], at)
    after = rest[0].after + (at - next_due).total_seconds()
    place = next((n for n, other in enumerate(rest) if other.after >= after), len(rest))
    return Course([*tried, *rest[:place], replace(rung, after=after), *rest[place:]], min(next_due, at))


def hasten(
    *,
    ladder: Sequence[Rung],
    next_rung: int,
    next_due: datetime,
    begun: datetime,
    now: datetime,
    works: Callable[[Rung], bool],
) -> Course | None:
    """Return the course with the next rung that `works` coming now; nothing if none does, or it comes now anyway.

    A rung that would go through a provider which is away keeps its time: it may be back by then. One that waits for the
    end of quiet hours keeps its time too.
    """
    rest = list(ladder[next_rung:])
    found = next((n for n, rung in enumerate(rest) if not rung.held and works(rung)), None)
    if found is None or (found == 0 and next_due <= now):
        return None
    if found == 0:
        return Course(list(ladder), now)
    left = [*ladder[:next_rung], *rest[:found], *rest[found + 1 :]]
    return insert(ladder=left, next_rung=next_rung, next_due=next_due, begun=begun, rung=rest[found], at=now)


def valid_for(*, ladder: Sequence[Rung], index: int, most: timedelta) -> timedelta:
    """Return how long a text of rung `index` may be on its way: until the next way comes, but at least 6 s.

    Ways that come at the same moment do not count: a text beside a mail is not over when the mail is sent. 6 s, because
    providers take no less (paging.md 2.1).
    """
    rung = ladder[index]
    later = [other.after - rung.after for other in ladder[index + 1 :] if other.after > rung.after]
    seconds = min([most.total_seconds(), *later])
    return timedelta(seconds=max(6.0, seconds))


def next_look(*, age: timedelta, marks: Sequence[timedelta], failed: bool, give_up: timedelta) -> timedelta | None:
    """Return how long after now an attempt that is still under way is asked about again; nothing: it has expired.

    `marks` are the ages at which it is asked (60, 120, 300 s); it expires at the last of them, unless nobody could be
    asked (`failed`): then a minute later again, and at `give_up` at the latest (paging.md 2.3).
    """
    coming = [mark for mark in marks if mark > age]
    if coming:
        return coming[0] - age
    return marks[0] if failed and age < give_up else None


def add_telling(
    *,
    ladder: Sequence[Rung],
    next_rung: int,
    next_due: datetime,
    begun: datetime,
    at: datetime,
    never_by: Container[str] = (),
) -> Course | None:
    """Return the course with one more rung at `at`, so that what joined the page later is told too. The others keep
    their times.

    It is the first text or mail again, or the first call where nothing is written; by none of the channels `never_by`.
    Nothing is added where a rung comes by then anyway, or where no such way has been tried.
    """
    if next_rung < len(ladder) and next_due <= at:
        return None
    tried = [rung for rung in ladder[:next_rung] if rung.channel not in never_by]
    if not tried:
        return None
    again = next((rung for rung in tried if rung.channel != "voice"), tried[0])
    once_more = replace(again, held=False, tries=1)
    return insert(ladder=ladder, next_rung=next_rung, next_due=next_due, begun=begun, rung=once_more, at=at)


def rung_from_json(row: dict[str, Any]) -> Rung:
    return Rung(**row | {"avoid": tuple(row.get("avoid", ()))})
