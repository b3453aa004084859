"""Requests that no schema forbids and no honest program sends: answered with 400, never a 500."""

import json
from base64 import b64encode

import pytest

from incidents.alarms import services as alarms
from incidents.command import services as command
from incidents.reviews import services as reviews
from oncall import clock
from oncall.people import services as people
from tests.conftest import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def headers() -> dict[str, str]:
    admin = make_person("Root Admin", is_superuser=True)
    return {"Authorization": f"Token {people.create_token(person=admin, name='odd', now=clock.now())[1]}"}


@pytest.mark.parametrize(
    "query",
    [
        "severity=NaN",
        "severity=Infinity",
        "severity=1e400",
        "severity=2.5",
        "since=0001-01-01T00:00:00%2B14:00",
        "since=9999-12-31T23:59:59-14:00",
        "since=yesterday",
        "product=%00",
        "product=%ed%a0%80",
        "state=%00",
        "cursor=" + b64encode(b"p=\x00").decode(),
        "cursor=" + b64encode(b"p=9999-12-31T23:59:59-14:00").decode(),
        "cursor=" + b64encode(b"o=99999999999999999999").decode(),
        "cursor=%f0%9f%94%ad",
    ],
)
def test_an_odd_question_about_alarms_is_refused_or_answered(client, headers, query):
    response = client.get(f"/api/v1/alarms/?{query}", headers=headers)

    assert response.status_code in {200, 400, 404}


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "\\ud800"}',
        b'{"title": "x", "labels": {"\\ud800": "y"}}',
        b'{"title": "x", "labels": {"y": "\\ud800"}}',
        b'{"title": "x", "labels": {"\\u0000": "y"}}',
        b'{"title": "x", "severity": 1e400}',
        b'{"title": "x", "severity": NaN}',
        b'{"title": "x", "policy": {"a": 1}}',
        b'{"title": "x", "policy": "\\u0000"}',
        b'{"title": "x", "key": "\\u0000"}',
        b"[]",
        b"null",
        b"7",
        b"\xff",
        b"[" * 100_000,
        json.dumps({"title": "x", "status": "resolved", "key": "unknown"}).encode(),
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_an_odd_alarm_is_refused(client, headers, body):
    response = client.post("/api/v1/alarms/", body, content_type="application/json", headers=headers)

    assert response.status_code == 400
    assert all(isinstance(texts, list | dict) for texts in response.json().values())


@pytest.mark.parametrize("person", ["", "x", None, 7, [], {}, "\x00", "6f6e6361-6c6c-4000-8000-706167657321"])
def test_an_odd_person_is_refused(client, headers, ada, policy, now, person):
    alarm = alarms.raise_by_hand(title="Dome drive stalls", severity=2, by=ada, policy=policy, now=now)

    response = client.post(
        f"/api/v1/alarms/{alarm.pk}/reassign/", {"person": person}, content_type="application/json", headers=headers
    )

    assert response.status_code == 400
    assert list(response.json()) == ["person"]


@pytest.mark.parametrize(
    "header", ["Token", "Token a b", "Token \xff", "Token oc_unknown", "Bearer x", "Token " + "x" * 10_000]
)
def test_an_odd_token_opens_nothing(client, header):
    response = client.get("/api/v1/alarms/", headers={"Authorization": header})

    assert response.status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("incidents/1/move/", {"move": "\ud800"}, "move"),
        ("incidents/1/roles/", {"role": "\ud800"}, "role"),
        ("incidents/1/entries/", {"kind": "\ud800", "text": "x"}, "kind"),
        ("incidents/1/updates/", {"subject": "s", "text": "t", "stage": "\ud800"}, "stage"),
        ("incidents/1/updates/", {"subject": "s", "text": "t", "template": "\x00"}, "detail"),
        ("incidents/1/updates/preview/", {"subject": "s", "text": "t", "template": "\ud800"}, "template"),
    ],
)
def test_a_word_that_cannot_be_written_is_refused(client, headers, ada, now, path, body, field):
    command.declare(title="x", severity=2, by=ada, now=now)

    response = client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)

    assert (response.status_code, list(response.json())) == (400, [field])


def test_a_team_that_cannot_be_written_is_refused(client, headers, ada, now):
    incident = command.move(
        incident=command.declare(title="x", severity=2, by=ada, now=now), move="resolve", by=ada, now=now
    )
    reviews.draft(incident=incident, by=ada, now=now)
    body = {"title": "x", "kind": "technical", "due_on": "2027-04-01", "team": "\x00"}

    response = client.post(
        f"/api/v1/incidents/{incident.number}/review/actions/", body, content_type="application/json", headers=headers
    )

    assert (response.status_code, list(response.json())) == (400, ["team"])
