"""The provider tells us what went wrong between it and us: signed, and a trouble where a human must mend something."""

import json

import pytest
from twilio.request_validator import RequestValidator

from oncall.troubles.models import Trouble

pytestmark = pytest.mark.django_db
BASE, ACCOUNT, TOKEN = "https://oncall.example.org", "AC" + "1" * 32, "token"
PATH = "/hooks/twilio/debugger/"


@pytest.fixture(autouse=True)
def _account(settings):
    settings.PUBLIC_BASE_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKENS = BASE, ACCOUNT, [TOKEN]


def post(client, payload, *, token=TOKEN):
    fields = {"AccountSid": ACCOUNT, "Level": "ERROR", "PayloadType": "application/json", "Payload": payload}
    signature = RequestValidator(token).compute_signature(BASE + PATH, fields)
    return client.post(PATH, fields, headers={"X-Twilio-Signature": signature}).status_code


@pytest.mark.parametrize("code", [11200, 11205, 12100, 12300])
def test_a_provider_that_cannot_reach_or_read_us_is_a_trouble(client, code):
    """F34."""
    assert post(client, json.dumps({"error_code": code, "more_info": {"msg": "Got HTTP 502"}})) == 204

    text = Trouble.objects.get(kind="provider", key=f"twilio:{code}").text
    assert "cannot reach us or cannot read our answer (Got HTTP 502)" in text


@pytest.mark.parametrize("payload", ["", "[]", "not json", '{"error_code": null}', '{"error_code": 81000}'])
def test_what_is_no_trouble_of_ours_or_makes_no_sense_is_left_in_the_log(client, payload):
    assert post(client, payload) == 204
    assert not Trouble.objects.exists()


def test_without_the_right_signature_nothing_is_heard(client):
    """F33."""
    assert post(client, json.dumps({"error_code": 11200}), token="wrong") == 403
    assert not Trouble.objects.exists()
