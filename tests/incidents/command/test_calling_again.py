"""While nobody answers, a call for a commander is made every ten minutes, for as long as it takes."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, replanning, work
from incidents.alarms.models import Alarm, LogEntry
from incidents.command import assigning, calling, watch
from incidents.command.models import COMMAND
from tests.conftest import make_schedule

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def major(declared, policy):
    return declared(severity=2)


@pytest.fixture
def commanders(mae):
    schedule = make_schedule("Commanders", mae)
    schedule.skill = "incident command"
    schedule.save()
    return schedule


@pytest.fixture
def asleep(in_force, now, monkeypatch):
    """Let minutes pass while nobody answers, after plans of two rounds; return when which step was taken."""
    monkeypatch.setattr(calling, "ROUNDS", 2)

    def passed(minutes):
        for minute in (1, 2, 6, 11, 12, 16, 21, 22, 26, 31, 32, 36, 41):
            at = now + minute * MINUTE
            if minute > minutes:
                break
            watch.keep(now=at, limits=in_force)
            engine.escalate_due(now=at, limits=in_force)
        log = LogEntry.objects.filter(alarm__source_id=COMMAND, kind__in=("step", "end", "nobody")).order_by("at", "id")
        return [((line.at - now) // MINUTE, line.text) for line in log]

    return passed


def test_commanders_are_called_every_ten_minutes_also_past_the_end_of_their_rounds(major, commanders, asleep):
    taken = asleep(41)

    assert [minute for minute, _ in taken] == [1, 11, 21, 31, 41]
    assert Alarm.objects.filter(source_id=COMMAND).count() == 1


def test_past_the_end_of_the_rounds_whoever_stands_by_is_called_again_first(major, commanders, ada, asleep, now):
    assigning.take(incident=major, role="deputy", by=ada, now=now)

    taken = asleep(32)

    assert taken[:4] == [
        (1, "Step 1: Ada Moreno."),
        (2, "Step 2: Commanders."),
        (11, "Step 1: Ada Moreno."),
        (12, "Step 2: Commanders."),
    ]
    assert taken[4:] == [
        (21, "The policy is at its end and nobody has answered. Commanders is called again."),
        (31, "Step 1: Ada Moreno."),
        (32, "Step 2: Commanders."),
    ]


def test_past_the_end_of_the_default_policy_it_begins_again_after_ten_minutes(major, asleep):
    taken = asleep(26)

    assert taken == [
        (1, "Step 1: Triage."),
        (6, "Step 2: Tier 2."),
        (11, "The policy is at its end and nobody has answered. Tier 2 is called again."),
        (21, "Step 1: Triage."),
        (26, "Step 2: Tier 2."),
    ]


def test_a_call_that_somebody_has_by_now_does_not_begin_again(major, commanders, grace, asleep, now):
    asleep(21)
    idle = Alarm.objects.get(source_id=COMMAND)
    work.acknowledge(alarm=idle, by=grace, now=now + 30 * MINUTE)

    begun = replanning.begin_again(alarm=idle, plan=None, after=10 * MINUTE, text="x", now=now + 31 * MINUTE)

    assert (begun, Alarm.objects.get(source_id=COMMAND).state) == (False, "acknowledged")
