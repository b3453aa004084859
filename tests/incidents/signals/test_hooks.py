"""`POST /hooks/<token>/`: every readable item becomes an alarm, what is not is kept, and nothing is ever a 500."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.alarms.models import Alarm
from incidents.signals import services
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads.items import Unreadable
from oncall.outside.models import Delivery, Webhook
from oncall.troubles.models import Trouble
from rotations.schedule.models import Schedule
from tests.conftest import NOW, make_person, make_policy

pytestmark = pytest.mark.django_db
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "AlertsNone", "severity": "critical"},
    "annotations": {"summary": "No alerts for three visits"},
    "fingerprint": "c0ffee",
}


def source(kind: str, policy) -> str:
    _, secret = services.create_source(name=kind, kind=kind, policy=policy, severity=3, now=NOW)
    return f"/hooks/{secret}/"


@pytest.fixture
def am(policy):
    return source("alertmanager", policy)


@pytest.fixture
def plain(policy):
    return source("json", policy)


def send(client, url, data):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return client.post(url, body, content_type="application/json")


def group(*alerts):
    return {"version": "4", "groupKey": "g", "status": "firing", "receiver": "oncall", "alerts": list(alerts)}


def test_each_alert_of_a_group_is_an_alarm(client, am):
    response = send(client, am, group(ALERT, ALERT | {"fingerprint": "other"}))

    assert response.status_code == 202
    answer = response.json()
    assert (answer["accepted"], len(answer["alarms"]), answer["rejected"]) == (2, 2, [])
    assert Alarm.objects.filter(severity=1, state="firing").count() == 2


def test_a_repeat_counts_up_and_names_the_same_alarm(client, am):
    """F35"""
    first = send(client, am, group(ALERT)).json()
    second = send(client, am, group(ALERT)).json()

    assert first["alarms"] == second["alarms"]
    assert Alarm.objects.get().count == 2


def test_resolved_resolves(client, am):
    send(client, am, group(ALERT))
    send(client, am, group(ALERT | {"status": "resolved"}))

    assert Alarm.objects.get().state == "resolved"


def test_resolved_without_a_title_resolves_what_fired_with_one(client, plain):
    """It fired in the fast way, which takes one firing item alone."""
    send(client, plain, {"title": "Dome", "key": "dome"})
    response = send(client, plain, {"key": "dome", "status": "resolved"})

    assert response.json() == {"accepted": 1, "alarms": [str(Alarm.objects.get().pk)], "rejected": []}
    assert Alarm.objects.get().state == "resolved"
    assert not Trouble.objects.exists()


def test_resolved_for_nothing_open_is_accepted_and_changes_nothing(client, am):
    response = send(client, am, group(ALERT | {"status": "resolved"}))

    assert response.status_code == 202
    assert response.json() == {"accepted": 1, "alarms": [], "rejected": []}


def test_readable_items_become_alarms_beside_unreadable_ones(client, am):
    broken = {key: value for key, value in ALERT.items() if key != "fingerprint"}
    response = send(client, am, group(broken, ALERT))

    assert response.status_code == 202
    assert response.json()["rejected"] == [{"index": 0, "errors": {"fingerprint": ["Missing. Give it a text."]}}]
    assert Alarm.objects.count() == 1
    assert Rejection.objects.get().index == 0


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"not json", "body"),
        (b"\x00\xff", "body"),
        (b"", "body"),
        ({"version": "3"}, "version"),
        ({"version": "4"}, "alerts"),
    ],
)
def test_what_cannot_be_read_at_all_is_400_and_kept(client, am, data, field):
    """F36"""
    response = send(client, am, data)

    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert Rejection.objects.filter(index=-1, settled_at=None).count() == 1
    assert Trouble.objects.filter(kind="rejected").exists()


def test_five_megabytes_are_413_and_noted(client, plain):
    """F36"""
    response = send(client, plain, b'{"title": "' + b"x" * 5_000_000 + b'"}')

    assert response.status_code == 413
    assert "Larger than 1024 KiB" in response.json()["body"][0]
    assert Rejection.objects.count() == 1


def test_an_unknown_token_is_404(client, db):
    assert send(client, "/hooks/nonsense/", {"title": "x"}).status_code == 404


def test_a_disabled_source_is_404(client, plain):
    Source.objects.update(is_enabled=False)

    assert send(client, plain, {"title": "x"}).status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_another_method_is_405(client, plain, method):
    response = getattr(client, method)(plain)

    assert response.status_code == 405
    assert response["Allow"] == "POST"


def test_the_address_works_without_its_last_slash(client, plain):
    assert send(client, plain.rstrip("/"), {"title": "x"}).status_code == 202


def test_json_without_a_key_is_each_time_an_alarm_of_its_own(client, plain):
    send(client, plain, {"title": "Dome"})
    send(client, plain, {"title": "Dome"})

    assert Alarm.objects.count() == 2


def test_the_severity_of_the_source_stands_in(client, plain):
    send(client, plain, {"title": "Dome"})

    assert Alarm.objects.get().severity == 3


def test_two_sources_with_one_key_are_two_alarms(client, plain, am):
    send(client, am, group(ALERT))
    send(client, plain, {"title": "x", "key": "c0ffee"})

    assert Alarm.objects.count() == 2


def test_what_came_is_kept_as_it_came(client, plain):
    body = b'{"title": "Dome",   "odd": "\\u0000 \\ud800"}'
    send(client, plain, body)

    assert Signal.objects.get().body == body.decode()


def test_a_rejected_item_is_mended_and_sent_again(client, am):
    broken = {key: value for key, value in ALERT.items() if key != "fingerprint"}
    send(client, am, group(broken))
    rejection = Rejection.objects.get()

    services.replay(rejection=rejection, body=json.dumps(broken | {"fingerprint": "f1"}), now=NOW)

    assert Alarm.objects.get().key == "f1"
    rejection.refresh_from_db()
    assert rejection.settled_how == "replayed"
    assert not Trouble.objects.open().filter(kind="rejected").exists()


def test_what_is_still_unreadable_stays(client, am):
    send(client, am, b"not json")
    rejection = Rejection.objects.get()

    with pytest.raises(Unreadable):
        services.replay(rejection=rejection, body="still not", now=NOW)

    rejection.refresh_from_db()
    assert rejection.settled_at is None
    assert Signal.objects.count() == 1


def test_a_new_address_stops_the_old_one(client, plain):
    services.renew_secret(source=Source.objects.get())

    assert send(client, plain, {"title": "x"}).status_code == 404


SIGNAL = 'INSERT INTO "signals_signal"'
ALARM, LINE = 'INSERT INTO "alarms_alarm"', 'INSERT INTO "alarms_logentry"'
DELIVERIES, WAKE = "INSERT INTO outside_delivery", "pg_notify("


def statements(client, url, data) -> list[str]:
    """What one delivery says to the database, without the savepoint in which the test client's transaction is kept."""
    with CaptureQueriesContext(connection) as seen:
        assert send(client, url, data).status_code == 202
    said = [" ".join(query["sql"].split()) for query in seen.captured_queries]
    return [sql for sql in said if "SAVEPOINT" not in sql]


def test_a_repeat_is_three_statements_of_which_one_writes(client, plain):
    send(client, plain, {"title": "Dome", "key": "k"})
    said = statements(client, plain, {"title": "Dome", "key": "k"})

    source, policy, again = said
    assert source.startswith("SELECT clock_timestamp()")
    assert "signals_source" in source
    assert policy.startswith("SELECT p.id, p.name")
    assert "UPDATE alarms_alarm SET count = count + 1" in again  # a storm over one key waits for nothing after it
    assert SIGNAL in again


def test_a_new_alarm_is_three_statements_of_which_one_writes(client, plain):
    send(client, plain, {"title": "Dome", "key": "k"})
    said = statements(client, plain, {"title": "Mirror", "key": "m"})

    assert len(said) == 3
    assert all(part in said[2] for part in (SIGNAL, ALARM, LINE, WAKE))


def test_a_new_alarm_is_told_to_the_webhook_that_wants_to_hear_of_it(client, plain, ada):
    Webhook.objects.create(
        name="w", url="https://example.org/", secret="s", events=["alarm.fired"], created_at=NOW, created_by=ada
    )
    said = statements(client, plain, {"title": "Mirror", "key": "m"})

    assert said[-1].startswith(DELIVERIES)
    assert Delivery.objects.get().payload["data"]["title"] == "Mirror"


@pytest.mark.parametrize("many", [2, 20])
def test_each_item_of_a_group_is_six_statements(client, am, many):
    alerts = [ALERT | {"fingerprint": str(number)} for number in range(many)]
    send(client, am, group(ALERT))
    said = statements(client, am, group(*alerts))

    assert len(said) == 3 + 6 * many  # source, signal, one lock for all; then six each


def test_the_address_s_policy_is_what_the_alarm_carries(client, plain, policy):
    send(client, plain, {"title": "Dome"})

    alarm = Alarm.objects.get()
    assert alarm.policy == policy
    assert alarm.plan == {
        "name": "Prompt Processing",
        "rounds": 1,
        "steps": [
            {"wait_s": 300, "targets": [{"kind": "schedule", "id": str(schedule.pk), "name": name, "role": "primary"}]}
            for name, schedule in ((name, Schedule.objects.get(name=name)) for name in ("Triage", "Tier 2"))
        ],
    }


def test_a_source_without_a_policy_raises_alarms_by_the_default_one(client, policy):
    make_policy("Aardvark", make_person("Zoe"))  # first by name, but the other is the default
    send(client, source("json", None), {"title": "Dome"})

    assert Alarm.objects.get().policy == policy
