"""Nothing is open to a stranger but what is listed here, and each of these says nothing or asks for its own proof."""

import pytest
from django.conf import settings
from django.urls import resolve, reverse
from rest_framework.permissions import IsAuthenticated

from tests.api.addresses import addresses

OPEN_PAGES = {
    "healthz", "readyz", "metrics",  # for watchers; they name nobody
    "schema",
    "reviews_published", "review_published", "api_reviews_published",  # what somebody published, without names
    "status", "api_status",  # the public status page: only what was published
    "login", "password_reset", "password_reset_done", "password_reset_confirm", "password_reset_complete",
}  # fmt: skip
PROVED_BY_SIGNATURE = {
    "twilio_sms_status", "twilio_call_status", "twilio_voice_start", "twilio_voice_key", "twilio_sms_inbound",
    "twilio_notice_start", "twilio_debugger",
    "slack_answers", "slack_events",
    "twilio_voice_inbound", "twilio_summit_choice", "twilio_summit_pin", "twilio_summit_confirm",
}  # fmt: skip
PROVED_BY_TOKEN = {
    "hook", "", "feed", "answer_by_link", "push_receipt", "beat", "beat_fails",
}  # fmt: skip  # with and without its last slash
ALL = list(addresses())
CLOSED = [one for one in ALL if one.name not in OPEN_PAGES]
by_address = pytest.mark.parametrize("address", ALL, ids=[one.template for one in ALL])


def asks_for_no_sign_in(view) -> bool:
    """True where the middleware lets strangers through and no permission of the API stops them."""
    if getattr(view, "cls", None) is not None:
        return IsAuthenticated not in view.cls.permission_classes
    return not getattr(view, "login_required", True)


def test_only_the_listed_addresses_ask_for_no_sign_in():
    assert {one.name for one in ALL if asks_for_no_sign_in(one.view)} == (
        OPEN_PAGES | PROVED_BY_SIGNATURE | PROVED_BY_TOKEN
    )


@by_address
def test_the_walk_finds_the_address_that_it_names(address):
    assert resolve(address.path).func is address.view


@pytest.mark.parametrize("address", CLOSED, ids=[one.template for one in CLOSED])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_gets_nothing(client, db, address, method):
    response = getattr(client, method)(address.path)

    assert response.status_code in {302, 401, 403, 404, 405}
    if response.status_code == 302:
        assert response.headers["Location"].startswith(reverse(settings.LOGIN_URL))


@pytest.mark.parametrize("name", sorted(PROVED_BY_SIGNATURE))
def test_the_telephone_company_must_sign(client, db, name):
    address = next(one for one in ALL if one.name == name)

    response = client.post(address.path, {"AccountSid": settings.TWILIO_ACCOUNT_SID, "MessageStatus": "delivered"})

    assert response.status_code == 403


def test_a_source_must_know_its_secret(client, db):
    response = client.post("/hooks/something/", {"title": "x"}, content_type="application/json")

    assert response.status_code == 404
    assert response.json() == {"detail": ["No source has this address. See Sources for the right one."]}
