"""The last 90 days before Tuesday 23 March 2027, 03:10 UTC: on the schedule of three, Ada's turn is the fourth week."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from oncall.paging.models import Attempt, Page
from oncall.people.models import Person
from rotations.leave import services as leave
from rotations.schedule.models import Schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def schedule(schedule: Schedule) -> Schedule:
    """The schedule of three, of the tier that is paged first."""
    Schedule.objects.filter(pk=schedule.pk).update(tier=1)
    schedule.refresh_from_db()
    return schedule


@pytest.fixture
def paged(db):
    """A page to somebody, and the attempts that the provider accepted: each a way and when."""

    def paged(person: Person, *attempts: tuple[str, datetime]) -> Page:
        begun = min(when for _, when in attempts) - timedelta(seconds=10)
        page = Page.objects.create(
            id=uuid.uuid4(),
            key=str(uuid.uuid4()),
            person=person,
            urgency="high",
            severity=1,
            reference=f"{1000 + Page.objects.count()}",
            title="No alerts",
            answer_path="/",
            state="answered",
            ladder=[],
            created_at=begun,
            ended_at=begun + timedelta(hours=1),
        )
        for n, (channel, when) in enumerate(attempts, start=1):
            Attempt.objects.create(
                page=page,
                n=n,
                channel=channel,
                address="+33155550100",
                body="x",
                state="finished",
                started_at=when,
                accepted_at=when,
                ended_at=when,
            )
        return page

    return paged


@pytest.fixture
def called_out(db):
    """Somebody acknowledged at an instant and resolved at another."""

    def called_out(person: Person, start: datetime, end: datetime | None, subject: str = "alarm:a") -> None:
        about = {"subject": subject, "text": "what was done", "url": "/alarms/"}
        leave.record(person=person, at=start, kind="acknowledge", now=start, **about)
        if end:
            leave.record(person=person, at=end, kind="resolve", now=end, **about)

    return called_out
