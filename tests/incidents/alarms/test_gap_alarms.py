"""An observing minute that nobody covers, within a day: an alarm up pilot, then managers (domain.md 5.8)."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from incidents.alarms import engine, watch
from incidents.alarms.models import Alarm
from oncall.limits import queries as limits
from oncall.paging.models import Page
from rotations.changes import services as changes
from rotations.coverage import watching
from rotations.coverage.services import refresh_due
from rotations.schedule import services
from rotations.schedule.services import Turns
from tests.conftest import make_person

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)  # in the night of the 22nd: observing until 09:57
MINUTE = timedelta(minutes=1)


@pytest.fixture
def night(ada, grace):
    schedule = services.create_schedule(name="Triage", needs="night", now=NOW - timedelta(days=30))
    services.create_rotation(
        schedule=schedule,
        role="primary",
        name="Triage",
        turns=Turns("UTC", "week", 1, date(2027, 3, 22), time(12)),
        people=[ada, grace],
        now=NOW - timedelta(days=30),
    )
    refresh_due(now=NOW - MINUTE)
    return schedule


def absent(person, now):
    return changes.add_absence(
        person=person, kind="sick", starts_at=now, ends_at=now + timedelta(hours=5), by=person, now=now
    )


def look(now):
    refresh_due(now=now)
    watching.watch_gaps(now=now)
    watch.watch(now=now)


def called(now):
    engine.escalate_due(now=now, limits=limits.at(now))
    return set(Page.objects.filter(ended_at__isnull=True).values_list("person__name", flat=True))


def test_an_absence_that_uncovers_the_night_calls_the_pilot_then_managers_and_not_the_absent(night, ada, pilot):
    boss = make_person("Max Manager", "+14155550109")
    boss.role_terms.create(role="manager", starts_at=NOW - timedelta(days=100))
    absent(ada, NOW)
    look(NOW + MINUTE)
    alarm = Alarm.objects.open().get()
    assert alarm.severity == 2
    assert "Triage" in alarm.title
    assert called(NOW + MINUTE) == {"Petra Pilot"}
    assert called(NOW + 7 * MINUTE) >= {"Max Manager"}
    assert not Page.objects.filter(person=ada).exists()


def test_cover_ends_it(night, ada, grace, pilot):
    absent(ada, NOW)
    look(NOW + MINUTE)
    changes.override(
        schedule=night,
        role="primary",
        person=grace,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=9),
        reason="",
        by=grace,
        now=NOW + 2 * MINUTE,
    )
    look(NOW + 3 * MINUTE)
    assert not Alarm.objects.open().exists()


def test_a_signature_ends_it(night, ada, pilot):
    absent(ada, NOW)
    look(NOW + MINUTE)
    watching.sign_gap(
        schedule=night,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=6),
        reason="dome closed",
        by=pilot,
        now=NOW + MINUTE,
    )
    look(NOW + 2 * MINUTE)
    assert not Alarm.objects.open().exists()


def test_by_day_nobody_is_missed(night, ada, pilot):
    noon = datetime(2027, 3, 23, 13, tzinfo=UTC)
    absent(ada, noon)
    look(noon + MINUTE)
    assert not Alarm.objects.exists()
