"""The loop does what rooms above it ask for by name."""

import logging

import pytest

from incidents.alarms.loop import Loop
from oncall.limits import queries as limits
from oncall.troubles.models import Heartbeat
from rotations.coverage.models import Handoff
from tests.incidents.handover.conftest import BOUNDARY, minutes

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop():
    loop = Loop(name="tried", threads=1)
    yield loop
    loop.close()


def test_the_loop_makes_the_handoff_and_none_of_its_chores_breaks(loop, triage, grace, caplog):
    now = BOUNDARY - minutes(20)

    with caplog.at_level(logging.ERROR):
        loop._slow(now, limits.at(now))

    assert Handoff.objects.get().incoming == grace
    assert [record.message for record in caplog.records] == []


def test_a_chore_that_breaks_keeps_neither_the_others_nor_the_beat_from_happening(loop, triage, settings, caplog):
    settings.CHORES_EVERY_SECOND = ["incidents.handover.nowhere.follow"]

    loop._slow(BOUNDARY, limits.at(BOUNDARY))

    assert Handoff.objects.exists()
    assert Heartbeat.objects.filter(name="tried").exists()
    assert "a chore of tried" in caplog.text
