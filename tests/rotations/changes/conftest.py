"""Ada has the week to Monday 29 March 16:00 UTC, Grace the next, Lise the one after; a swap between them."""

from datetime import UTC, datetime, timedelta

import pytest

from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Person
from rotations.changes.models import Swap
from rotations.coverage import swap_services
from rotations.coverage.queries import on_call
from tests.rotations.conftest import NOW

EVENING = datetime(2027, 3, 24, 20, tzinfo=UTC)  # 13:00 in California, 21:00 in Paris
NIGHT = EVENING + timedelta(hours=3)
GRACES = datetime(2027, 3, 30, 20, tzinfo=UTC)  # an evening of Grace's week


@pytest.fixture
def ask(schedule, ada):
    """Ada asks for the evening of 24 March, 20:00 to 23:00 UTC, of all who could, unless told otherwise."""

    def ask(**changes) -> Swap:
        words = {
            "schedule": schedule,
            "role": "primary",
            "asker": ada,
            "starts_at": EVENING,
            "ends_at": NIGHT,
            "by": changes.get("asker", ada),
            "now": NOW,
        } | changes
        return swap_services.ask(**words)

    return ask


def accept(swap: Swap, by: Person, now: datetime = NOW) -> Swap:
    return swap_services.accept(swap=swap, by=by, now=now)


def on(schedule, at: datetime) -> list[str]:
    return [one.person.username for one in on_call(schedule=schedule, at=at)]


@pytest.fixture
def mail(ada, grace, lise, pilot):
    """All can be reached by mail; answers who was told what, and forgets it."""
    for person in (ada, grace, lise, pilot):
        ContactMethod.objects.create(
            person=person, kind="email", address=f"{person.username}@example.org", created_at=NOW
        )

    def read() -> dict[str, str]:
        told = dict(Notice.objects.values_list("person__username", "text"))
        Notice.objects.all().delete()
        return told

    return read
