"""The watcher outside hears from us each minute while all is well, and nothing otherwise."""

import http.server
import threading
import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from oncall import clock
from oncall.limits import queries as limits
from oncall.troubles import auditing, guard, outward
from oncall.troubles import services as troubles
from oncall.troubles.models import Audit, EngineModule, Heartbeat, Trouble
from oncall.troubles.outward import Outward
from tests.conftest import NOW

SECOND = timedelta(seconds=1)


class Receiver(http.server.ThreadingHTTPServer):
    """A watcher outside: it counts what it hears, and answers as it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.status = 200
        self.hold = threading.Event()
        self.hold.set()
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/a-secret-of-the-receiver"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.heard.append(self.path)
        self.server.hold.wait(30)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver():
    made = Receiver()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.hold.set()
    made.shutdown()
    made.server_close()


def all_well(at=NOW) -> None:
    """Everything has just worked, and the audit found nothing."""
    for name in ("engine", "sender", "pulse", "canary"):
        troubles.beat(name=name, now=at)
    auditing.audit(now=at, limits=limits.at(at))


def heartbeat_trouble() -> bool:
    return Trouble.objects.open().filter(kind="heartbeat").exists()


def test_it_is_sent_each_minute_while_all_is_well(db, receiver):
    """W2."""
    sender = Outward(url=receiver.url)
    for seconds in (0, 30, 59, 60, 119, 121):
        all_well(NOW + seconds * SECOND)
        sender.turn(now=NOW + seconds * SECOND)

    assert len(receiver.heard) == 3
    assert Heartbeat.objects.get(name="outward").at == NOW + 121 * SECOND


def test_a_broken_invariant_is_silence_at_once(db, receiver):
    all_well()
    EngineModule.objects.create(name="spare", version=1)  # no such part has ever worked
    auditing.audit(now=NOW + SECOND, limits=limits.at(NOW))

    Outward(url=receiver.url).turn(now=NOW + SECOND)

    assert receiver.heard == []


@pytest.mark.parametrize("dead", ["engine", "sender", "auditor", "pulse", "canary"])
@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(hours=-10)])
def test_without_a_fresh_sign_of_each_part_it_is_silence(db, receiver, dead, age):
    all_well()
    Heartbeat.objects.filter(name=dead).update(at=NOW - age)

    Outward(url=receiver.url).turn(now=NOW)

    assert receiver.heard == []


def test_before_the_first_canary_has_landed_it_is_silence(db, receiver):
    all_well()
    Heartbeat.objects.filter(name="canary").delete()

    Outward(url=receiver.url).turn(now=NOW)

    assert receiver.heard == []


def test_an_auditor_that_died_is_silence(db, receiver):
    """F52: green is said on evidence alone."""
    all_well()
    Audit.objects.update(at=NOW - 91 * SECOND)

    Outward(url=receiver.url).turn(now=NOW)

    assert receiver.heard == []


def test_advice_is_no_reason_for_silence(db, receiver):
    all_well()
    troubles.beat(name="celery", now=NOW - timedelta(hours=1))
    auditing.audit(now=NOW, limits=limits.at(NOW))

    assert Outward(url=receiver.url).turn(now=NOW)


def test_an_engine_of_another_site_is_silent(db, receiver, settings):
    all_well()
    settings.SITE = "summit"
    troubles.promote(site="base", now=NOW)

    Outward(url=receiver.url).turn(now=NOW)

    assert receiver.heard == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_receiver_that_refuses_three_times_is_a_trouble(db, receiver, status):
    """F52."""
    receiver.status = status
    sender = Outward(url=receiver.url)
    for nth, told in ((0, False), (1, False), (2, True)):
        all_well(NOW + nth * 60 * SECOND)
        sender.turn(now=NOW + nth * 60 * SECOND)
        assert heartbeat_trouble() is told


def test_a_receiver_that_is_gone_is_a_trouble_and_its_address_stays_secret(db, receiver, caplog):
    """F52."""
    receiver.shutdown()
    receiver.server_close()
    sender = Outward(url=receiver.url)
    for nth in range(3):
        all_well(NOW + nth * 60 * SECOND)
        sender.turn(now=NOW + nth * 60 * SECOND)

    assert Trouble.objects.open().get(kind="heartbeat").text == (
        "The watcher outside has not taken 3 heartbeats in a row (ConnectionError): nobody would call if this system "
        "died. Look at the receiver and at the way there."
    )
    assert "secret" not in caplog.text


def test_a_receiver_that_is_back_ends_the_trouble(db, receiver):
    receiver.status = 500
    sender = Outward(url=receiver.url)
    for nth in range(3):
        all_well(NOW + nth * 60 * SECOND)
        sender.turn(now=NOW + nth * 60 * SECOND)
    receiver.status = 200
    all_well(NOW + 180 * SECOND)

    sender.turn(now=NOW + 180 * SECOND)

    assert not heartbeat_trouble()


def test_a_receiver_that_hangs_is_given_up(db, receiver, monkeypatch):
    """F52."""
    monkeypatch.setattr(outward, "TIMEOUT_S", 0.2)
    receiver.hold.clear()
    sender = Outward(url=receiver.url)
    all_well()

    assert not sender.turn(now=NOW)
    assert sender.failures == 1


def test_without_an_address_nothing_is_started(settings):
    settings.HEARTBEAT_URL = ""
    sender = Outward()

    sender.start()

    assert not sender._thread.is_alive()


def test_a_thread_that_cannot_ask_the_database_is_silent_and_goes_on(receiver, monkeypatch):
    """F14: nothing is known, so nothing is said."""
    monkeypatch.setattr(outward, "LOOK_EVERY_S", 0.01)
    asked = []

    def away():
        asked.append(1)
        raise DatabaseError("the database is away")

    monkeypatch.setattr(clock, "now", away)
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(outward, "close_old_connections", lambda: None)
    sender = Outward(url=receiver.url)
    sender.start()
    end = time.monotonic() + 30
    while len(asked) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    sender.close()
    sender._thread.join(30)

    assert (len(asked) >= 3, receiver.heard) == (True, [])


@pytest.fixture(autouse=True)
def _young(monkeypatch):
    monkeypatch.setattr(guard, "_epoch", 1)
