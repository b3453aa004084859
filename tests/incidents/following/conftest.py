"""An alarm, a playbook for it, and people who follow it."""

import pytest

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE, LogEntry
from incidents.following import services
from playbooks.library import services as library
from playbooks.library.models import Playbook
from tests.conftest import NOW, make_person, make_schedule

SOURCE = """\
---
title: Disk full
alarms: disk.full
---
## 1. Is it the archive?

- yes: 2
- no: p1

## 2. Empty the cache
page: Data Facility

## 3. Is there room?

- yes: end, solved
- no: declare
"""


@pytest.fixture(autouse=True)
def _clock_stands_at_now(monkeypatch):
    monkeypatch.setattr("oncall.clock.now", lambda: NOW)


@pytest.fixture
def playbook(db) -> Playbook:
    return library.create(slug="disk", source=SOURCE, by=None, now=NOW)


@pytest.fixture
def alarm(policy):
    firing = alarms.Firing(
        title="disk.full: /archive", severity=2, source_id=PEOPLE, source="Grafana", key="disk", product="Archive"
    )
    return alarms.fire(firing=firing, policy=policy, now=NOW)


@pytest.fixture
def run(playbook, alarm, ada):
    return services.start(playbook=playbook, alarm=alarm, by=ada, now=NOW)[0]


@pytest.fixture
def mae(db):
    return make_person("Mae Castillo", "+14155550104", email="mae@example.org")


@pytest.fixture
def facility(mae):
    """Mae is on call for the data facility."""
    schedule = make_schedule("Facility", mae)
    schedule.skill = "Data Facility"
    schedule.save()
    return schedule


@pytest.fixture
def as_ada(client, ada):
    client.force_login(ada)
    return client


def logged(alarm) -> list[str]:
    rows = alarm.log.filter(kind=LogEntry.Kind.PLAYBOOK).order_by("at", "id")
    return [row.text for row in rows]
