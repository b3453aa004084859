"""Our signature, against the telephone company's own library."""

import pytest
from twilio.request_validator import RequestValidator

from oncall.simulator.signing import signature

TOKEN = "12345"
FIELDS = {"Digits": "1234", "To": "+18005551212", "From": "+14158675309", "Caller": "+14158675309", "CallSid": "CA1234"}


def test_the_published_example_is_signed_as_published():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    published = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    assert signature(token="12345", url=url, fields=published) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/hooks/twilio/sms/0b5a",
        "https://oncall.example.org/hooks/twilio/voice/0b5a/start?x=a%20b&y=%7E",
    ],
)
def test_the_librarys_validator_accepts_our_signature(url):
    assert RequestValidator(TOKEN).validate(url, FIELDS, signature(token=TOKEN, url=url, fields=FIELDS))


def test_an_empty_field_is_signed_by_its_name():
    url = "https://oncall.example.org/keys"
    fields = {"Digits": "", "CallSid": "CA1"}
    assert RequestValidator(TOKEN).validate(url, fields, signature(token=TOKEN, url=url, fields=fields))


def test_the_fragment_is_not_signed():
    with_it = signature(token=TOKEN, url="https://oncall.example.org/sms#rc=3&rp=all", fields=FIELDS)
    assert with_it == signature(token=TOKEN, url="https://oncall.example.org/sms", fields=FIELDS)


@pytest.mark.parametrize(
    ("token", "url", "fields"),
    [
        ("other", "https://oncall.example.org/sms", FIELDS),
        (TOKEN, "http://oncall.example.org/sms", FIELDS),
        (TOKEN, "https://oncall.example.org/sms", FIELDS | {"Digits": "1235"}),
    ],
)
def test_another_token_address_or_field_is_another_signature(token, url, fields):
    right = signature(token=TOKEN, url="https://oncall.example.org/sms", fields=FIELDS)
    assert signature(token=token, url=url, fields=fields) != right
