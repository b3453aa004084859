"""Half of what pages is away: pages leave in time all the same, and the web answers in time.

In each run the outage lasts 10 s, with twice the signals in a second, and everything may take ten times its limit;
`make test-long` has five minutes and the limits themselves: pages within 10 s at p99, no request over 2 s (paging.md
P2).
"""

import contextlib
import signal
import time
from dataclasses import dataclass

import pytest
import requests

from tests import system as systems
from tests.faults import crowd, invariants
from tests.system import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
PAGE_S, REQUEST_S = 10.0, 2.0


@dataclass(frozen=True)
class Outage:
    seconds: float
    leeway: float  # how many times its limit a thing may take
    every_s: float = 1.0  # a signal

    @property
    def groups(self) -> int:
        """Each signal is of a group nobody else pages."""
        return round(self.seconds / self.every_s)


SHORT, LONG = Outage(10, 10, every_s=0.5), Outage(300, 1)
HOW_LONG = pytest.mark.parametrize(
    "outage", [pytest.param(SHORT, id="10s"), pytest.param(LONG, id="300s", marks=pytest.mark.long)]
)
KINDS = 4  # of outages, each with groups of its own


@pytest.fixture(scope="module")
def system():
    groups = str(KINDS * LONG.groups)
    with systems.system(own_broker=True, cast_by=("tests.faults.crowd", groups)) as running:
        yield running


@contextlib.contextmanager
def away(system, *names):
    system.kill_for_good(*names)
    try:
        yield
    finally:
        system.start(*names)


@contextlib.contextmanager
def hung(system, name):
    system.supervisor.kill(name, signal.SIGSTOP)
    try:
        yield
    finally:
        system.supervisor.kill(name, signal.SIGCONT)


class Visitor:
    """Somebody with a browser and a script, who looks at a watch."""

    def __init__(self, system):
        self.system, self.slowest = system, {}
        self.token = {"Authorization": f"Token {system.cast['tokens']['admin']}"}

    def timed(self, name, ask):
        began = time.monotonic()
        answer = ask()
        self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)
        assert answer.status_code in {200, 202}, f"{name}: {answer.status_code} {answer.text[:300]}"

    def looks_around(self):
        base = self.system.url
        self.timed("list", lambda: requests.get(f"{base}/api/v1/alarms/", headers=self.token, timeout=60))
        self.timed("sign-in", lambda: requests.get(f"{base}/accounts/login/", timeout=60))
        self.timed("health", lambda: requests.get(f"{base}/healthz", timeout=60))

    def sends(self, group):
        words = {"title": f"Outage {group}", "key": f"outage {group}", "severity": 2}
        self.timed("hook", lambda: self.system.hook(str(group), words))


def go_through(system, outage, nth):
    """Send signals for as long as the outage lasts, then say how long each page took and what the web was like."""
    visitor, groups = Visitor(system), range(nth * LONG.groups, nth * LONG.groups + outage.groups)
    sent = {}
    for group in groups:
        began = time.monotonic()
        sent[system.number(crowd.names(group)[0])] = system.now()
        visitor.sends(group)
        visitor.looks_around()
        time.sleep(max(0.0, outage.every_s - (time.monotonic() - began)))
    store = system.place / "simulator.sqlite3"

    def left():
        first = {one.number: one.at for one in reversed(invariants.taken(store)) if one.number in sent}
        return first if len(first) == len(sent) else None

    first = until(left, "a page to everybody", within=PAGE_S * outage.leeway)
    waits = sorted((first[number] - at).total_seconds() for number, at in sent.items())
    return waits, visitor.slowest


def judged(waits, slowest, outage):
    p99 = waits[round(0.99 * (len(waits) - 1))]
    print(f"pages left within {p99:.2f} s at p99, {waits[-1]:.2f} s at most; slowest requests: {slowest}")
    return p99 <= PAGE_S * outage.leeway and max(slowest.values()) <= REQUEST_S * outage.leeway


def ended(system):
    """Resolve everything, so that the next outage finds nobody being called."""
    for row in system.rows("SELECT id FROM alarms_alarm WHERE state <> 'resolved'"):
        system.post(f"/alarms/{row['id']}/resolve/", by="admin")


@HOW_LONG
def test_pages_leave_and_the_web_answers_in_time_while_the_broker_is_stopped(system, outage):
    """F10"""
    with away(system, "valkey"):
        waits, slowest = go_through(system, outage, 0)
    assert judged(waits, slowest, outage)
    ended(system)


@HOW_LONG
def test_pages_leave_and_the_web_answers_in_time_while_the_broker_hangs(system, outage):
    """F11"""
    with hung(system, "valkey"):
        waits, slowest = go_through(system, outage, 1)
    assert judged(waits, slowest, outage)
    ended(system)


@HOW_LONG
def test_pages_leave_and_the_web_answers_in_time_while_all_of_celery_is_dead(system, outage):
    with away(system, "worker", "beat"):
        waits, slowest = go_through(system, outage, 2)
    assert judged(waits, slowest, outage)
    ended(system)


@HOW_LONG
def test_pages_leave_and_the_web_answers_in_time_while_the_pulse_is_dead(system, outage):
    with away(system, "pulse"):
        waits, slowest = go_through(system, outage, 3)
    assert judged(waits, slowest, outage)
    ended(system)
