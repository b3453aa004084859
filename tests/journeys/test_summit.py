"""From the summit without a screen: a call or a text with the PIN, and triage's telephone rings."""

import re

import pytest
import requests

from tests.journeys.cast import PASSWORD
from tests.system import until

ROOM, PIN = "+56512205200", "918273"
TITLE = "Images are taken, no alerts go out"


@pytest.fixture(scope="module")
def room(system):
    """The control room's telephone, as an administrator enters it on its screen."""
    browser = requests.Session()

    def submit(path, **fields):
        page = browser.get(system.url + path, timeout=30)
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
        answer = browser.post(system.url + path, {**fields, "csrfmiddlewaretoken": token}, timeout=30)
        assert answer.status_code == 200, answer.text

    submit("/accounts/login/", username="admin", password=PASSWORD)
    submit("/summit-lines/new/", name="Control room", number=ROOM, severity="2", is_enabled="on", pin=PIN)
    return ROOM


@pytest.fixture(autouse=True)
def _all_quiet(system):
    """Whatever an earlier test raised is over: it would take a new alarm into its page."""
    for alarm in system.get("/alarms/", state="open")["results"]:
        system.post(f"/alarms/{alarm['id']}/resolve/", by="admin")


def alarms(system):
    return system.get("/alarms/", state="open")["results"]


def test_a_call_from_the_summit_pages_triage(system, room):
    before = len(system.texts("ada"))
    call = system._phones("POST", "/api/calls/", {"from": room})
    assert "Press 1: images are taken and no alerts go out." in call["said"]

    assert f"Type your PIN of {len(PIN)} digits." in system.press(call, "1")
    assert f"You raise an alarm: {TITLE}." in system.press(call, PIN)
    said = system.press(call, "1")

    assert f"Raised. {TITLE}.\nCalling now: Ada Moreno.\nKeep observing. Good bye." in said
    (alarm,) = alarms(system)
    assert (alarm["title"], alarm["severity"], alarm["source"]) == (TITLE, 2, "Control room")
    until(lambda: any(f"SEV2 {TITLE}" in text for text in system.texts("ada")[before:]), "the page of triage")


def test_a_text_from_the_summit_pages_triage_and_is_answered(system, room):
    before = len(system.texts("ada"))

    system._phones("POST", "/api/messages/", {"from": room, "body": f"{PIN} The dome is stuck"})

    until(lambda: any("SEV2 The dome is stuck" in text for text in system.texts("ada")[before:]), "the page")
    replies = until(
        lambda: system._phones("GET", f"/api/messages/?to={room.replace('+', '%2B')}")["results"], "the reply"
    )
    assert replies[0]["body"].startswith("Raised SEV-2 The dome is stuck. Calling now: Ada Moreno. Alarm ")
    kept = system.rows("SELECT body FROM paging_inboundsms WHERE sender = %s", room)
    assert [row["body"] for row in kept] == ["•••••• The dome is stuck"]


def test_a_wrong_pin_calls_nobody(system, room):
    call = system._phones("POST", "/api/calls/", {"from": room})
    system.press(call, "1")

    assert "That PIN is wrong." in system.press(call, "555123")
    assert alarms(system) == []


def test_a_stranger_hears_nothing_of_use(system, room):
    call = system._phones("POST", "/api/calls/", {"from": "+19995550199"})

    assert call["said"] == "This number calls people on duty. Nobody answers here.\nGood bye."
    assert alarms(system) == []
