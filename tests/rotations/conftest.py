"""People and one schedule: three take weekly turns at 09:00 in California from Monday 1 March 2027."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from oncall.people.models import Membership, Person, Team
from rotations.schedule import services
from rotations.schedule.models import Schedule
from rotations.schedule.services import Turns

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)  # Monday evening in California, Tuesday 04:10 in Paris
BEFORE = datetime(2027, 2, 1, tzinfo=UTC)  # when the schedule was made


def person(username: str, name: str, zone: str = "America/Los_Angeles", **fields) -> Person:
    return Person.objects.create_user(username, name=name, time_zone=zone, **fields)


@pytest.fixture
def ada(db) -> Person:
    return person("ada", "Ada Moreno")


@pytest.fixture
def grace(db) -> Person:
    return person("grace", "Grace Hopper")


@pytest.fixture
def lise(db) -> Person:
    return person("lise", "Lise Girard", "Europe/Paris", country="FR")


@pytest.fixture
def pilot(db) -> Person:
    petra = person("petra", "Petra Pilot")
    petra.role_terms.create(role="pilot", starts_at=NOW - timedelta(days=100))
    return petra


@pytest.fixture
def manager(db, lise) -> Person:
    """Manages the team that Lise is in, and nobody else."""
    max_ = person("max", "Max Manager", "Europe/Paris")
    team = Team.objects.create(name="Data Facility", slug="data-facility")
    Membership.objects.create(person=lise, team=team)
    max_.role_terms.create(role="manager", team=team, starts_at=NOW - timedelta(days=400))
    return max_


@pytest.fixture
def turns() -> Turns:
    return Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9))


@pytest.fixture
def schedule(ada, grace, lise, turns) -> Schedule:
    """At NOW it is Ada's turn again: the fourth week, from Monday 22 March 16:00 UTC (the US is on summer time)."""
    triage = services.create_schedule(name="Triage", now=BEFORE)
    services.create_rotation(
        schedule=triage, role="primary", name="Triage West", turns=turns, people=[ada, grace, lise], now=BEFORE
    )
    return triage


@pytest.fixture(autouse=True)
def _clock_stands_at_now(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOW)


def signed_in(client, who: Person):
    client.force_login(who)
    return client
