"""What a watcher is told: yes only on evidence, and what is amiss by name."""

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from prometheus_client.parser import text_string_to_metric_families

from incidents.alarms import engine
from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from oncall import clock
from oncall.limits import queries as limits
from oncall.troubles import services as troubles
from oncall.troubles.models import Heartbeat
from tests.conftest import NOW

TICK_MISSING = "no cycle finished lately: start the pulse or a worker"


@pytest.fixture(autouse=True)
def _at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def beat(db):
    troubles.beat(name="pulse", now=NOW)


def fire(policy):
    firing = alarms.Firing(title="Dome drive stalls", severity=2, source_id=PEOPLE, source="Ada Moreno", key="dome")
    return alarms.fire(firing=firing, policy=policy, now=NOW)


def values(client) -> dict[tuple, float]:
    """The samples of a scrape by name and labels."""
    text = client.get("/metrics").content.decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_process_that_answers_is_healthy_without_a_database(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_it_is_ready_when_all_is_there_and_a_loop_has_beaten(client, beat):
    response = client.get("/readyz")

    assert response.json() == {
        "ready": True,
        "checks": {"database": "ok", "migrations": "ok", "tick": "ok", "late": "ok", "broker": "ok"},
    }
    assert response.status_code == 200


def test_it_is_not_ready_before_a_loop_has_ever_beaten(client, db):
    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["tick"]) == (503, TICK_MISSING)


def test_it_is_not_ready_when_the_last_beat_is_an_hour_ago(client, beat):
    Heartbeat.objects.update(at=NOW.replace(hour=2))

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["tick"]) == (503, TICK_MISSING)


def test_it_is_not_ready_without_a_broker(client, beat, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens on port 1

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["broker"]) == (503, "away: ConnectionError")


def test_it_is_not_ready_with_a_migration_missing(client, beat):
    ((app, last),) = MigrationLoader(connection).graph.leaf_nodes("signals")
    MigrationRecorder(connection).record_unapplied(app, last)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["migrations"]) == (503, "1 not applied")


def test_it_is_not_ready_without_a_database(client, monkeypatch):
    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(clock, "now", away)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["database"]) == (503, "away: OperationalError")


def test_metrics_count_open_alarms_and_late_rows(client, beat, policy):
    alarm = fire(policy)
    alarm.next_due = NOW.replace(hour=2)
    alarm.save(update_fields=["next_due"])

    found = values(client)

    assert found["oncall_alarms_open", "firing"] == 1
    assert found["oncall_late", "alarm"] == 1
    assert found["oncall_late", "page"] == 0
    assert found["oncall_beat_age_seconds", "pulse"] == 0


def test_metrics_count_pages_by_state(client, policy):
    fire(policy)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))

    assert values(client)["oncall_pages", "calling"] == 1


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_a_watcher_learns_nothing_about_people(client, policy, address):
    fire(policy)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))

    text = client.get(address).content.decode()

    assert [word for word in ("Ada", "Moreno", "+1415", "example.org", "Dome") if word in text] == []
