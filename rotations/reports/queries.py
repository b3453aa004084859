"""Everything a report on leave adds up, in a number of queries that does not depend on how many people it is about."""

import hashlib
import re
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import CharField, Count, F, Func, Q, QuerySet, Sum, Value

from oncall.paging.models import Page
from oncall.people.models import Membership, Person, Team
from rotations.leave import accounts, approval, rules
from rotations.leave import queries as leave
from rotations.leave.models import MOVES, CallOut, LeaveRequest, LedgerEntry
from rotations.reports import fairness, mornings
from rotations.reports.fairness import Share
from rotations.reports.mornings import RestRow
from rotations.reports.totals import (
    Called,
    Days,
    Facts,
    Figures,
    Moved,
    Pages,
    Part,
    Reconciled,
    after_midnight,
    figures,
    kinds,
    reconciled,
    weekend,
)

REACH = timedelta(days=1)  # further than any clock is from UTC: what to read for days of all clocks
SAID = {str(kind): kind for kind in approval.SAID}
NUMBERS = re.compile(r"([0-9]{1,9})")
SHOWN_DIGITS = 16  # of the checksum: enough to compare two sheets of paper


@dataclass(frozen=True)
class CallOutRow:
    """A call-out that belongs to the days, with what the ledger has for it now."""

    call_out: CallOut
    counted: Called
    state: approval.State
    rule: str
    entries: list[LedgerEntry]


@dataclass(frozen=True)
class Position:
    """Where the ledger of these people stood: how many entries, up to when, what they add up to, and their checksum."""

    until: datetime
    entries: int
    balance_s: int
    checksum: str


@dataclass(frozen=True)
class Report:
    days: Days
    people: list[Person]  # by name
    facts: Facts
    call_outs: list[CallOutRow]  # by start
    moves: list[LedgerEntry]  # posted within the days, oldest first
    elsewhere: list[LedgerEntry]  # what makes earned and posted differ: of these call-outs, or posted here for others
    rests: list[RestRow]
    shares: list[Share]  # the burden of each and their fair share
    team_of: Mapping[UUID, frozenset[UUID]]
    balance_s: int  # as the ledger room gives it, at the end of the days

    @property
    def total(self) -> Figures:
        return figures(self.facts)

    @property
    def reconciled(self) -> Reconciled:
        return reconciled(self.facts)

    @property
    def unexplained_s(self) -> int:
        return sum(abs(one.unexplained_s) + abs(one.off_s) for one in self.facts.called if not one.is_open)

    @property
    def holds(self) -> bool:
        """Whether the figures reconcile with the ledger to the second."""
        return self.reconciled.holds and self.total.account.closing_s == self.balance_s and not self.unexplained_s

    @property
    def rule_words(self) -> list[str]:
        """The different rules by which these call-outs earned."""
        return list(dict.fromkeys(row.rule for row in self.call_outs))


def people_for(viewer: Person, *, now: datetime) -> QuerySet[Person]:
    """Whose report `viewer` may see: their own; a manager their teams'; administrators everybody's."""
    return leave.visible_people(viewer, now=now)


def teams_for(viewer: Person, *, now: datetime) -> QuerySet[Team]:
    """The teams `viewer` may see the whole of: sums of half a team would mislead."""
    hidden = Membership.objects.exclude(person__in=people_for(viewer, now=now).values("pk"))
    return Team.objects.filter(members__isnull=False).exclude(pk__in=hidden.values("team")).distinct().order_by("name")


def report(people: Iterable[Person], *, first: date, last: date, now: datetime) -> Report:
    """Return what `people` were called for, earned and took from `first` to `last`, both included, as known at `now`.

    Days are of each person's own clock for call-outs, mornings and pages; of UTC for postings (totals.py says why).
    """
    days = Days(first, last, now)
    named = {person.pk: person for person in sorted(people, key=lambda person: (_natural(person.name), str(person.pk)))}
    call_outs = _call_outs(named, days)
    entries = _entries(named, days, call_outs)
    rows = _rows(call_outs, entries, named, now)
    rests = mornings.rests(named, first=first, last=last, now=now)
    theirs = {row.call_out.pk for row in rows}
    moves = [one for one in entries if one.kind in MOVES]
    inside = [one for one in moves if days.has(one.at)]
    facts = Facts(
        days=days,
        called=[row.counted for row in rows],
        moved=[_moved(one, theirs) for one in moves],
        mornings=[row.counted for row in rests],
        pages=_pages(named, days),
        opening_s=_opening(named, days),
    )
    return Report(
        days=days,
        people=list(named.values()),
        facts=facts,
        call_outs=rows,
        moves=inside,
        elsewhere=_elsewhere(moves, theirs, days),
        rests=rests,
        shares=fairness.shares(list(named.values()), start=days.starts_at, end=min(days.ends_at, now), now=now),
        team_of=_teams(named),
        balance_s=sum(one.credit_s for one in accounts.balances(named.values(), at=days.known_until)),
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Sort Visitor 2 before Visitor 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in NUMBERS.split(name)]


def position(people: Iterable[Person], *, until: datetime) -> Position:
    """Return where the ledger stood at `until`. The same people and instant always give the same checksum.

    It is the beginning of the SHA-256 of one line for each entry, by instant and id: id, kind and seconds.
    """
    rows = (
        LedgerEntry.objects.filter(person__in=[person.pk for person in people], at__lte=until)
        .order_by("at", "id")
        .values_list("id", "kind", "out_of_hours_s", "credit_s", "stands_s")
    )
    found, entries, balance = hashlib.sha256(), 0, 0
    for id_, kind, worked, credited, stands in rows.iterator(chunk_size=2000):
        found.update(f"{id_} {kind} {worked} {credited} {'' if stands is None else stands}\n".encode())
        entries, balance = entries + 1, balance + credited
    return Position(until, entries, balance, found.hexdigest()[:SHOWN_DIGITS])


def requests_of(person: Person, days: Days) -> QuerySet[LeaveRequest]:
    """Return the leave that `person` asked for, of these days of UTC or within them."""
    return LeaveRequest.objects.filter(
        person=person, starts_at__lt=days.ends_at, ends_at__gt=days.starts_at
    ).select_related("decided_by")


def pages_of(person: Person, days: Days) -> QuerySet[Page]:
    """Return the pages that `person` got in these days of their clock, newest first."""
    return _paged({person.pk: person}, days).order_by("-created_at")


def _call_outs(people: Mapping[UUID, Person], days: Days) -> list[CallOut]:
    """Those that began within the days on the person's clock then; one that evidence took away again is none."""
    near = CallOut.objects.live().filter(
        person__in=list(people), starts_at__gte=days.starts_at - REACH, starts_at__lt=days.ends_at + REACH
    )
    found = [row for row in near.order_by("starts_at", "id") if row.ends_at is None or row.ends_at > row.starts_at]
    return [row for row in found if _day(row) in days]


def _day(call_out: CallOut) -> date:
    return call_out.starts_at.astimezone(call_out.zone).date()


def _entries(people: Mapping[UUID, Person], days: Days, call_outs: Sequence[CallOut]) -> list[LedgerEntry]:
    """All that was posted within the days, and all that was ever posted or said for these call-outs; oldest first."""
    of_these = Q(call_out__in=[row.pk for row in call_outs])
    inside = Q(person__in=list(people), at__gte=days.starts_at, at__lt=days.ends_at)
    found = LedgerEntry.objects.filter(of_these | inside, at__lte=days.now).defer("slices")
    entries = list(found.select_related("by", "call_out", "request").order_by("at", "nth"))
    for entry in entries:
        entry.person = people[entry.person_id]
    return entries


def _rows(
    call_outs: Sequence[CallOut], entries: Sequence[LedgerEntry], people: Mapping[UUID, Person], now: datetime
) -> list[CallOutRow]:
    own: dict[UUID | None, list[LedgerEntry]] = {}
    for entry in entries:
        own.setdefault(entry.call_out_id, []).append(entry)
    for row in call_outs:
        row.person = people[row.person_id]
    return [_row(row, own.get(row.pk, []), now) for row in call_outs]


def _row(call_out: CallOut, entries: list[LedgerEntry], now: datetime) -> CallOutRow:
    computed = [one for one in entries if one.kind in {"earn", "adjust"}]
    closed = call_out.ends_at is not None
    earned = leave.credit_of(call_out, now=now)
    posted_s = sum(one.credit_s for one in computed)
    credit_s = posted_s if closed else earned.credit_s
    said = [approval.Word(SAID[one.kind], one.stands_s or 0) for one in entries if one.kind in SAID]
    on_weekends, weekends = weekend(earned.slices)
    counted = Called(
        person=call_out.person_id,
        day=_day(call_out),
        out_of_hours_s=sum(one.out_of_hours_s for one in computed) if closed else earned.out_of_hours_s,
        credit_s=credit_s,
        approved_s=approval.approved_s(said, posted_s=credit_s) if closed else 0,
        kinds=kinds(earned.slices),
        after_midnight_s=after_midnight(earned.slices, zone=call_out.zone),
        weekend_s=on_weekends,
        weekends=weekends,
        is_open=not closed,
        off_s=posted_s - earned.credit_s if closed else 0,
        posted_s=0 if closed else posted_s,
    )
    state = approval.state(said, posted_s=credit_s, closed=closed)
    return CallOutRow(call_out, counted, state, rules.in_words(call_out.rule), entries)


def _elsewhere(moves: Sequence[LedgerEntry], theirs: Container[UUID | None], days: Days) -> list[LedgerEntry]:
    """Return what makes earned and posted differ; what was posted and taken back within the days does not."""
    found = [one for one in moves if _part(one) == "earned" and (one.call_out_id in theirs) != days.has(one.at)]
    sums: dict[UUID | None, int] = {}
    for one in found:
        sums[one.call_out_id] = sums.get(one.call_out_id, 0) + one.credit_s
    return [one for one in found if sums[one.call_out_id]]


def _moved(entry: LedgerEntry, theirs: Container[UUID | None]) -> Moved:
    return Moved(
        entry.person_id,
        entry.at,
        _part(entry),
        credit_s=entry.credit_s,
        out_of_hours_s=entry.out_of_hours_s,
        of_these=entry.call_out_id in theirs,
    )


def _part(entry: LedgerEntry) -> Part:
    if entry.kind == LedgerEntry.Kind.EXPIRE:
        return "expired"
    return "earned" if entry.call_out_id else "taken"


def _opening(people: Mapping[UUID, Person], days: Days) -> dict[Hashable, int]:
    before = LedgerEntry.objects.filter(person__in=list(people), at__lt=days.starts_at).order_by()
    return dict(before.values("person").annotate(stood=Sum("credit_s")).values_list("person", "stood"))


class LocalDay(Func):
    """YYYY-MM-DD on the clock of the person, by PostgreSQL's own time zones."""

    function = "TO_CHAR"
    template = "%(function)s(TIMEZONE(%(expressions)s), 'YYYY-MM-DD')"
    output_field = CharField()


def _paged(people: Mapping[UUID, Person], days: Days) -> QuerySet[Page]:
    near = Page.objects.filter(
        person__in=list(people),
        created_at__gte=days.starts_at - REACH,
        created_at__lt=min(days.ends_at + REACH, days.now + REACH),
    )
    return near.annotate(day=LocalDay(F("person__time_zone"), F("created_at"))).filter(
        day__gte=days.first.isoformat(), day__lte=days.last.isoformat()
    )


def _pages(people: Mapping[UUID, Person], days: Days) -> list[Pages]:
    months = Func(F("day"), Value(7), function="LEFT", output_field=CharField())
    found = _paged(people, days).order_by().annotate(month=months).values("person", "month").annotate(many=Count("pk"))
    return [Pages(row["person"], date.fromisoformat(f"{row['month']}-01"), row["many"]) for row in found]


def _teams(people: Mapping[UUID, Person]) -> dict[UUID, frozenset[UUID]]:
    """Return whose teams are which, as they are today."""
    found: dict[UUID, set[UUID]] = {}
    for person, team in Membership.objects.filter(person__in=list(people)).values_list("person", "team"):
        found.setdefault(person, set()).add(team)
    return {person: frozenset(teams) for person, teams in found.items()}
