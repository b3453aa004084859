"""When a watching heartbeat was heard, and what it said of the dome: what rules over visits ask."""

import pytest

from incidents.signals import heartbeats
from incidents.signals.heartbeats_models import Heartbeat, HeartbeatSpan
from tests.conftest import NOW
from tests.incidents.signals.beating import after, hear, make

pytestmark = pytest.mark.django_db


def test_a_break_closes_a_stretch_and_begins_another():
    secret = make(watches_observing=True)
    for at in (0, 60, 120, 600, 660):
        hear(secret, at)

    span = HeartbeatSpan.objects.get()
    assert (span.started_at, span.last_at, span.counts_until) == (NOW, after(120), after(210))
    assert Heartbeat.objects.get().heard_since == after(600)


@pytest.mark.parametrize(
    ("starts", "ends", "heard"),
    [
        (0, 120, True),
        (0, 209, True),  # the last beat stands for one period and its grace
        (0, 210, False),
        (-1, 60, False),  # before the first
        (300, 400, False),
        (200, 620, False),  # across the break
        (600, 700, True),
        (600, 751, False),  # nothing came after 660
    ],
)
def test_listening_in_the_past_can_be_asked(starts, ends, heard):
    secret = make(watches_observing=True)
    for at in (0, 60, 120, 600, 660):
        hear(secret, at)

    assert heartbeats.heard_between(after(starts), after(ends)) is heard


def test_two_watchers_stand_in_for_each_other():
    first, second = make(watches_observing=True), make(name="other", watches_observing=True)
    for at in (0, 60, 120):
        hear(first, at)
    for at in (180, 240, 300):
        hear(second, at)

    assert heartbeats.heard_between(after(0), after(300)) is True


def test_a_heartbeat_that_does_not_watch_says_nothing_about_listening():
    hear(make())

    assert heartbeats.heard_between(NOW, NOW) is False
    assert heartbeats.last_watching_beat(NOW) is None


def test_the_last_watching_beat_is_the_newest_of_all():
    hear(make(watches_observing=True), 0)
    hear(make(name="other", watches_observing=True), 30)

    assert heartbeats.last_watching_beat(after(40)) == after(30)


def test_the_last_watching_beat_as_of_an_earlier_instant():
    secret = make(watches_observing=True)
    for at in (0, 60, 600):
        hear(secret, at)

    assert heartbeats.last_watching_beat(after(300)) == after(60)
    assert heartbeats.last_watching_beat(after(-1)) is None


def test_a_paused_watcher_is_not_waited_for(ada):
    hear(make(watches_observing=True))
    heartbeats.pause(heartbeat=Heartbeat.objects.get(), until=after(600), why="x", by=ada, now=after(1))

    assert heartbeats.last_watching_beat(after(2)) is None
    assert heartbeats.last_watching_beat(after(600)) == NOW


def test_what_was_said_of_the_dome_holds_for_its_night():
    secret = make()
    hear(secret, 0, dome_open=False)
    hear(secret, 60)

    assert heartbeats.dome_said(after(120)) is False
    assert heartbeats.dome_said(NOW.replace(hour=12)) is None  # another night begins at noon UTC


# The address -------------------------------------------------------------------------------------------------------
