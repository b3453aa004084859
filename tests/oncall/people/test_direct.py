"""What takes the short way meets the same guards and the same view as on the usual one."""

import pytest
from django.conf import settings
from django.db import OperationalError
from django.http import HttpResponse
from django.urls import resolve
from django.utils.module_loading import import_string

from oncall.people.direct import Direct, is_of_a_program
from oncall.people.middleware import POLICY

SECRET = "a" * 32
ATTEMPT = "12345678-1234-1234-1234-123456789abc"
ADDRESSES = [
    f"/hooks/{SECRET}/", f"/hooks/{SECRET}", f"/hooks/twilio/sms/{ATTEMPT}/", f"/hooks/twilio/call/{ATTEMPT}/",
    "/api/v1/visits/", "/api/v1/deliveries/",
]  # fmt: skip


@pytest.mark.parametrize("path", ADDRESSES)
def test_the_view_is_the_one_that_the_usual_way_ends_in(path):
    found = Direct(lambda request: HttpResponse()).find(path)

    assert found is not None
    usual = resolve(path)
    assert found == (usual.func, usual.kwargs)


@pytest.mark.parametrize("view", settings.DIRECT.values())
def test_each_of_them_asks_for_its_own_proof_and_not_for_a_sign_in(view):
    assert import_string(view).login_required is False


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/slack/",
        "/hooks/twilio/voice/inbound/",
        f"/alarms/{ATTEMPT}/",
        "/hooks/",
        "/api/v1/visits/7/",
        "/api/v1/",
    ],
)
def test_other_addresses_take_the_usual_way(path):
    assert Direct(lambda request: HttpResponse()).find(path) is None


@pytest.mark.parametrize(
    ("method", "header", "is_short"),
    [
        ("POST", "Token oc_x", True),
        ("POST", "token oc_x", True),
        ("POST", "Basic oc_x", False),
        ("POST", "Tokenoc_x", False),
        ("POST", "", False),  # a session, which has a form's proof to show
        ("GET", "Token oc_x", False),
    ],
)
def test_of_the_api_only_what_is_posted_with_a_token_takes_the_short_way(rf, method, header, is_short):
    request = rf.generic(method, "/api/v1/visits/", headers={"authorization": header})

    assert is_of_a_program(request) is is_short


def test_it_has_the_headers_of_every_answer(client, db):
    answer = client.post(f"/hooks/{SECRET}/", {}, content_type="application/json")

    assert answer.status_code == 404
    assert answer["Content-Security-Policy"] == POLICY
    assert (answer["X-Content-Type-Options"], answer["X-Frame-Options"]) == ("nosniff", "DENY")
    assert answer["Cache-Control"] == "no-store"


def test_a_host_that_is_not_ours_is_refused(client, db):
    assert client.post(f"/hooks/{SECRET}/", headers={"host": "example.org"}).status_code == 400


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(client, monkeypatch):
    def away(token):
        raise OperationalError("gone")

    monkeypatch.setattr("incidents.signals.ordinary.arrival", away)

    answer = client.post(f"/hooks/{SECRET}/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_what_is_not_signed_is_refused_on_the_short_way_too(client, db):
    assert client.post(f"/hooks/twilio/sms/{ATTEMPT}/", {"MessageStatus": "delivered"}).status_code == 403
