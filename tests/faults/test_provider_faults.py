"""The telephone company is slow, mute, repeats itself or cannot reach us; the wire to it breaks in every way."""

from datetime import timedelta
from typing import Any

import pytest

from tests import system as systems
from tests.faults.wire import Wire
from tests.system import until

pytestmark = pytest.mark.chaos
LIMITS: dict[str, Any] = {"attempt_lease_s": 6, "settle_sms_s": 2, "settle_call_s": 2, "poll_after_s": 3}


@pytest.fixture(scope="module")
def wires():
    """One wire from the portal to the telephone company, and one back."""
    with Wire() as there, Wire() as back:
        yield there, back


@pytest.fixture(scope="module")
def system(wires):
    there, back = wires
    addresses = {
        "TWILIO_API_BASE": f"http://127.0.0.1:{there.port}",
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{back.port}",
    }
    with systems.system(start=(), environment=addresses, **LIMITS) as running:
        there.target = ("127.0.0.1", running.simulator_port)
        back.target = ("127.0.0.1", running.port)
        running.start("simulator", "pulse", "web")
        yield running


@pytest.fixture(autouse=True)
def _mended(system, wires):
    """Whatever came of a test, the next one finds everything well and nobody being called."""
    yield
    for wire in wires:
        wire.set("")
    system.faults()
    for row in system.rows("SELECT id FROM alarms_alarm WHERE state <> 'resolved'"):
        system.post(f"/alarms/{row['id']}/resolve/", by="admin")


def settled(system, person, count):
    """Wait until so many attempts were made for somebody and none is open; return their states."""

    def ended():
        rows = [row["state"] for row in system.attempts(person)]
        return rows if len(rows) >= count and not {"intent", "unknown", "accepted"} & set(rows) else None

    return until(ended, f"the end of {count} attempts for {person}")


def copies(system, person, words):
    return len([text for text in system.texts(person) if words in text])


def reached(system, person, words, calls_before):
    return copies(system, person, words) + len(system.calls(person)) - calls_before > 0


def test_an_answer_that_trickles_in_byte_by_byte_is_cut_off_and_the_text_is_found_and_not_sent_twice(system):
    """F26: every request has a time limit for all of it, not for the pause between two bytes."""
    before = len(system.attempts("bea"))
    system.faults(messages={"mode": "drip", "delay_s": 1, "drop_callbacks": True})
    system.raise_for("bea", "Answer trickles")
    until(lambda: copies(system, "bea", "Answer trickles"), "a text the company took")
    system.faults()

    assert settled(system, "bea", before + 1)[before:] == ["finished"]

    assert copies(system, "bea", "Answer trickles") == 1


def test_requests_that_hang_hold_up_nobody_else_for_good(system):
    """F26: half of the requests are never answered; everybody's page gets through."""
    system.faults(messages={"mode": "hang", "share": 0.5})
    people = ("bea", "carl", "dora", "finn")
    calls = {person: len(system.calls(person)) for person in people}
    for person in people:
        system.raise_for(person, "Half of them hang")

    until(
        lambda: all(reached(system, person, "Half of them hang", calls[person]) for person in people),
        "a text or a call to everybody",
    )


def test_every_page_ends_though_no_callback_ever_comes(system):
    """F30: silent attempts are asked about."""
    before = len(system.attempts("carl"))
    system.faults(messages={"drop_callbacks": True})
    system.raise_for("carl", "No callbacks")

    assert settled(system, "carl", before + 1)[before:] == ["finished"]

    assert system.attempts("carl")[before]["status"] == "delivered"
    assert copies(system, "carl", "No callbacks") == 1


def test_callbacks_that_come_five_times_and_last_first_change_nothing_but_the_log(system):
    """F31"""
    before = len(system.attempts("dora"))
    system.faults(messages={"duplicate_callbacks": 4, "reverse_callbacks": True})
    system.raise_for("dora", "Callbacks in disorder")

    assert settled(system, "dora", before + 1)[before:] == ["finished"]

    attempt = system.attempts("dora")[before]
    assert attempt["status"] == "delivered"
    kept = "SELECT status FROM paging_callback WHERE attempt_id = %s ORDER BY status"
    until(lambda: len(system.rows(kept, attempt["id"])) == 2, "both callbacks, each kept once")
    assert [row["status"] for row in system.rows(kept, attempt["id"])] == ["delivered", "sent"]
    assert copies(system, "dora", "Callbacks in disorder") == 1


def test_a_callback_that_comes_before_the_answer_to_our_request_binds_the_text(system):
    """F32"""
    before = len(system.attempts("finn"))
    system.faults(messages={"callbacks_first": True})
    system.raise_for("finn", "Callback first")

    assert settled(system, "finn", before + 1)[before:] == ["finished"]

    attempt = system.attempts("finn")[before]
    assert (attempt["status"], copies(system, "finn", "Callback first")) == ("delivered", 1)
    log = (system.place / "logs" / "web.log").read_text()
    assert f'/hooks/twilio/sms/{attempt["id"]}/ HTTP/1.1" 404' not in log


def test_pages_end_and_people_may_answer_in_the_portal_while_the_provider_cannot_reach_us(system, wires):
    """F34: our public address is cut off for the provider; texts go out, and what became of them is asked."""
    _, back = wires
    before = len(system.attempts("bea"))
    with back.faulty("refuse"):
        system.raise_for("bea", "They cannot reach us")
        assert settled(system, "bea", before + 1)[before:] == ["finished"]
    assert system.attempts("bea")[before]["status"] == "delivered"
    assert copies(system, "bea", "They cannot reach us") == 1


def test_a_call_that_cannot_reach_us_leads_to_no_answer_and_the_alarm_goes_on(system, wires):
    """F34: who picks up hears nothing of ours; that is no answer, and the alarm stays with the policy."""
    _, back = wires
    before = len(system.attempts("emil"))
    with back.faulty("refuse"):
        alarm = system.raise_for("emil", "Call cannot reach us")
        [call] = until(lambda: system.calls("emil"), "a call")
        until(lambda: system.calls("emil")[0]["state"] == "ringing", "it rings")
        system.press(call, "4")
        assert settled(system, "emil", before + 1)[before:] == ["finished"]
    assert system.get(f"/alarms/{alarm}/")["state"] == "firing"


@pytest.mark.parametrize("fault", ["drop", "half-open", "reset", "refuse"])
def test_a_wire_to_the_provider_that_breaks_delays_a_page_and_neither_loses_nor_doubles_it(system, wires, fault):
    """F27, F26: whatever the wire swallowed, the page gets through once it is whole: the text, or a call after it."""
    there, _ = wires
    calls = len(system.calls("carl"))
    words = f"The wire does this: {fault}"
    before = len(system.attempts("carl"))
    with there.faulty(fault):
        system.raise_for("carl", words)
        until(lambda: len(system.attempts("carl")) > before, "an attempt")
        system.wait_for_cycles("pulse", 3)

    settled(system, "carl", before + 1)
    if not reached(system, "carl", words, calls):
        system.travel(timedelta(minutes=3))  # to his second call, whatever became of the first
    until(lambda: reached(system, "carl", words, calls), "the text, or a call after it")

    assert copies(system, "carl", words) <= 1


def test_a_slow_wire_to_the_provider_changes_nothing(system, wires):
    there, _ = wires
    before = len(system.attempts("dora"))
    with there.faulty("slow", delay_s=0.5):
        system.raise_for("dora", "Slow wire")
        assert settled(system, "dora", before + 1)[before:] == ["finished"]
    assert copies(system, "dora", "Slow wire") == 1
