"""Ada goes off call for Triage on Monday 29 March 2027 at 16:00 UTC (09:00 in California), Grace comes on."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from incidents.alarms import engine, services, turnover
from incidents.alarms.models import PEOPLE
from incidents.handover import services as handover
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Page
from oncall.people.models import Team
from rotations.coverage.models import Handoff
from rotations.coverage.services import refresh_due
from rotations.schedule import services as schedules
from rotations.schedule.services import Turns
from tests.conftest import make_person, make_policy

BOUNDARY = datetime(2027, 3, 29, 16, tzinfo=UTC)
MADE = datetime(2027, 2, 1, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def lise(db):
    return make_person("Lise Girard", "+33155550104", zone="Europe/Paris")


@pytest.fixture
def lead(db):
    return make_person("Leo Lead", "+14155550105")


@pytest.fixture
def triage(ada, grace, lead):
    """Weekly turns, handed over on Mondays at 09:00 in California: Grace from 1 March, Ada 8, Grace 15, Ada 22 ..."""
    team = Team.objects.create(name="Triage people", slug="triage-people", lead=lead)
    schedule = schedules.create_schedule(name="Triage", now=MADE, team=team)
    turns = Turns("America/Los_Angeles", "week", 1, date(2027, 3, 1), time(9))
    schedules.create_rotation(
        schedule=schedule, role="primary", name="Triage", turns=turns, people=[grace, ada], now=MADE
    )
    refresh_due(now=BOUNDARY - timedelta(days=2))
    schedule.refresh_from_db()
    return schedule


@pytest.fixture
def policy(triage, lise):
    """Triage; after five minutes Lise; once round."""
    return make_policy("Prompt Processing", triage, lise, is_default=True)


@pytest.fixture
def handoff(triage) -> Handoff:
    keep(BOUNDARY - minutes(30))
    return Handoff.objects.get()


def fire(policy, *, at, key="k", title="No alerts for images"):
    firing = services.Firing(title=title, severity=2, source_id=PEOPLE, source="test", key=key)
    alarm = services.fire(firing=firing, policy=policy, now=at)
    run(at)
    return alarm


def run(now) -> None:
    """What the loop does in a second, as far as alarms go."""
    in_force = limits.at(now)
    handover.follow(now=now, limits=in_force)
    turnover.notice_changes(now=now)
    turnover.offer(now=now, limits=in_force)
    engine.escalate_due(now=now, limits=in_force)


def keep(now) -> None:
    """What the loop does in half a minute."""
    handover.keep(now=now, limits=limits.at(now))


def called():
    return list(Page.objects.order_by("created_at", "pk").values_list("person__username", "created_at"))


def ringing():
    return set(Page.objects.calling().values_list("person__username", flat=True))


@pytest.fixture
def at(monkeypatch):
    """Let it be that instant for whoever reads the clock."""
    return lambda instant: clock.travel(instant - clock.now())
