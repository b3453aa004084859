"""Lise, in Paris, has the week of Data Facility from Monday 22 March; she is called in the night to Thursday 25th."""

from datetime import date, datetime, time
from uuid import uuid4

from oncall.limits import queries as limits
from oncall.paging.models import Page
from oncall.people.models import Person
from rotations.changes.models import Absence
from rotations.coverage.queries import on_call
from rotations.leave.models import Rest
from rotations.leave.rest_keeping import keep
from rotations.schedule.models import Schedule
from rotations.schedule.services import Turns, create_rotation, create_schedule
from tests.rotations.conftest import BEFORE

NIGHT = "02:20 page A, 02:25 acknowledge A, 04:20 resolve A"  # 03:20 to 05:20 in Paris


def turns() -> Turns:
    """Weekly from Monday 22 March 09:00 in Paris."""
    return Turns("Europe/Paris", "week", 1, date(2027, 3, 22), time(9))


def make(name: str, *people, tier: int | None = 2) -> Schedule:
    made = create_schedule(name=name, now=BEFORE, tier=tier)
    create_rotation(schedule=made, role="primary", name=name, turns=turns(), people=list(people), now=BEFORE)
    return made


def rested() -> list[tuple[str, datetime, datetime]]:
    rows = Rest.objects.filter(withdrawn_at=None).order_by("starts_at")
    return [(row.person.username, row.starts_at, row.ends_at) for row in rows]


def absences() -> list[tuple[datetime, datetime]]:
    """The spans in which absences took somebody off."""
    rows = Absence.objects.order_by("starts_at", "created_at")
    return [(row.effective_from, row.covers_until) for row in rows if row.effective_from < row.covers_until]


def call(person: Person, when: datetime) -> Page:
    """A page calls them from now on."""
    return Page.objects.create(
        id=uuid4(),
        key=f"call {person.username} {when.isoformat()}",
        person=person,
        urgency="high",
        severity=2,
        reference="TEST",
        title="It rings",
        answer_path="/",
        ladder=[],
        next_due=when,
        created_at=when,
    )


def hang_up(page: Page, when: datetime) -> None:
    Page.objects.filter(pk=page.pk).update(state="unanswered", next_due=None, ended_at=when)


def on(schedule, when: datetime) -> list[str]:
    return [one.person.username for one in on_call(schedule=schedule, at=when)]


def kept(now: datetime) -> int:
    return keep(now=now, limits=limits.at(now))
