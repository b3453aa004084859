"""Mornings off after call-outs, and what became of each (domain.md 5.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from oncall.people.models import Person
from rotations.leave import resting
from rotations.leave.models import Rest
from rotations.reports.totals import Morning, Outcome

OUTCOMES: dict[str, Outcome] = {"pending": "to come", "honoured": "honoured", "broken": "broken"}


@dataclass(frozen=True)
class RestRow:
    rest: Rest
    counted: Morning
    why: str


def rests(people: Mapping[UUID, Person], *, first: date, last: date, now: datetime) -> list[RestRow]:
    """Return the mornings off of these days, on each person's clock, with what became of each; oldest first.

    One that its person gave up is broken, and says so.
    """
    standing = Rest.objects.filter(person__in=list(people), date__range=(first, last), withdrawn_at__isnull=True)
    found = list(standing.select_related("call_out").order_by("starts_at", "id"))
    for one in found:
        one.person = people[one.person_id]
    return [
        RestRow(line.rest, _counted(line.rest, OUTCOMES[line.outcome.state]), line.outcome.why)
        for line in resting.lines(found, now=now)
    ]


def _counted(rest: Rest, outcome: Outcome) -> Morning:
    return Morning(rest.person_id, rest.date, outcome, given_up=rest.waived_at is not None)
