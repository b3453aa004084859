"""What is released at the same moment by several, or while its source speaks, calls once. These tests commit."""

import threading
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from incidents.alarms import holding, services, silences
from incidents.alarms.models import Alarm, Held
from incidents.alarms.silencing import Matcher
from oncall.limits import queries as limits
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
MACHINE = UUID("11111111-1111-4111-8111-111111111111")
END = NOW + timedelta(minutes=50)


def firing(key):
    return services.Firing(f"About {key}", 3, MACHINE, "Prometheus", key=key)


@pytest.fixture
def ten_held(pilot, policy):
    wanted = silences.Wanted([Matcher("source", "Prometheus")], "Disks", NOW, END)
    silences.create(wanted=wanted, by=pilot, now=NOW)
    for nth in range(10):
        services.hear(firing=firing(f"k{nth}"), policy_id=None, now=NOW)


def together(*works):
    """Do all of it at once, each on a connection of its own; fail where any of it fails."""
    gate, errors = threading.Barrier(len(works)), []

    def run(work):
        try:
            gate.wait(10)
            work()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def keep():
    for second in range(3):  # what was busy comes again
        now = END + timedelta(seconds=second)
        holding.keep(now=now, limits=limits.at(now))


def say():
    for nth in range(10):
        services.hear(firing=firing(f"k{nth}"), policy_id=None, now=END)


def test_two_loops_and_a_source_that_repeats_open_each_alarm_once(ten_held):
    together(keep, keep, say)
    keep()

    assert sorted(Alarm.objects.values_list("key", "cycle")) == [(f"k{nth}", 1) for nth in range(10)]
    assert set(Held.objects.values_list("state", flat=True)) == {"released"}


def test_what_is_over_at_the_moment_of_its_release_is_over(ten_held):
    def over():
        for nth in range(10):
            holding.hear_over(source_id=MACHINE, key=f"k{nth}", now=END)

    together(keep, over)
    over()

    assert not Alarm.objects.open().exists()
    assert not Held.objects.held().exists()


def while_it_is_taken(now, then):
    """Do something while a signal has been judged, and is not committed yet."""
    judged, go, errors = threading.Event(), threading.Event(), []

    def run():
        try:
            with transaction.atomic():
                services.hear(firing=firing("k"), policy_id=None, now=now)
                judged.set()
                go.wait(10)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    judged.wait(10)
    then()
    go.set()
    thread.join(60)
    assert errors == []


@pytest.fixture
def silent(pilot, policy):
    wanted = silences.Wanted([Matcher("source", "Prometheus")], "Disks", NOW, END)
    return silences.create(wanted=wanted, by=pilot, now=NOW)


def test_what_is_held_and_opened_at_the_end_of_a_silence_calls_once(silent):
    while_it_is_taken(
        END - timedelta(milliseconds=1), lambda: services.hear(firing=firing("k"), policy_id=None, now=END)
    )
    keep()

    assert [(alarm.cycle, alarm.count) for alarm in Alarm.objects.all()] == [(1, 2)]
    assert set(Held.objects.values_list("state", flat=True)) == {"released"}


def test_what_is_taken_as_its_silence_is_ended_calls(silent, pilot):
    at = NOW + timedelta(minutes=1)
    while_it_is_taken(at, lambda: silences.end(silence=silent, by=pilot, now=at + timedelta(milliseconds=1)))
    holding.keep(now=at + timedelta(seconds=1), limits=limits.at(at))

    assert Alarm.objects.get().state == "firing"
