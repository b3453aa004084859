"""Beats as they come in over HTTP, in whatever words, and the screens of heartbeats."""

import json

import pytest

from incidents.alarms.models import Alarm
from incidents.signals import heartbeats_beats
from incidents.signals.heartbeats_models import Heartbeat
from oncall import clock
from tests.conftest import NOW
from tests.incidents.signals.beating import hear, make, open_titles, watch

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_now():
    """The clock stands at NOW, in which the pilot's term lies."""
    clock.travel(NOW - clock.now())


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_any_call_is_a_beat(client, method):
    secret = make()

    response = getattr(client, method)(f"/beats/{secret}/")

    assert response.status_code == 200
    assert Heartbeat.objects.get().last_beat_at is not None


def test_an_unknown_address_is_no_beat(client):
    assert client.post("/beats/nonsense/").status_code == 404


def test_a_closed_heartbeat_has_no_address(client):
    secret = make(is_enabled=False)

    assert client.get(f"/beats/{secret}/").status_code == 404


def test_fail_at_the_end_of_the_address_fails(client, policy):
    client.get(f"/beats/{make()}/fail/")

    assert open_titles() == ["monitor says that something fails"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"\xff\xfe", "body"),
        (b"[1]", "body"),
        (b'{"status": "perhaps"}', "status"),
        (b'{"status": {"a": 1}}', "status"),
        (b'{"dome_open": "yes"}', "dome_open"),
        (b'{"text": 7}', "text"),
        (b"x" * 70_000, "body"),
        (b"[" * 50_000, "body"),
        (b"x" * 1_200_000, "body"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_beat_counts(client, body, field):
    secret = make()

    response = client.post(f"/beats/{secret}/", body, content_type="application/json")

    assert response.status_code == 200
    assert list(response.json()["ignored"]) == [field]
    assert Heartbeat.objects.get().last_beat_at is not None


@pytest.mark.parametrize(
    "body",
    [
        b"status=fail", b"state=FAILED&text=x", b"fail", b"FAIL: disk full", b'"fail"', b'{"status": false}', b"false",
        b'{"status": "FAILURE!"}', b'{"state": "fail"}', b'[{"status": "ok"}, {"status": "fail"}]', b'["down"]',
    ],
)  # fmt: skip
def test_who_fails_may_say_so_otherwise(body):
    said, ignored = heartbeats_beats.read(body)

    assert (said.failing, ignored) == (True, {})


@pytest.mark.parametrize("body", [b"", b"ok", b'{"status": "OK"}', b"status=up", b'{"status": true}', b'{"text": "x"}'])
def test_who_is_well_may_say_so_otherwise(body):
    assert heartbeats_beats.read(body)[0].failing is False


@pytest.mark.parametrize(
    "body",
    [b'{"status": "warning"}', b'{"status": "degraded"}', b'{"status": 1}', b"backup done", b"[1]", None, b'{"a', b"7"],
)
def test_what_nobody_understands_is_said(body):
    said, ignored = heartbeats_beats.read(body)

    assert said.failing is None
    assert ignored


@pytest.mark.parametrize("failing", [True, False])
def test_what_nobody_understands_leaves_it_as_it_was(policy, failing):
    secret = make()
    hear(secret, failing=failing)

    hear(secret, 60, failing=None)

    assert Heartbeat.objects.get().failing is failing
    assert Alarm.objects.open().count() == (1 if failing else 0)


def test_a_missing_one_that_says_what_nobody_understands_is_heard(policy):
    secret = make()
    hear(secret)
    watch(90)

    hear(secret, 100, failing=None)

    assert open_titles() == []


@pytest.mark.parametrize("how", ["multipart", "query"])
def test_a_form_or_a_query_says_it_too(client, policy, how):
    path = f"/beats/{make()}/"

    answer = client.post(path, {"status": "fail"}) if how == "multipart" else client.get(f"{path}?status=fail")

    assert answer.json()["failing"] is True


def test_a_body_may_say_more(client, policy):
    secret = make()
    body = {"status": "fail", "text": "link down", "dome_open": False}

    response = client.post(f"/beats/{secret}", json.dumps(body), content_type="application/json")

    assert response.json() == {"heard": "monitor", "failing": True}
    row = Heartbeat.objects.get()
    assert (row.failing, row.said, row.dome_open) == (True, "link down", False)


# The screens -------------------------------------------------------------------------------------------------------


def test_a_new_heartbeat_shows_its_address_once(client, at_now, pilot):
    client.force_login(pilot)
    fields = {"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 3, "watches_observing": "on"}

    made = client.post("/heartbeats/new/", fields)

    assert made.status_code == 201
    assert "/beats/" in made.content.decode()
    row = Heartbeat.objects.get()
    assert row.watches_observing
    assert row.token_digest not in client.get(f"/heartbeats/{row.pk}/").content.decode()
    assert 'class="secret"' not in client.get(f"/heartbeats/{row.pk}/").content.decode()


def test_only_who_configures_changes_heartbeats(client, at_now, ada):
    make()
    client.force_login(ada)
    row = Heartbeat.objects.get()

    assert client.get("/heartbeats/").status_code == 200
    assert client.post(f"/heartbeats/{row.pk}/pause/", {"lasts": 3600, "why": "x"}).status_code == 403
    assert client.get(f"/heartbeats/{row.pk}/edit/").status_code == 403
    assert client.post(f"/heartbeats/{row.pk}/renew/").status_code == 403


def test_pausing_without_a_reason_says_so_at_the_field(client, at_now, pilot):
    make()
    client.force_login(pilot)
    row = Heartbeat.objects.get()

    response = client.post(f"/heartbeats/{row.pk}/pause/", {"lasts": 3600, "why": ""})

    assert response.status_code == 400
    assert "errorlist" in response.content.decode()


def test_a_renewed_address_ends_the_old_one(client, at_now, pilot):
    old = make()
    client.force_login(pilot)

    client.post(f"/heartbeats/{Heartbeat.objects.get().pk}/renew/")

    assert client.get(f"/beats/{old}/").status_code == 404


def test_closing_a_heartbeat_ends_its_alarm(client, at_now, pilot, policy):
    hear(make())
    watch(90)
    client.force_login(pilot)
    fields = {"name": "monitor", "every_s": 60, "grace_s": 30, "severity": 3}

    client.post(f"/heartbeats/{Heartbeat.objects.get().pk}/edit/", fields)

    assert open_titles() == []
    assert Heartbeat.objects.get().due_at is None


def test_the_list_asks_the_same_however_many_there_are(client, at_now, pilot, django_assert_max_num_queries):
    for number in range(12):
        make(name=f"monitor {number}")
    client.force_login(pilot)

    with django_assert_max_num_queries(6):
        client.get("/heartbeats/")
