"""A major incident that lasted from 02:10 to 04:40, with the visits of that time."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.command import assigning
from incidents.command import services as command
from incidents.latency.models import Visit
from incidents.reviews import services
from oncall import clock
from tests.incidents.command.conftest import declared, fired, in_force, mae  # noqa: F401  # fixtures

BEGAN = datetime(2027, 3, 23, 2, 10, tzinfo=UTC)
NOTICED = datetime(2027, 3, 23, 2, 15, tzinfo=UTC)
OVER = datetime(2027, 3, 23, 4, 40, tzinfo=UTC)
LATER = datetime(2027, 3, 23, 9, 0, tzinfo=UTC)


def visits(count: int, *, first: datetime, verdict: str, number: int = 1) -> None:
    """So many visits of that night, one each 30 s from `first` on."""
    Visit.objects.bulk_create(
        Visit(
            visit_id=2027032200000 + number + n,
            day_obs=20270322,
            instrument="LSSTCam",
            survey_block="BLOCK-365",
            end_readout=first + timedelta(seconds=30 * n),
            on_sky=True,
            dome_open=True,
            received_at=first,
            reported_at=first,
            verdict=verdict,
            judged_at=first,
            judge_due=first + timedelta(days=1) if verdict == "pending" else None,
        )
        for n in range(count)
    )


@pytest.fixture(autouse=True)
def _that_morning(db):
    clock.travel(LATER - clock.now())


@pytest.fixture
def cut(ada, grace):
    """SEV-2 at first, SEV-1 from 02:45; Ada has command; over at 04:40."""
    incident = command.declare(
        title="Long-haul network cut", severity=2, by=grace, now=NOTICED, impact_starts_at=BEGAN, product="lhn"
    )
    assigning.take(incident=incident, role="commander", by=ada, now=NOTICED)
    command.set_severity(incident=incident, severity=1, by=ada, now=datetime(2027, 3, 23, 2, 45, tzinfo=UTC))
    command.say(incident=incident, kind="finding", text="Ada Moreno saw socat time out", by=ada, now=NOTICED)
    return command.move(incident=incident, move="resolve", by=ada, now=OVER)


@pytest.fixture
def review(cut):
    return services.draft(incident=cut, by=None, now=OVER)
