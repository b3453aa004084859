"""Celery alone is enough, the pulse alone is enough, and the broker between them may stop, die or hang."""

import contextlib
import signal
import time

import pytest
import redis

from tests import system as systems

pytestmark = pytest.mark.chaos
A_MINUTE = pytest.param(60, marks=pytest.mark.long)
HOW = pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])


@pytest.fixture(scope="module")
def system():
    with systems.system(own_broker=True) as running:
        yield running


@contextlib.contextmanager
def without(system, *names):
    """Kill these programs for as long as the block lasts; everything runs again after it."""
    system.kill_for_good(*names)
    try:
        yield
    finally:
        system.start(*names)


def end(system, alarm):
    system.post(f"/alarms/{alarm}/resolve/", by="admin")


def test_pages_go_on_when_the_pulse_is_killed(system):
    with without(system, "pulse"):
        alarm = system.raise_for("bea", "No pulse")
        system.wait_for_text("bea", "No pulse")
    end(system, alarm)


def test_pages_go_on_when_celery_is_killed(system):
    with without(system, "worker", "beat"):
        alarm = system.raise_for("bea", "No Celery")
        system.wait_for_text("bea", "No Celery")
    end(system, alarm)


def test_pages_go_on_while_the_broker_is_dead_since_the_pulse_needs_none(system):
    with without(system, "valkey"):
        alarm = system.raise_for("bea", "No broker")
        system.wait_for_text("bea", "No broker")
    system.wait_for_cycles("celery", 2)
    end(system, alarm)


def test_pages_go_on_when_the_broker_forgets_everything(system):
    """F9"""
    with without(system, "pulse"):
        with redis.Redis.from_url(system.valkey.url) as broker:
            broker.flushall()
        alarm = system.raise_for("bea", "Broker forgets")
        system.wait_for_text("bea", "Broker forgets")
    end(system, alarm)


@pytest.mark.parametrize("seconds", [8, A_MINUTE])
def test_pages_go_on_while_the_broker_hangs_and_the_hook_answers_all_the_same(system, seconds):
    system.supervisor.kill("valkey", signal.SIGSTOP)
    back_at = time.monotonic() + seconds
    try:
        alarm = system.raise_for("bea", f"Broker hangs for {seconds} s")
        system.wait_for_text("bea", f"Broker hangs for {seconds} s")
        time.sleep(max(0.0, back_at - time.monotonic()))
    finally:
        system.supervisor.kill("valkey", signal.SIGCONT)
    system.wait_for_cycles("celery", 2)
    end(system, alarm)


@HOW
@pytest.mark.parametrize("seconds", [8, A_MINUTE])
def test_a_broker_that_is_away_delays_pages_and_loses_none_with_celery_alone(system, how, seconds):
    """F12"""
    people, title = ("carl", "dora", "finn"), f"Broker away for {seconds} s by {how.name}"
    before = {person: len(system.texts(person)) for person in people}
    with without(system, "pulse"):
        system.wait_for_cycles("celery", 2)
        system.supervisor.kill("valkey", how)
        system.stop("valkey")
        back_at = time.monotonic() + seconds
        alarms = [system.raise_for(person, title) for person in people]  # each answered 202
        time.sleep(max(0.0, back_at - time.monotonic()))
        system.start("valkey")
        for person in people:
            system.wait_for_text(person, title)
        assert {person: len(system.texts(person)) - before[person] for person in people} == dict.fromkeys(people, 1)
    for alarm in alarms:
        end(system, alarm)
