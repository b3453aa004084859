"""A person in Paris, called at night, and how to write their evidence down."""

from datetime import UTC, datetime

import pytest

from rotations.leave import services
from rotations.leave.spans import KINDS


def at(text: str) -> datetime:
    """An instant of Thursday 25 March 2027, UTC; Paris is an hour ahead."""
    return datetime.fromisoformat(f"2027-03-25T{text}").replace(tzinfo=UTC)


@pytest.fixture
def tell(lise):
    """Write evidence of Lise, as of when it happened: tell("02:20 page A, 02:25 acknowledge A")."""

    def tell(story: str, person=lise) -> None:
        kinds = {str(kind): kind for kind in KINDS}
        for line in story.split(", "):
            when, kind, subject = line.split()
            services.record(
                person=person,
                at=at(when),
                kind=kinds[kind],
                subject=f"alarm:{subject}",
                text=f"{kind} {subject}",
                url="/alarms/",
                now=at(when),
            )

    return tell


@pytest.fixture
def experts(lise, ada, grace):
    """Data Facility, tier 2: Lise has the week from Monday 22 March 09:00 in Paris, then Ada, then Grace."""
    from tests.rotations.leave.resting_cast import make

    return make("Data Facility", lise, ada, grace)
