"""Whether the ledger, the call-outs and the evidence say the same, to the second."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from oncall.people.instants import EARLIEST
from oncall.people.models import Person
from rotations.leave import queries, rules, settlement
from rotations.leave.models import CallOut
from rotations.leave.spans import Found

Figures = tuple[int, int]  # seconds out of hours, seconds of leave
NOTHING: Figures = (0, 0)


@dataclass(frozen=True)
class Difference:
    """One call-out of which three sums do not agree: what is posted, what it earns, what evidence says."""

    person: Person
    call_out: CallOut | None  # None: evidence of a call-out that nobody has found yet
    starts_at: datetime
    ledger: Figures
    kept: Figures
    evidence: Figures | None  # None: evidence says that it is not over

    def __str__(self) -> str:
        said = "it is not over" if self.evidence is None else _words(self.evidence)
        return (
            f"{self.person.name}, call-out of {self.starts_at:%Y-%m-%d %H:%M:%S} UTC: the ledger has "
            f"{_words(self.ledger)}, its hours and rule give {_words(self.kept)}, evidence and corrections say {said}"
        )


def check(people: Iterable[Person] | None = None, since: datetime | None = None, *, now: datetime) -> list[Difference]:
    """Return where the books do not agree; none when for each person three sums are the same, to the second.

    They are: what is posted in the ledger for call-outs; what each closed call-out earns under its kept rule; and the
    same found afresh from all evidence and corrections, whatever hours the call-outs have. `since` asks only about
    call-outs that began then or later. Who differs is asked again under the lock, so that nobody who is being settled
    at this moment counts. What is open is not posted yet, and not compared.
    """
    everybody = Person.objects.filter(pk__in=CallOut.objects.order_by().values("person"))
    if people is not None:
        everybody = everybody.filter(pk__in=[person.pk for person in people])
    found: list[Difference] = []
    for person in everybody.order_by("pk"):
        if _of_person(person, since, now):
            with transaction.atomic():
                settlement.lock(person)
                found += _of_person(person, since, now)
    return found


def _of_person(person: Person, since: datetime | None, now: datetime) -> list[Difference]:
    window = settlement.window_of(person, since) if since else EARLIEST
    spans = settlement.spans_of(person, since=window, now=now)
    rows = list(CallOut.objects.filter(person=person, starts_at__gte=window).order_by("starts_at", "id"))
    by_start = {row.starts_at: row for row in rows if not row.merged_into_id and row.ends_at != row.starts_at}
    open_row = next((row for row in by_start.values() if row.ends_at is None), None)
    said: dict[datetime, Figures | None] = {
        span.starts_at: _figures(person, span, by_start.get(span.starts_at))
        for span in spans
        if not (open_row and span.touches(Found(open_row.starts_at, None)))
    }
    posted = queries.posted(row.pk for row in rows)
    found = []
    for row in rows:
        if row is open_row:
            continue
        counts = row.starts_at in by_start and by_start[row.starts_at] is row
        kept = _earned(row.rule, row.starts_at, row.ends_at) if counts else NOTHING
        ledger, evidence = posted.get(row.pk, NOTHING), said.pop(row.starts_at, NOTHING) if counts else NOTHING
        if not ledger == kept == evidence:
            found.append(Difference(person, row, row.starts_at, ledger, kept, evidence))
    found += [Difference(person, None, start, NOTHING, NOTHING, figures) for start, figures in said.items()]
    return [one for one in found if since is None or one.starts_at >= since]


def _figures(person: Person, span: Found, row: CallOut | None) -> Figures | None:
    if span.ends_at is None:
        return None
    rule = row.rule if row else rules.rule_for(person, span.starts_at, span.ends_at)
    return _earned(rule, span.starts_at, span.ends_at)


def _earned(rule: dict[str, object], start: datetime, end: datetime | None) -> Figures:
    earned = rules.earn(rule, start, end or start)
    return earned.out_of_hours_s, earned.credit_s


def _words(figures: Figures) -> str:
    return f"{figures[0]} s out of hours for {figures[1]} s of leave"
