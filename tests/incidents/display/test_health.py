"""What a watcher is told: yes only on evidence, and what is amiss by name."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from prometheus_client.parser import text_string_to_metric_families

from incidents.alarms import engine
from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from incidents.display import health
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import canary, claims
from oncall.paging.models import Attempt, Page
from oncall.troubles import auditing, guard
from oncall.troubles import services as troubles
from oncall.troubles.models import Audit, EngineModule, Heartbeat
from tests.conftest import NOW

NEVER = "has never finished a cycle: start the pulse or a worker"


@pytest.fixture(autouse=True)
def _at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def beat(db):
    """A loop has finished a cycle, with all its parts."""
    for name in ("pulse", "engine", "sender"):
        troubles.beat(name=name, now=NOW)
    auditing.audit(now=NOW, limits=limits.at(NOW))


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


def ask(client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


def test_it_is_ready_when_each_part_has_finished_a_cycle(client, beat, monkeypatch):
    """W1."""
    monkeypatch.setattr(guard, "here", clock.reading)

    response = client.get("/readyz")

    assert response.json() == {
        "ready": True,
        "checks": {
            "database": "ok",
            "migrations": "ok",
            "epoch": "ok",
            "engine": "ok",
            "sender": "ok",
            "auditor": "ok",
            "canary": "not yet: none has landed since this began",
            "late": "ok",
            "audit": "ok",
            "clock": "ok",
            "broker": "ok",
        },
    }
    assert response.status_code == 200


@pytest.mark.parametrize("part", ["engine", "sender", "auditor"])
def test_it_is_not_ready_before_a_part_has_ever_finished_a_cycle(client, beat, part):
    """W1."""
    Heartbeat.objects.filter(name=part).delete()

    status, checks = ask(client)

    assert (status, checks[part]) == (503, NEVER)


@pytest.mark.parametrize("part", ["engine", "sender", "auditor"])
def test_it_is_not_ready_when_a_part_has_finished_no_cycle_for_a_minute(client, beat, part):
    """F6: both engines are dead."""
    Heartbeat.objects.filter(name=part).update(at=NOW - timedelta(seconds=61))

    status, checks = ask(client)

    assert (status, checks[part]) == (503, "finished no cycle for 61 s")


def test_it_is_ready_while_each_part_finished_a_cycle_within_the_minute(client, beat):
    Heartbeat.objects.update(at=NOW - timedelta(seconds=59))

    assert ask(client)[0] == 200


def test_a_broker_that_is_away_is_said_and_is_no_reason_to_be_out_of_service(client, beat, settings):
    """F10: pages go by the pulse alone."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # nobody listens on port 1

    status, checks = ask(client)

    assert (status, checks["broker"]) == (200, "away: ConnectionError")


def test_it_is_not_ready_at_a_site_that_stands_by(client, beat, settings):
    """W3."""
    settings.SITE = "summit"
    troubles.promote(site="base", now=NOW)

    status, checks = ask(client)

    assert (status, checks["epoch"]) == (503, "base has the pager since epoch 2; this is summit and stands by.")


def test_it_is_not_ready_on_rows_of_a_version_that_it_does_not_know(client, beat):
    """F40: the engine stands still, and this is where it shows."""
    EngineModule.objects.filter(name="sender").update(version=2)

    status, checks = ask(client)

    assert status == 503
    assert checks["epoch"].startswith("This code knows version 1 of the sender; the database has version 2.")


def test_a_clock_that_differs_is_said(client, beat, monkeypatch):
    """F21: the web node's."""
    monkeypatch.setattr(clock, "reading", lambda: NOW)
    monkeypatch.setattr(guard, "here", lambda: NOW + timedelta(seconds=6))

    status, checks = ask(client)

    assert (status, checks["clock"]) == (200, "+6 s from the database's")


def test_what_the_audit_found_is_said(client, beat):
    find_late_page()

    status, checks = ask(client)

    assert (status, checks["audit"]) == (200, "broken: I3")


def test_an_audit_that_is_too_old_is_unknown_and_not_good(client, beat):
    Audit.objects.update(at=NOW - timedelta(seconds=91))

    assert ask(client)[1]["audit"] == "unknown: none ran lately"


def test_a_sign_of_life_from_the_future_is_none(client, beat):
    """The clock went back by ten hours, and nobody knows what has worked since."""
    Heartbeat.objects.update(at=NOW + timedelta(hours=10))

    status, checks = ask(client)

    assert (status, checks["engine"]) == (503, "finished no cycle that counts: its last is 36000 s ahead of the clock")


def test_a_canary_that_is_too_old_is_said(client, beat):
    troubles.beat(name="canary", now=NOW - timedelta(seconds=301))

    assert ask(client)[1]["canary"] == "unknown: none landed for 301 s"


def test_what_one_audit_alone_has_found_is_being_looked_at_again(client, beat):
    find_late_page(sure=False)

    assert ask(client)[1]["audit"] == "being looked at again: I3"


def test_metrics_say_nothing_of_invariants_when_the_audit_is_too_old(client, beat):
    find_late_page()
    Audit.objects.update(at=NOW - timedelta(seconds=91))

    assert [name for name, *_ in values(client) if name == "oncall_invariant_broken"] == []


def find_late_page(*, sure: bool = True) -> None:
    """Let two audits in a row have found a page that is late."""
    found = {"id": "I3", "text": "A calling page is not late by a minute", "rows": ["4", "5"], "url": "/"}
    Audit.objects.update(broken=[found | {"gravity": "pager", "says": "", "sure": sure}])


def test_it_is_not_ready_with_a_migration_missing(client, beat):
    ((app, last),) = MigrationLoader(connection).graph.leaf_nodes("signals")
    MigrationRecorder(connection).record_unapplied(app, last)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["checks"]["migrations"]) == (503, "1 not applied")


def test_it_knows_every_migration_that_django_would_apply():
    assert health.migrations() == set(MigrationLoader(None).graph.nodes)


def test_asking_whether_it_is_ready_loads_no_migration(client, beat, monkeypatch):
    """A process keeps for good what it has loaded, and who asks comes every few seconds."""
    monkeypatch.delattr(MigrationLoader, "load_disk")

    assert ask(client)[0] == 200


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
    assert found["oncall_module_age_seconds", "engine"] == 0
    assert found["oncall_audit_age_seconds",] == 0


def test_metrics_say_which_invariant_is_broken_in_how_many_rows(client, beat):
    find_late_page()

    found = values(client)

    assert found["oncall_invariant_broken", "I3"] == 2
    assert found["oncall_invariant_broken", "I1"] == 0


def test_metrics_do_not_count_the_canary(client, beat):
    canary.fly(now=NOW, limits=limits.at(NOW))

    assert ("oncall_pages", "calling") not in values(client)


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


def test_metrics_do_not_count_what_is_long_over(client, policy):
    """Tables that grow for ever are not read from end to end at each scrape."""
    fire(policy)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    claims.claim_pages(now=NOW, limits=limits.at(NOW), at_most=5)
    Page.objects.update(state="answered", next_due=None, ended_at=NOW)
    Attempt.objects.update(started_at=NOW - timedelta(minutes=61))

    found = values(client)

    assert not [name for name in found if name[0] in ("oncall_pages", "oncall_attempts")]
