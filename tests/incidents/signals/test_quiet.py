"""A source that must be heard and is not raises an alarm of its own; one that nobody expects to hear does not."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.alarms import watch
from incidents.alarms.models import Alarm
from incidents.signals import quiet, services
from incidents.signals.heartbeats_models import Heartbeat
from incidents.signals.models import Source
from oncall.limits import queries as limits
from oncall.people.models import Site
from oncall.troubles.models import Trouble
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
DUSK = datetime(2027, 3, 22, 23, 30, tzinfo=UTC)  # the sun sets at the summit at 22:52 UTC, -12 degrees are at 23:43
NOON = datetime(2027, 3, 23, 16, 0, tzinfo=UTC)  # daylight there


@pytest.fixture
def source(policy) -> Source:
    row, _ = services.create_source(name="Sasquatch", kind="kapacitor", policy=policy, severity=3, now=NOW)
    Source.objects.filter(pk=row.pk).update(expected_every_min=10, last_seen_at=NOW)
    return row


def look(start, *, minutes):
    """Look every minute, from a minute after `start` on, as the loop does every half."""
    for number in range(1, minutes + 1):
        now = start + number * MINUTE
        quiet.watch(now=now, limits=limits.at(now))


def silent() -> bool:
    return Trouble.objects.open().filter(kind="quiet").exists()


def hear(at):
    Source.objects.update(last_seen_at=at)


def test_ten_minutes_without_a_word_are_allowed(source):
    look(NOW, minutes=11)  # listened to since 03:11

    assert not silent()


def test_after_that_it_is_silent_and_an_alarm_says_so(source):
    look(NOW, minutes=12)
    watch.watch(now=NOW + 12 * MINUTE)

    alarm = Alarm.objects.get()
    assert alarm.severity == 2
    assert alarm.title == (
        "Sasquatch is silent: it was last heard on 23 Mar at 03:10 UTC and should be every 10 min. See whether it runs"
        " and still sends to our address."
    )
    assert alarm.link == f"/sources/{source.pk}/"


def test_heard_again_it_is_over(source):
    look(NOW, minutes=12)
    hear(NOW + 12 * MINUTE)
    look(NOW + 12 * MINUTE, minutes=1)

    assert not silent()


def test_one_that_was_never_heard_is_silent_too(source):
    Source.objects.update(last_seen_at=None)
    look(NOW, minutes=12)

    assert "was never heard" in Trouble.objects.open().get(kind="quiet").text


@pytest.mark.parametrize("change", [{"expected_every_min": None}, {"is_enabled": False}])
def test_one_that_nobody_expects_is_never_silent(source, change):
    look(NOW, minutes=12)
    Source.objects.update(**change)
    look(NOW + 12 * MINUTE, minutes=1)

    assert not silent()


def test_what_was_sent_while_we_were_away_is_no_silence(source):
    look(NOW, minutes=5)
    look(NOW + 60 * MINUTE, minutes=10)  # we come back after an hour, nobody could reach us

    assert not silent()


def test_being_away_does_not_end_a_silence(source):
    look(NOW, minutes=12)
    look(NOW + 60 * MINUTE, minutes=1)

    assert silent()


def expected_while_observing(last):
    Source.objects.update(expected_while_observing=True, last_seen_at=last)


@pytest.fixture
def summit(db) -> Site:
    return Site.objects.get(observing=True)


def test_silent_by_day_while_nothing_is_observed_pages_nobody(source, summit):
    expected_while_observing(NOON - timedelta(hours=6))
    look(NOON, minutes=30)

    assert not silent()


def test_at_dusk_a_day_of_silence_counts_from_the_dark_on(source, summit):
    """It is dark from 23:43 on, so ten minutes are over at 23:53."""
    expected_while_observing(DUSK - timedelta(hours=9))
    look(DUSK, minutes=23)
    assert not silent()

    look(DUSK + 23 * MINUTE, minutes=1)
    assert silent()


def test_a_silence_of_the_night_is_over_at_dawn(source, summit):
    expected_while_observing(NOW)
    look(NOW, minutes=12)
    assert silent()

    look(NOON, minutes=1)
    assert not silent()


def test_silent_while_the_dome_is_closed_pages_nobody(source, summit, policy):
    expected_while_observing(NOW)
    said = {"dome_open": False, "dome_said_at": NOW - MINUTE}
    Heartbeat.objects.create(name="Dome", token_digest="d", created_at=NOW, every_s=60, grace_s=60, **said)
    look(NOW, minutes=30)

    assert not silent()


def test_where_nothing_is_expected_a_look_is_four_queries(source, django_assert_num_queries):
    Source.objects.update(expected_every_min=None)
    with django_assert_num_queries(4 + 2):  # a savepoint of the test's round them
        quiet.watch(now=NOW, limits=limits.at(NOW))
