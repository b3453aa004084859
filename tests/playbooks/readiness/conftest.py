"""A night whose instants are known: 23 March 2027, checks due 17:00 UTC (10:00 in California), sunset at 22:45 UTC."""

from datetime import UTC, date, datetime

import pytest

from oncall.limits import queries as limits
from playbooks.readiness import services
from playbooks.readiness.models import Check

NIGHT = date(2027, 3, 23)


def at(hour: int, minute: int = 0, day: int = 23) -> datetime:
    """An instant of March 2027, UTC; California is 7 h behind."""
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


def plan(night: date = NIGHT, *, day: int = 23, now: datetime | None = None):
    return services.plan_night(
        night=night,
        morning_due=at(17, day=day),
        sunset=at(22, 45, day=day),
        ends_at=at(10, 15, day=day + 1),
        close_of_work=at(0, day=day + 1),
        in_force=limits.at(at(12)),
        terms="by hand",
        now=now or at(12, day=day),
    )


def report(number: int, result: str, now: datetime, by, *, night: date = NIGHT, **said):
    check = Check.objects.get(number=number)
    return services.record(night=night, check=check, result=result, by=by, now=now, **said)


def all_pass(now: datetime, by, *, night: date = NIGHT, but: tuple[int, ...] = (), **said) -> None:
    for number in range(1, 17):
        if number not in but:
            report(number, "pass", now, by, night=night, **said)


@pytest.fixture
def planned(db):
    return plan()
