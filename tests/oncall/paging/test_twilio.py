"""The adapter with Twilio's real client, over HTTP, against the telephone company's stand-in: what each answer
means.
"""

import json
import os
import socket
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from twilio.http.http_client import TwilioHttpClient

from oncall.paging import twilio
from oncall.paging.accounts import OFFICIAL
from oncall.paging.channels import LookupFailed, Order, Verdict
from tests.oncall.paging.test_wire import server, works
from tests.oncall.simulator import conftest as stand_in
from tests.oncall.simulator.conftest import ACCOUNT, KEY, NUMBER, SECRET

reception, running, simulator, number = stand_in.reception, stand_in.running, stand_in.simulator, stand_in.number


@pytest.fixture(autouse=True)
def _account(settings, simulator):
    settings.TWILIO_API_BASE = simulator.base
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_API_KEY, settings.TWILIO_API_SECRET = ACCOUNT, KEY, SECRET
    settings.TWILIO_FROM, settings.TWILIO_MESSAGING_SERVICE_SID = NUMBER, ""
    settings.TWILIO_API_BASE_OTHER = settings.TWILIO_FALLBACK_URL = settings.TWILIO_SECOND_ACCOUNT_SID = ""
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"  # nobody is there: callbacks are not what these tests are about
    twilio._local.__dict__.clear()
    yield
    twilio._local.__dict__.clear()


@pytest.fixture
def order(number) -> Order:
    return Order(
        attempt_id=uuid.uuid4(),
        channel="sms",
        address=number,
        subject="",
        body=f"oncall KZQT SEV1 Fault {uuid.uuid4().hex[:6]}",
        reference="KZQT",
        answer_path="/hooks/twilio/voice/",
        started_at=datetime.now(UTC),  # noqa: TID251 -- the stand-in lives by the machine's clock
        valid_for=timedelta(seconds=300),
        ring_for=timedelta(seconds=25),
        talk_for=timedelta(seconds=180),
    )


def test_an_accepted_text_has_a_sid_and_is_found_again_by_its_words(order):
    outcome = twilio.Sms().send(order)

    assert outcome.verdict is Verdict.ACCEPTED
    assert outcome.sid.startswith("SM")
    found = twilio.Sms().find(order)
    assert found is not None
    assert found.sid == outcome.sid
    assert twilio.Sms().poll(outcome.sid).sid == outcome.sid


def test_a_text_that_was_never_sent_is_not_found(order):
    assert twilio.Sms().find(order) is None


def test_a_text_that_a_restored_database_has_forgotten_is_found_by_its_code(order):
    """F15: the code is derived from the page, so it is the same again; the words may have changed."""
    outcome = twilio.Sms().send(order)

    found = twilio.Sms().find(replace(order, attempt_id=uuid.uuid4(), body="oncall KZQT SEV1 and one more"))
    assert found is not None
    assert found.sid == outcome.sid
    assert twilio.Sms().find(replace(order, reference="QQQQ", body="something else")) is None


def test_a_text_that_another_attempt_has_is_not_taken_for_this_one(order):
    first = twilio.Sms().send(order)
    second = twilio.Sms().send(order)

    found = twilio.Sms().find(replace(order, others=frozenset([second.sid])))
    assert found is not None
    assert found.sid == first.sid
    assert twilio.Sms().find(replace(order, others=frozenset([first.sid, second.sid]))) is None


def test_an_account_that_settings_have_no_more_refuses_and_does_not_break(order):
    outcome = twilio.Sms("second").send(order)

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "settings")
    with pytest.raises(LookupFailed):
        twilio.Sms("second").find(order)


def form(heard):
    """The fields of a request as it was sent, each with all its values."""
    return parse_qs(heard.split(b"\r\n\r\n", 1)[1].decode(), keep_blank_values=True)


def test_a_text_is_asked_for_with_every_parameter_that_a_page_needs(order, settings):
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    with server(works) as (base, heard):
        settings.TWILIO_API_BASE = base
        twilio.Sms().send(replace(order, valid_for=timedelta(seconds=60)))

    assert form(heard[0]) == {
        "To": [order.address],
        "From": [NUMBER],
        "Body": [order.body],
        "ValidityPeriod": ["60"],
        "RiskCheck": ["disable"],
        "SmartEncoded": ["true"],
        "StatusCallback": [
            f"https://oncall.example.org/hooks/twilio/sms/{order.attempt_id}/#rc=3&rp=all&ct=2000&rt=5000"
        ],
    }


def test_texts_go_by_the_messaging_service_where_there_is_one(order, settings):
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG" + "1" * 32
    with server(works) as (base, heard):
        settings.TWILIO_API_BASE = base
        twilio.Sms().send(order)

    assert form(heard[0])["MessagingServiceSid"] == ["MG" + "1" * 32]
    assert "From" not in form(heard[0])


def test_a_call_is_asked_for_with_every_parameter_that_a_page_needs(order, settings):
    settings.PUBLIC_BASE_URL = "https://oncall.example.org"
    settings.TWILIO_FALLBACK_URL = "https://fixed.example.net/there-is-an-alarm.xml"
    with server(works) as (base, heard):
        settings.TWILIO_API_BASE = base
        twilio.Voice().send(order)

    assert form(heard[0]) == {
        "To": [order.address],
        "From": [NUMBER],
        "Url": [f"https://oncall.example.org/hooks/twilio/voice/{order.attempt_id}/start/"],
        "Method": ["POST"],
        "FallbackUrl": ["https://fixed.example.net/there-is-an-alarm.xml"],
        "FallbackMethod": ["GET"],
        "StatusCallback": [
            f"https://oncall.example.org/hooks/twilio/call/{order.attempt_id}/#rc=3&rp=all&ct=2000&rt=5000"
        ],
        "StatusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
        "Timeout": ["25"],
        "TimeLimit": ["180"],
    }


def test_without_callbacks_none_are_asked_for(order, settings):
    """21609."""
    with server(works) as (base, heard):
        settings.TWILIO_API_BASE = base
        twilio.Sms().send(replace(order, callbacks=False))
        twilio.Voice().send(replace(order, callbacks=False))

    assert not {"StatusCallback", "StatusCallbackEvent", "FallbackUrl"} & {name for one in heard for name in form(one)}


def test_an_accepted_call_is_found_again_by_our_attempt_in_its_address(order):
    outcome = twilio.Voice().send(order)

    assert outcome.sid.startswith("CA")
    found = twilio.Voice().find(order)
    assert found is not None
    assert found.sid == outcome.sid


def test_a_call_that_has_asked_nothing_yet_is_ours_only_if_nobody_else_is_calling(order, monkeypatch):
    calls = [SimpleNamespace(sid="CA1", date_created=order.started_at, start_time=None, status="queued")]
    answers = iter([calls, [], calls, []])  # the number's calls, then what the call has asked
    monkeypatch.setattr(twilio, "ask", lambda account, question: next(answers))

    found = twilio.Voice().find(order)
    assert found is not None
    assert found.sid == "CA1"
    with pytest.raises(LookupFailed, match="Another call to this number is being made"):
        twilio.Voice().find(replace(order, alone=False))


@pytest.mark.parametrize("mode", ["accept_then_status", "accept_then_drop"])
@pytest.mark.parametrize(("way", "kind"), [(twilio.Sms, "messages"), (twilio.Voice, "calls")])
def test_an_answer_that_is_lost_is_unknown_and_the_lookup_finds_it(simulator, order, mode, way, kind):
    simulator.faults(**{kind: {"mode": mode, "status": 500}})
    outcome = way().send(order)
    simulator.faults()

    assert outcome.verdict is Verdict.UNKNOWN
    assert way().find(order) is not None


def test_an_answer_that_does_not_come_in_time_is_unknown(simulator, order, monkeypatch):
    monkeypatch.setattr(twilio, "TIMEOUT_S", 0.3)
    simulator.faults(messages={"mode": "hang"})
    outcome = twilio.Sms().send(order)
    simulator.faults()

    assert outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_every_5xx_is_unknown(simulator, order, status):
    simulator.faults(messages={"mode": "status", "status": status, "code": 20500})

    assert twilio.Sms().send(order).verdict is Verdict.UNKNOWN


def test_told_to_slow_down_we_wait_as_long_as_we_are_told(simulator, order):
    simulator.faults(messages={"mode": "status", "status": 429, "code": 20429, "retry_after_s": 4})
    outcome = twilio.Sms().send(order)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.REFUSED, timedelta(seconds=4))


def test_nobody_listening_is_surely_not_accepted_and_tried_again(order, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        settings.TWILIO_API_BASE = f"http://127.0.0.1:{taken.getsockname()[1]}"
        twilio._local.__dict__.clear()
        outcome = twilio.Sms().send(order)

    assert (outcome.verdict, outcome.code) == (Verdict.REFUSED, "connection")
    assert outcome.retry_after == timedelta(seconds=1)


def test_a_wrong_secret_is_our_fault_not_the_number_s(order, settings):
    settings.TWILIO_API_SECRET = "wrong"
    outcome = twilio.Sms().send(order)

    assert outcome.verdict is Verdict.REFUSED
    assert outcome.misconfigured
    assert not outcome.dead_address


def test_without_credentials_nothing_is_sent_and_that_is_said(order, settings):
    settings.TWILIO_API_KEY = ""
    outcome = twilio.Sms().send(order)

    assert outcome.misconfigured
    assert "TWILIO_API_KEY" in outcome.text


CODES = {
    21211: "dead", 21610: "dead", 21614: "no texts", 21635: "no texts", 30006: "no texts",
    20003: "ours", 21606: "ours", 21212: "ours", 21408: "ours", 21215: "ours", 21609: "ours",
    21617: "other", 99999: "other",
}  # fmt: skip


@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_each_refusal_code_says_whose_fault_it_is(simulator, order, code, kind):
    simulator.faults(messages={"mode": "status", "status": 400, "code": code})
    outcome = twilio.Sms().send(order)

    assert outcome.verdict is Verdict.REFUSED
    assert outcome.code == str(code)
    assert bool(outcome.dead_address) == (kind == "dead")
    assert outcome.misconfigured == (kind == "ours")
    assert outcome.no_texts == (kind == "no texts")


def test_a_lookup_that_fails_says_so(simulator, order):
    simulator.faults(lookups={"mode": "status", "status": 503})

    with pytest.raises(LookupFailed):
        twilio.Sms().find(order)


def test_production_speaks_to_the_real_address_alone(order):
    with override_settings(PRODUCTION=True), pytest.raises(ImproperlyConfigured, match=r"api\.twilio\.com"):
        twilio.client()


@pytest.mark.parametrize(
    ("base", "official"),
    [
        ("https://api.twilio.com", True),
        ("https://api.dublin.ie1.twilio.com", True),
        ("http://api.twilio.com", False),
        ("https://api.twilio.com.evil.org", False),
        ("https://evil.org/api.twilio.com", False),
    ],
)
def test_only_names_of_twilio_are_official(base, official):
    assert bool(OFFICIAL.match(base)) == official


SPEC = os.environ.get("TWILIO_OPENAPI", "")


@pytest.mark.skipif(not SPEC, reason="TWILIO_OPENAPI names no copy of Twilio's OpenAPI document")
def test_what_we_send_and_the_states_we_know_are_in_twilio_s_own_document(simulator, order, monkeypatch):
    sent: dict[str, set[str]] = {}
    real = TwilioHttpClient.request

    def watch(self, method, url, params=None, data=None, **kwargs):
        if method.upper() == "POST":
            sent[url.rsplit("/", 1)[1]] = set(data)
        return real(self, method, url, params=params, data=data, **kwargs)

    monkeypatch.setattr(TwilioHttpClient, "request", watch)
    twilio.Sms().send(order)
    twilio.Voice().send(order)

    spec = json.loads(Path(SPEC).read_text())
    for name, fields in sent.items():
        operation = spec["paths"][f"/2010-04-01/Accounts/{{AccountSid}}/{name}"]["post"]
        form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
        assert fields <= set(form), name
    assert sent.keys() == {"Messages.json", "Calls.json"}
    schemas = spec["components"]["schemas"]
    assert set(schemas["message_enum_status"]["enum"]) - {"receiving", "received", "partially_delivered"} <= set(
        twilio.MESSAGE_RANK
    )
    assert set(schemas["call_enum_status"]["enum"]) <= set(twilio.CALL_RANK)
