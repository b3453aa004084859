"""What a report adds up: call-outs, movements of the account, mornings and pages, into figures that reconcile. PURE.

Whole seconds everywhere. A call-out belongs to the day on which it began on the person's own clock then; a movement of
the account to the day of UTC on which it was posted, so that a report signed today says the same in ten years. The two
may differ at the edges of a span, or where a correction was posted later: `reconciled` says by what.
Own choice: after midnight is 00:00 to 07:00 of the person's clock, as in the quality report of the rotations.
Source: row R34; domain.md 5.6 and 5.7.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from rotations.coverage.quality import MORNING
from rotations.leave.credit import Slice
from rotations.night.wall import wall_instant

KINDS = ("night", "evening", "weekend", "holiday", "day off")  # they tile what is out of hours
Part = Literal["earned", "taken", "expired"]
Outcome = Literal["honoured", "broken", "to come"]
SATURDAY = 6
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MIDNIGHT = time()


@dataclass(frozen=True)
class Days:
    """Days of a calendar, both included, and the account's instants that belong to them: `[starts_at, ends_at)`."""

    first: date
    last: date
    now: datetime

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """The end of the last day in UTC; of days that are not over, what is posted so far counts."""
        return datetime.combine(self.last + DAY, time(), UTC)

    @property
    def is_over(self) -> bool:
        return self.ends_at <= self.now

    @property
    def known_until(self) -> datetime:
        """The last instant whose postings count."""
        return self.ends_at - timedelta(microseconds=1) if self.is_over else self.now

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def has(self, instant: datetime) -> bool:
        return self.starts_at <= instant < self.ends_at

    @property
    def months(self) -> list["Days"]:
        """The calendar months, the first and the last cut to these days."""
        found, first = [], self.first
        while first <= self.last:
            following = (first.replace(day=1) + 32 * DAY).replace(day=1)
            found.append(Days(first, min(self.last, following - DAY), self.now))
            first = following
        return found


@dataclass(frozen=True)
class Called:
    """A call-out as the ledger has it, and how its time out of hours falls on the person's clock."""

    person: Hashable
    day: date  # on which it began
    out_of_hours_s: int = 0
    credit_s: int = 0
    approved_s: int = 0
    kinds: Mapping[str, int] = field(default_factory=dict)
    after_midnight_s: int = 0
    weekend_s: int = 0
    weekends: frozenset[date] = frozenset()  # their Saturdays
    is_open: bool = False  # it earns when it is closed
    off_s: int = 0  # of one that is closed: credit posted less what its kept rule earns; zero where all is well
    posted_s: int = 0  # of one that is open: credit posted while it was closed, for its end was undone

    @property
    def unexplained_s(self) -> int:
        """What is posted and lies in no slice: other than zero only where ledger and call-out disagree."""
        return self.out_of_hours_s - sum(self.kinds.values())


@dataclass(frozen=True)
class Moved:
    """An entry of the ledger that moves seconds."""

    person: Hashable
    at: datetime
    part: Part
    credit_s: int
    out_of_hours_s: int = 0
    of_these: bool = False  # for a call-out that belongs to the span of the report


@dataclass(frozen=True)
class Morning:
    person: Hashable
    day: date
    outcome: Outcome
    given_up: bool = False  # by the person: broken all the same


@dataclass(frozen=True)
class Pages:
    """How many pages somebody got in a month (its first day), on their own clock."""

    person: Hashable
    month: date
    count: int


@dataclass(frozen=True)
class Account:
    """Leave in seconds: what stood, what moved, what stands. Taken and expired are negative where they take away."""

    opening_s: int = 0
    earned_s: int = 0
    taken_s: int = 0
    expired_s: int = 0

    @property
    def closing_s(self) -> int:
        return self.opening_s + self.earned_s + self.taken_s + self.expired_s


@dataclass(frozen=True)
class Figures:
    """One row of a report. Seconds are whole; `after_midnight_s` and `weekend_s` overlap the kinds, which tile."""

    call_outs: int
    still_open: int
    out_of_hours_s: int
    credit_s: int
    approved_s: int
    after_midnight_s: int
    weekend_s: int
    weekends: int
    kinds: Mapping[str, int]
    honoured: int
    broken: int
    given_up: int  # of the broken
    to_come: int
    pages: int
    account: Account

    @property
    def is_empty(self) -> bool:
        mornings = self.honoured or self.broken or self.to_come
        return not (self.call_outs or self.still_open or mornings or self.pages or self.account != Account())


@dataclass(frozen=True)
class Facts:
    """All that a report adds up, of all its people."""

    days: Days
    called: Sequence[Called] = ()
    moved: Sequence[Moved] = ()  # within the days, and what of their call-outs was posted outside
    mornings: Sequence[Morning] = ()
    pages: Sequence[Pages] = ()
    opening_s: Mapping[Hashable, int] = field(default_factory=dict)


def figures(facts: Facts, *, people: Iterable[Hashable] | None = None, days: Days | None = None) -> Figures:
    """Return the figures of these people (everybody without) in these days (all of the report's without)."""
    whose = None if people is None else set(people)
    within = days or facts.days

    def theirs(person: Hashable) -> bool:
        return whose is None or person in whose

    called = [one for one in facts.called if theirs(one.person) and one.day in within]
    closed = [one for one in called if not one.is_open]
    mornings = [one for one in facts.mornings if theirs(one.person) and one.day in within]
    outcomes = [one.outcome for one in mornings]
    months = {one.first.replace(day=1) for one in within.months}
    return Figures(
        call_outs=len(closed),
        still_open=len(called) - len(closed),
        out_of_hours_s=sum(one.out_of_hours_s for one in closed),
        credit_s=sum(one.credit_s for one in closed),
        approved_s=sum(one.approved_s for one in closed),
        after_midnight_s=sum(one.after_midnight_s for one in closed),
        weekend_s=sum(one.weekend_s for one in closed),
        weekends=len({(one.person, saturday) for one in closed for saturday in one.weekends}),
        kinds={kind: sum(one.kinds.get(kind, 0) for one in closed) for kind in KINDS},
        honoured=outcomes.count("honoured"),
        broken=outcomes.count("broken"),
        given_up=sum(one.given_up for one in mornings),
        to_come=outcomes.count("to come"),
        pages=sum(one.count for one in facts.pages if theirs(one.person) and one.month in months),
        account=_account(facts, [one for one in facts.moved if theirs(one.person)], whose, within),
    )


def _account(facts: Facts, moved: Sequence[Moved], whose: set[Hashable] | None, within: Days) -> Account:
    opening = sum(seconds for person, seconds in facts.opening_s.items() if whose is None or person in whose)
    before = [one for one in moved if facts.days.starts_at <= one.at < within.starts_at]
    inside = [one for one in moved if within.has(one.at)]
    return Account(
        opening_s=opening + sum(one.credit_s for one in before),
        earned_s=sum(one.credit_s for one in inside if one.part == "earned"),
        taken_s=sum(one.credit_s for one in inside if one.part == "taken"),
        expired_s=sum(one.credit_s for one in inside if one.part == "expired"),
    )


@dataclass(frozen=True)
class Reconciled:
    """From what the call-outs of a span earned to what was posted in it: credit seconds.

    `of_these_s`, with what was posted for those that are open again and for others, less what was posted for them
    before and after, is `posted_s`.
    """

    of_these_s: int
    before_s: int
    after_s: int
    for_others_s: int
    posted_s: int
    open_again_s: int = 0  # posted for those of these that are open again, and counted when they are closed

    @property
    def holds(self) -> bool:
        of_these = self.of_these_s + self.open_again_s
        return of_these - self.before_s - self.after_s + self.for_others_s == self.posted_s

    @property
    def is_plain(self) -> bool:
        return not (self.before_s or self.after_s or self.for_others_s or self.open_again_s)


def reconciled(facts: Facts) -> Reconciled:
    """Say why what call-outs of the span earned is not what was posted in it, where the two differ."""
    earned = [one for one in facts.moved if one.part == "earned"]
    inside = [one for one in earned if facts.days.has(one.at)]
    outside = [one for one in earned if one.of_these and not facts.days.has(one.at)]
    return Reconciled(
        of_these_s=sum(one.credit_s for one in facts.called if not one.is_open),
        before_s=sum(one.credit_s for one in outside if one.at < facts.days.starts_at),
        after_s=sum(one.credit_s for one in outside if one.at >= facts.days.ends_at),
        for_others_s=sum(one.credit_s for one in inside if not one.of_these),
        posted_s=sum(one.credit_s for one in inside),
        open_again_s=sum(one.posted_s for one in facts.called if one.is_open),
    )


def apart(facts: Facts) -> dict[Hashable, Facts]:
    """Return the facts of each person who has any, so that the rows of many people are found in one pass."""
    called: dict[Hashable, list[Called]] = defaultdict(list)
    moved: dict[Hashable, list[Moved]] = defaultdict(list)
    mornings: dict[Hashable, list[Morning]] = defaultdict(list)
    pages: dict[Hashable, list[Pages]] = defaultdict(list)
    for one in facts.called:
        called[one.person].append(one)
    for move in facts.moved:
        moved[move.person].append(move)
    for morning in facts.mornings:
        mornings[morning.person].append(morning)
    for page in facts.pages:
        pages[page.person].append(page)
    return {
        person: Facts(
            facts.days,
            called.get(person, ()),
            moved.get(person, ()),
            mornings.get(person, ()),
            pages.get(person, ()),
            {person: facts.opening_s.get(person, 0)},
        )
        for person in {**called, **moved, **mornings, **pages, **facts.opening_s}
    }


def kinds(slices: Iterable[Slice]) -> dict[str, int]:
    """Return the seconds out of hours of each kind."""
    found = dict.fromkeys(KINDS, 0)
    for piece in slices:
        if not piece.in_hours:
            found[piece.kind] += piece.seconds
    return found


def after_midnight(slices: Iterable[Slice], *, zone: ZoneInfo) -> int:
    """Return the seconds out of hours from 00:00 to 07:00 on the clock of `zone`: slices may be of another's days."""
    total = timedelta()
    for piece in slices:
        first, last = (instant.astimezone(zone).date() for instant in (piece.starts_at, piece.ends_at))
        for day in [] if piece.in_hours else [first + n * DAY for n in range((last - first).days + 1)]:
            start = max(piece.starts_at, wall_instant(day, MIDNIGHT, zone))
            total += max(min(piece.ends_at, wall_instant(day, MORNING, zone)) - start, timedelta())
    return total // SECOND


def weekend(slices: Iterable[Slice]) -> tuple[int, frozenset[date]]:
    """Return the seconds out of hours on Saturdays and Sundays, public holidays among them too, and which weekends."""
    pieces = [piece for piece in slices if not piece.in_hours and piece.local_date.isoweekday() >= SATURDAY]
    saturdays = frozenset(piece.local_date - (piece.local_date.isoweekday() - SATURDAY) * DAY for piece in pieces)
    return sum(piece.seconds for piece in pieces), saturdays
