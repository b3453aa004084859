"""A loop stops while it works, dies inside a step or lives in another time; there are two beats; the logs are full."""

import dataclasses
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import system as systems
from tests.system import until

pytestmark = pytest.mark.chaos
LIMITS: dict[str, Any] = {"attempt_lease_s": 4, "settle_sms_s": 2, "settle_call_s": 2, "poll_after_s": 2}
AN_HOUR_S = 3600
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@pytest.fixture(scope="module")
def system():
    """Only what each test starts is running, beside the web and the telephones."""
    with systems.system(start=("simulator", "pulse", "web"), own_broker=True, **LIMITS) as running:
        running.stop("pulse")
        yield running


@pytest.fixture(autouse=True)
def _nobody_left(system):
    yield
    system.faults()
    system.stop(*(system.started - {"simulator", "web"}))


def in_another_time(skew_s):
    """The environment of a program whose clock on the wall is `skew_s` seconds ahead."""
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{skew_s:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def states(system, person):
    return [attempt["state"] for attempt in system.attempts(person)]


def test_a_sender_that_was_stopped_comes_back_too_late_to_write_over_what_another_found(system):
    """F4: its lease is over; what it still has to say is not heard, and nothing is sent twice."""
    system.start("worker", "beat")
    system.faults(messages={"mode": "slow", "delay_s": 3, "drop_callbacks": True})
    system.raise_for("bea", "Sender stops")
    until(lambda: system.texts("bea"), "a text the company took")
    system.supervisor.kill("worker", signal.SIGSTOP)
    assert states(system, "bea") == ["intent"]
    system.faults()
    system.start("pulse")
    until(lambda: states(system, "bea") == ["finished"], "the text found by the pulse, and its end")
    [found] = system.attempts("bea")

    system.supervisor.kill("worker", signal.SIGCONT)
    system.wait_for_cycles("celery", 3)

    assert system.attempts("bea") == [found]
    assert len(system.texts("bea")) == 1


def test_a_loop_killed_inside_a_step_has_done_nothing_and_the_next_takes_it_whole(system):
    """F5: a step's pages, its log and its next due time are one transaction."""
    with system.connection.transaction(), system.connection.cursor() as cursor:
        turn = f"page:{system.cast['ids']['carl']}"  # the lock that a step takes before it makes his page
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [turn])
        alarm = system.raise_for("carl", "Killed inside the step")
        system.start("worker", "beat")
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: system.rows(waiting), "a step that waits for its turn")
        system.kill_for_good("worker")
        until(lambda: not system.rows(waiting), "the end of its transaction")
        left = "SELECT kind FROM alarms_logentry WHERE alarm_id = %s ORDER BY id"
        assert [row["kind"] for row in system.rows(left, alarm)] == ["fired"]
    system.start("worker")

    system.wait_for_text("carl", "Killed inside the step")

    kinds = [row["kind"] for row in system.rows(left, alarm)]
    assert (kinds.count("step"), kinds.count("paged")) == (1, 1)
    assert len(system.texts("carl")) == 1


def test_two_beats_page_nobody_twice(system):
    """F8: ticks are hints, and twice as many of them claim the same rows once."""
    system.also("beat-2", like="beat")
    beat = system.programs["beat-2"]
    command = [word.replace("beat-schedule", "beat-schedule-2") for word in beat.command if word != "beat-2@%h"]
    system.programs["beat-2"] = dataclasses.replace(beat, command=[word for word in command if word != "-n"])
    system.start("worker", "beat", "beat-2")
    system.wait_for_cycles("celery", 4)

    system.raise_for("dora", "Two beats")
    system.wait_for_text("dora", "Two beats")
    system.wait_for_cycles("celery", 4)

    assert len(system.texts("dora")) == 1
    assert len(system.attempts("dora")) == 1


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed; on Debian: apt install faketime")
@pytest.mark.parametrize(("person", "skew_s"), [("emil", AN_HOUR_S), ("finn", -AN_HOUR_S)])
def test_a_loop_whose_own_clock_is_an_hour_off_pages_as_any_other(system, person, skew_s):
    """F20: only the database's clock decides."""
    name = f"pulse-{person}"
    system.also(name, like="pulse", **in_another_time(skew_s))
    system.start(name)
    before = system.now()

    system.raise_for(person, "Another time")
    until(lambda: system.attempts(person), "an attempt")

    [attempt] = system.attempts(person)
    assert before <= attempt["started_at"] <= system.now()
    until(lambda: states(system, person) == ["finished"], "its end")
    assert len(system.attempts(person)) == 1


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed; on Debian: apt install faketime")
@pytest.mark.parametrize("skew_s", [AN_HOUR_S, -AN_HOUR_S])
def test_a_worker_whose_own_clock_is_an_hour_off_takes_the_ticks_of_a_beat_whose_clock_is_right(system, skew_s):
    """F20: a tick is a hint that may come late, so it does not expire by somebody's watch."""
    name = f"worker-{'fast' if skew_s > 0 else 'slow'}"
    system.also(name, like="worker", **in_another_time(skew_s))
    system.start(name, "beat")
    system.wait_for_cycles("celery", 2)


def test_pages_go_on_when_the_disk_of_the_logs_is_full(system):
    """F17: every line that a loop writes fails."""
    system.also("pulse-mute", like="pulse")
    mute = system.programs["pulse-mute"]
    command = ["/bin/sh", "-c", 'exec "$@" >/dev/full 2>&1', "sh", *mute.command]
    env = {**mute.env, "LOG_LEVEL": "DEBUG"}
    system.programs["pulse-mute"] = dataclasses.replace(mute, command=command, says="", env=env)
    system.start("pulse-mute")

    system.travel(timedelta(minutes=10))  # what was raised for her before is no part of this page
    system.raise_for("bea", "Logs are full")

    system.wait_for_text("bea", "Logs are full")
    assert system.supervisor.is_running("pulse-mute")


def test_alarms_of_an_outage_take_one_step_each_and_not_all_they_missed(system):
    """F6: all loops are dead for ten minutes; /readyz says so meanwhile."""
    alarm = system.post("/alarms/", {"title": "Outage of ten minutes", "severity": 1}, by="olga")["id"]
    system.travel(timedelta(minutes=10))
    ready = requests.get(f"{system.url}/readyz", timeout=30)
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    began = system.now()

    system.start("pulse")
    until(lambda: system.texts("ada"), "the first step's page")
    system.wait_for_cycles("pulse", 3)

    steps = system.rows("SELECT text FROM alarms_logentry WHERE alarm_id = %s AND kind = 'step'", alarm)
    assert [row["text"] for row in steps] == ["Step 1: Triage."]
    [row] = system.rows("SELECT next_due FROM alarms_alarm WHERE id = %s", alarm)
    assert row["next_due"] >= began + timedelta(minutes=5)
