"""A Celery worker is killed with SIGKILL while it sends. Only workers and beat run here; no pulse is behind them."""

import contextlib
import socket

import pytest

from tests import system as systems
from tests.system import until

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def system():
    """Leases and settle times are those of a provider that answers at once and shows what it has at once."""
    with systems.system(
        start=("simulator", "web", "worker", "beat"),
        attempt_lease_s=4,
        settle_sms_s=2,
        settle_call_s=2,
        poll_after_s=2,
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def _mended(system):
    """Whatever came of a test, the next one finds everything running and well."""
    yield
    system.start(*{"simulator", "worker"} - system.started)
    system.faults()


@contextlib.contextmanager
def silence(port):
    """Listen on the telephone company's port; yield what waits for a request to send something, and never answer."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        listener.settimeout(systems.PATIENCE_S)

        def asked_to_send():
            while True:
                connection = stack.enter_context(listener.accept()[0])
                if connection.recv(4096).startswith(b"POST "):
                    return

        yield asked_to_send


def states(system, person):
    return [attempt["state"] for attempt in system.attempts(person)]


def test_a_worker_killed_between_claim_and_send_loses_no_page(system):
    """F1"""
    system.stop("simulator")
    with silence(system.simulator_port) as asked_to_send:
        system.raise_for("bea", "Killed before the request was taken")
        asked_to_send()
        assert states(system, "bea") == ["intent"]
        system.kill_for_good("worker")
    system.start("simulator", "worker")

    until(lambda: states(system, "bea") == ["lost", "finished"], "the page sent again, after nothing was found")

    [text] = system.texts("bea")
    assert "Killed before the request was taken" in text


def test_a_worker_killed_after_the_provider_accepted_sends_no_second_text_since_a_callback_tells_of_the_first(system):
    """F2"""
    system.faults(messages={"mode": "accept_then_hang"})
    system.raise_for("carl", "Killed before the answer came")
    until(lambda: system.texts("carl"), "a text the company took")
    system.kill_for_good("worker")

    until(lambda: states(system, "carl") == ["finished"], "a callback to the web, while there is no worker at all")

    system.faults()
    system.start("worker")
    system.wait_for_cycles("celery", 6)  # one a second: every lease has ended by then
    assert states(system, "carl") == ["finished"]
    assert len(system.texts("carl")) == 1


def test_a_worker_killed_after_the_provider_accepted_sends_no_second_text_since_it_asks_first(system):
    """F2"""
    system.faults(messages={"mode": "accept_then_hang", "drop_callbacks": True})
    system.raise_for("dora", "Killed before the answer came, and no callback")
    until(lambda: system.texts("dora"), "a text the company took")
    system.kill_for_good("worker")
    assert states(system, "dora") == ["intent"]
    system.faults()
    system.start("worker")

    until(lambda: states(system, "dora") == ["finished"], "the text found at the company, and its end")

    assert len(system.texts("dora")) == 1


def test_a_worker_killed_after_the_provider_took_a_call_rings_no_second_time(system):
    """F2"""
    system.faults(calls={"mode": "accept_then_hang", "drop_callbacks": True})
    system.raise_for("emil", "Killed while it rings, and no callback")
    until(lambda: system.calls("emil"), "a call the company took")
    system.kill_for_good("worker")
    assert states(system, "emil") == ["intent"]
    system.faults()
    system.start("worker")

    until(lambda: states(system, "emil") == ["finished"], "the call found at the company, and its end")

    assert [call["state"] for call in system.calls("emil")] == ["no-answer"]
