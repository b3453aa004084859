"""Both sides of the wire keep to the provider's published description: what our client asks, what the simulator says.

The description is not ours to copy: TWILIO_OPENAPI names the file (twilio_api_v2010.json of Twilio's `twilio-oai`).
"""

import json
import os
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from oncall.paging import twilio
from oncall.paging.channels import Order, Verdict
from tests.oncall.simulator import conftest as simulators
from tests.oncall.simulator.contract import Contract, Proxy

DOCUMENT = os.environ.get("TWILIO_OPENAPI", "")
pytestmark = pytest.mark.skipif(
    not DOCUMENT, reason="Twilio's OpenAPI document is not here; let TWILIO_OPENAPI name twilio_api_v2010.json"
)
INBOUND = {"receiving", "received"}  # states of what people text us, which is no attempt of ours
OTHER_KINDS = {"partially_delivered"}  # of messages to groups
CALLED_BACK = {"initiated"}  # said in callbacks of calls alone
SID = "SM" + "0" * 32


@pytest.fixture(scope="session")
def contract():
    return Contract(Path(DOCUMENT))


@pytest.fixture
def proxy(contract, simulator):
    proxy = Proxy(contract, simulator.base)
    yield proxy
    proxy.close()


@pytest.fixture
def ours(proxy, settings):
    """Our own channels, set up as in the demo, with the proxy between."""
    settings.TWILIO_API_BASE = proxy.base
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS = simulators.ACCOUNT, [simulators.TOKEN]
    settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = simulators.KEY, simulators.SECRET
    settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = simulators.NUMBER, ""
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    return settings


def order(number, channel):
    return Order(
        attempt_id=uuid.UUID("7d7ee81d-2d2c-4c4a-9c5b-1b8f5a5f2d10"),
        channel=channel,
        address=number,
        subject="",
        body="oncall KZQT SEV2 Dome shutter. Reply KZQT A=ack E=escalate R=resolve",
        reference="KZQT",
        answer_path="/hooks/twilio/voice/",
        started_at=datetime.now(UTC),
        valid_for=timedelta(minutes=5),
        ring_for=timedelta(seconds=25),
        talk_for=timedelta(minutes=3),
    )


@pytest.mark.parametrize("service", ["", "MG" + "c" * 32])
def test_a_text_is_sent_looked_for_and_asked_about_as_the_document_says(ours, proxy, number, service):
    ours.TWILIO_MESSAGING_SERVICE_SID = service
    way = twilio.Sms()

    sent = way.send(order(number, "sms"))
    found = way.find(order(number, "sms"))
    way.poll(sent.sid)

    assert proxy.faults == []
    assert sent.verdict is Verdict.ACCEPTED
    assert found.sid == sent.sid
    assert [method for method, _, _ in proxy.asked] == ["POST", "GET", "GET"]


def test_a_call_is_made_looked_for_and_asked_about_as_the_document_says(ours, proxy, number):
    ours.TWILIO_FALLBACK_URL = "https://elsewhere.example.org/fallback.xml"
    way = twilio.Voice()

    made = way.send(order(number, "voice"))
    found = way.find(order(number, "voice"))
    way.poll(made.sid)

    assert proxy.faults == []
    assert made.verdict is Verdict.ACCEPTED
    assert found.sid == made.sid
    assert proxy.asked[0][2].count("StatusCallbackEvent=") == 4  # repeated, as lists are


@pytest.mark.parametrize("mode", ["answer", "busy", "off"])
def test_the_simulator_tells_of_a_text_and_a_call_as_the_document_says_whatever_becomes_of_them(
    proxy, simulator, number, mode
):
    simulator.phone(number, mode)
    client = simulator.client()
    client.api.base_url = proxy.base
    text = client.messages.create(to=number, from_=simulators.NUMBER, body="page", validity_period=10)
    call = client.calls.create(to=number, from_=simulators.NUMBER, twiml="<Response><Say>Hi</Say></Response>")
    if mode == "answer":
        simulator.api("POST", f"calls/{simulator.ringing(number)}/answer/", {"digits": "4"})

    simulator.until(lambda: client.messages(text.sid).fetch().status in {"delivered", "undelivered"})
    simulator.until(lambda: client.calls(call.sid).fetch().status in {"completed", "busy", "no-answer"})
    client.messages.list(to=number, date_sent_after=datetime(2026, 1, 1, tzinfo=UTC), page_size=1)
    client.calls.list(to=number, page_size=1)
    client.calls(call.sid).events.list()

    assert proxy.faults == []


def test_a_call_is_ended_as_the_document_says(proxy, simulator, number):
    client = simulator.client()
    client.api.base_url = proxy.base
    call = client.calls.create(to=number, from_=simulators.NUMBER, twiml="<Response><Pause length='60'/></Response>")
    simulator.ringing(number)

    assert client.calls(call.sid).update(status="canceled").status == "canceled"

    assert proxy.faults == []


def test_the_states_of_a_text_that_we_know_are_those_of_the_document(contract):
    assert set(twilio.MESSAGE_RANK) | INBOUND | OTHER_KINDS == contract.states("message_enum_status")


def test_the_states_of_a_call_that_we_know_are_those_of_the_document(contract):
    assert set(twilio.CALL_RANK) - CALLED_BACK == contract.states("call_enum_status")
    assert contract.states("call_enum_event") >= CALLED_BACK


TEXT = {"To": "+14155550101", "From": simulators.NUMBER, "Body": "page"}
CALL = {"To": "+14155550101", "From": simulators.NUMBER, "Url": "https://oncall.example.org/"}
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown field": ("Messages", TEXT | {"Bodi": "page"}, "Bodi is not a field"),
    "missing": ("Messages", {"Body": "page"}, "'To' is a required property"),
    "no such choice": ("Messages", TEXT | {"RiskCheck": "maybe"}, "RiskCheck: 'maybe' is not one of"),
    "no number": ("Messages", TEXT | {"ValidityPeriod": "soon"}, "ValidityPeriod: 'soon' is not of type 'integer'"),
    "bad id": ("Messages", TEXT | {"MessagingServiceSid": "MG1"}, "MessagingServiceSid: 'MG1' "),
    "twice": ("Messages", TEXT | {"Body": ["a", "b"]}, "Body is given 2 times, and is no list"),
    "no address": ("Calls", CALL | {"Url": "not an address"}, "Url: 'not an address' is not a 'uri'"),
    "no such method": ("Calls", CALL | {"Method": "PUT"}, "Method: 'PUT' is not one of"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_request_that_the_document_forbids_is_noticed(proxy, case):
    what, form, words = WRONG[case]
    path = f"/2010-04-01/Accounts/{simulators.ACCOUNT}/{what}.json"
    requests.post(proxy.base + path, data=form, auth=(simulators.KEY, simulators.SECRET), timeout=10)
    assert any(words in fault for fault in proxy.faults), proxy.faults


def test_a_request_without_credentials_is_noticed(proxy):
    requests.get(f"{proxy.base}/2010-04-01/Accounts/{simulators.ACCOUNT}/Messages.json", timeout=10)
    assert any("Basic authentication is missing" in fault for fault in proxy.faults)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "on its way"}, "status: 'on its way' is not one of"),
        ({"sid": "SM1"}, "sid: 'SM1'"),
        ({"date_created": "yesterday"}, "date_created: 'yesterday' is not a 'date-time-rfc-2822'"),
        ({"invented": 1}, "'invented' was unexpected"),
        ({"body": 7}, "body: 7 is not of type 'string'"),
    ],
)
def test_an_answer_that_the_document_forbids_is_noticed(contract, simulator, twilio_text, changes, words):
    path = f"/2010-04-01/Accounts/{simulators.ACCOUNT}/Messages/{SID}.json"
    assert list(contract.answer_faults("GET", path, 200, json.dumps(twilio_text))) == []

    faults = list(contract.answer_faults("GET", path, 200, json.dumps(twilio_text | changes)))

    assert any(words in fault for fault in faults), faults


@pytest.fixture
def twilio_text(simulator, number):
    """One message as the simulator answers with it."""
    sid = simulator.client().messages.create(to=number, from_=simulators.NUMBER, body="page").sid
    auth = (simulators.KEY, simulators.SECRET)
    return requests.get(simulator.rest(f"Messages/{sid}.json"), auth=auth, timeout=10).json()
