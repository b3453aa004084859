"""PostgreSQL is killed and comes back while signals arrive."""

import threading
import time

import psutil
import psycopg
import pytest
import requests

from deploy.services import Postgres
from deploy.supervisor import Supervisor, free_port
from tests import system as systems
from tests.system import until

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A server of its own that keeps its promise: what is committed is on disk before it says so."""
    place = tmp_path_factory.mktemp("postgres")
    for directory in (place, *place.parents[:2]):
        directory.chmod(directory.stat().st_mode | 0o111)  # as root PostgreSQL runs as another account
    server = Postgres(home=place / "home", port=free_port())
    with Supervisor(logs=place / "logs", say=lambda line: None) as supervisor:
        supervisor.tend_in_background()
        supervisor.start(server.prepare())
        supervisor.wait_healthy()
        yield server, supervisor
    server.forget()


@pytest.fixture(scope="module")
def system(postgres):
    server, _ = postgres
    with systems.running(server.url, systems.fill_empty(server.url), own_broker=True, speed=20) as running:
        running.start(*systems.EVERYTHING)
        yield running


class Sender:
    """Sends one signal after the other, as a machine that does not care how we are."""

    def __init__(self, system, person):
        self.url, self.stopping = system.url + system.cast["hooks"][person], threading.Event()
        self.statuses, self.alarms, self.unanswered = [], [], []
        self.thread = threading.Thread(target=self.run)

    def run(self):
        n = 0
        while not self.stopping.wait(0.1):
            n += 1
            signal = {"title": "The database is killed", "key": f"signal {n % 10}", "severity": 2}
            try:
                answer = requests.post(self.url, json=signal, timeout=30)
            except requests.RequestException as error:
                self.unanswered.append(repr(error))
                continue
            self.statuses.append(answer.status_code)
            if answer.status_code == 202:
                self.alarms += answer.json()["alarms"]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.stopping.set()
        self.thread.join()

    def accepted_since(self, n):
        return 202 in self.statuses[n:]


def kill_with_family(supervisor):
    leader = psutil.Process(supervisor.pid("postgres"))
    for process in (leader, *leader.children(recursive=True)):
        process.kill()


def everything_accepted_is_kept_and_paged(system, sender):
    assert sender.unanswered == []
    assert set(sender.statuses) == {202, 503}
    kept = {str(row["id"]) for row in until(lambda: rows(system, "SELECT id FROM alarms_alarm"), "the database")}
    assert set(sender.alarms) <= kept
    for name in ("pulse", "celery"):
        system.wait_for_cycles(name, 2)
    until(lambda: not rows(system, "SELECT 1 FROM alarms_alarm WHERE stepped_at IS NULL"), "a step for every alarm")


def test_a_killed_database_loses_nothing_that_was_accepted_and_everybody_comes_back_by_themselves(system, postgres):
    """F13"""
    _, supervisor = postgres
    with Sender(system, "bea") as sender:
        until(lambda: sender.accepted_since(0), "a signal accepted before")
        kill_with_family(supervisor)
        until(lambda: 503 in sender.statuses, "an honest answer that the database is away")
        until(lambda: sender.accepted_since(sender.statuses.index(503)), "a signal accepted afterwards")

    everything_accepted_is_kept_and_paged(system, sender)
    until(lambda: system.texts("bea"), "a text to whom they call")


@pytest.mark.parametrize("seconds", [8, pytest.param(60, marks=pytest.mark.long)])
def test_a_database_that_is_away_for_longer_loses_nothing_that_was_accepted(system, postgres, seconds):
    """F14"""
    server, supervisor = postgres
    before = len(system.texts("carl"))
    with Sender(system, "carl") as sender:
        until(lambda: sender.accepted_since(0), "a signal accepted before")
        supervisor.stop("postgres")
        time.sleep(seconds)
        supervisor.start(server.prepare())
        until(lambda: 503 in sender.statuses, "an honest answer that the database is away")
        until(lambda: sender.accepted_since(sender.statuses.index(503)), "a signal accepted afterwards")

    everything_accepted_is_kept_and_paged(system, sender)
    until(lambda: len(system.texts("carl")) > before, "a text to whom they call")


def rows(system, query):
    """Ask anew over a connection that the killed server has cut."""
    try:
        return system.rows(query)
    except psycopg.OperationalError:
        system.connection.close()
        return []
