"""The wire to the database breaks, a table is locked, connections run out: nothing is lost, everybody comes back.

The database server dies in test_database_killed.py and fills its disk in test_disk_full.py.
"""

import contextlib
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import requests
from psycopg import sql

from tests import system as systems
from tests.faults.wire import Wire
from tests.system import until

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def wire():
    with Wire() as wire:
        yield wire


@pytest.fixture(scope="module")
def system(wire):
    """Its programs reach the database through the wire; the test itself does not."""
    with systems.system(start=(), own_broker=True) as running:
        parts = urlsplit(running.database_url)
        wire.target = (str(parts.hostname), int(parts.port or 5432))
        there = parts.netloc.replace(f":{parts.port}", f":{wire.port}")
        running.use(DATABASE_URL=urlunsplit(parts._replace(netloc=there)))
        running.start(*systems.EVERYTHING)
        yield running


@pytest.fixture(autouse=True)
def _mended(system, wire):
    yield
    wire.set("")
    for name in ("pulse", "celery"):
        system.wait_for_cycles(name, 2)
    for row in system.rows("SELECT id FROM alarms_alarm WHERE state <> 'resolved'"):
        system.post(f"/alarms/{row['id']}/resolve/", by="admin")


def signalled(system, person, title):
    """Send a signal as a machine does, until it is accepted; return what was answered on the way."""
    statuses = []

    def accepted():
        try:
            answer = system.hook(person, {"title": title, "key": title, "severity": 2})
        except requests.RequestException as error:
            statuses.append(type(error).__name__)
            return False
        statuses.append(answer.status_code)
        return answer.status_code == 202

    until(accepted, "a signal accepted")
    return statuses


@pytest.mark.parametrize("fault", ["reset", "refuse"])
def test_a_wire_to_the_database_that_is_cut_makes_honest_answers_and_everybody_comes_back(system, wire, fault):
    """F13, F14: 503 with Retry-After while it is away, to sources and to the provider alike."""
    with wire.faulty(fault):
        answer = system.hook("bea", {"title": "Cut", "severity": 2})
        told = requests.post(f"{system.url}/hooks/twilio/sms/{system.cast['ids']['bea']}/", timeout=30)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert told.status_code in {403, 503}  # unsigned; never a 5xx that is not meant, never a 404 by redirect

    assert signalled(system, "bea", f"Wire was cut: {fault}")[-1] == 202

    system.wait_for_text("bea", f"Wire was cut: {fault}")


@pytest.mark.parametrize("fault", ["drop", "half-open"])
def test_a_wire_to_the_database_that_swallows_everything_loses_nothing_that_was_accepted(system, wire, fault):
    """F13: whoever waited for an answer that never came begins anew when the wire is torn down."""
    words = f"Wire swallowed: {fault}"
    signalled(system, "carl", words + " (before)")
    with wire.faulty(fault), contextlib.suppress(requests.RequestException):
        requests.post(system.url + system.cast["hooks"]["dora"], json={"title": "Swallowed"}, timeout=3)

    signalled(system, "carl", words)

    system.wait_for_text("carl", words)


def test_a_slow_wire_to_the_database_slows_pages_and_loses_none(system, wire):
    with wire.faulty("slow", delay_s=0.05):
        signalled(system, "finn", "Slow database")
        system.wait_for_text("finn", "Slow database")


@pytest.mark.parametrize("table", ["paging_page", "alarms_alarm"])
def test_a_table_that_is_locked_for_a_while_delays_pages_and_loses_none(system, table):
    """F19: as `ALTER TABLE` would hold it."""
    words = f"{table} was locked"
    with psycopg.connect(system.database_url) as holder:
        holder.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        with contextlib.suppress(requests.RequestException):
            requests.post(
                system.url + system.cast["hooks"]["dora"], json={"title": words, "key": words, "severity": 2}, timeout=8
            )
        holder.rollback()

    assert signalled(system, "dora", words)[-1] == 202

    system.wait_for_text("dora", words)


def test_pages_go_on_when_visitors_hold_every_connection_that_is_left(system):
    """F18: loops keep the connections they have."""
    system.raise_for("emil", "Before connections run out")
    until(lambda: system.calls("emil"), "a call")
    name = f"visitor_{system.port}"
    with psycopg.connect(system.database_url, autocommit=True) as owner, contextlib.ExitStack() as held:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'visitor'").format(sql.Identifier(name)))
        held.callback(owner.execute, sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        parts = urlsplit(system.database_url)
        url = f"postgresql://{name}:visitor@{parts.hostname}:{parts.port}/postgres"
        with pytest.raises(psycopg.OperationalError, match="connection"):
            while True:
                held.enter_context(contextlib.closing(psycopg.connect(url)))

        signalled(system, "bea", "No connection is left")
        system.wait_for_text("bea", "No connection is left")
