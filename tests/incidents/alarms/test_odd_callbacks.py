"""Signed by the telephone company, and still strange: never a 500."""

import uuid

import pytest
from twilio.request_validator import RequestValidator

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import claims
from oncall.paging.models import Attempt, InboundSms
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN, BASE = "AC" + "a" * 32, "the-token", "https://oncall.example.org"
INBOUND = {"MessageSid": "SM1", "From": "+14155550101", "Body": "thanks"}
STATUS = {"MessageSid": "SM1", "MessageStatus": "sent", "ErrorCode": "30005"}
CALL = {"CallSid": "CA1", "CallStatus": "ringing", "SequenceNumber": "1", "ErrorCode": "30005"}


@pytest.fixture
def post(client, settings, db):
    clock.travel(NOW - clock.now())
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS, settings.PUBLIC_BASE_URL = ACCOUNT, [TOKEN], BASE

    def send(path, fields):
        form = {"AccountSid": ACCOUNT} | fields
        signature = RequestValidator(TOKEN).compute_signature(BASE + path, form)
        return client.post(path, form, headers={"X-Twilio-Signature": signature})

    return send


@pytest.fixture
def attempt(policy) -> Attempt:
    """A text that is on its way to the provider."""
    firing = services.Firing(title="No alerts", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=NOW)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    ((claimed, _),) = claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    return claimed


@pytest.mark.parametrize("name", INBOUND)
def test_a_nul_in_a_text_to_us_is_left_out(post, ada, name):
    answer = post("/hooks/twilio/sms/inbound", INBOUND | {name: INBOUND[name] + "\x00"})

    assert answer.status_code == 200
    kept = InboundSms.objects.get()
    assert {"MessageSid": kept.sid, "From": kept.sender, "Body": kept.body} == INBOUND


@pytest.mark.parametrize(
    ("way", "form", "name"),
    [("sms", STATUS, name) for name in STATUS] + [("call", CALL, name) for name in CALL],
)
def test_a_nul_in_a_report_is_left_out(post, attempt, way, form, name):
    answer = post(f"/hooks/twilio/{way}/{attempt.pk}/", form | {name: form[name] + "\x00"})

    assert answer.status_code == 204
    attempt.refresh_from_db()
    assert attempt.sid == (form.get("MessageSid") or form.get("CallSid"))


@pytest.mark.parametrize("form", [STATUS, CALL])
def test_a_report_about_nothing_of_ours_is_taken_even_with_a_nul(post, form):
    way = "call" if "CallSid" in form else "sms"
    answer = post(f"/hooks/twilio/{way}/{uuid.UUID(int=1)}/", dict.fromkeys(form, "\x00"))

    assert answer.status_code == 204
