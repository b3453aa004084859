"""An incident, and people in it."""

import pytest

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from incidents.command import services
from oncall.limits import queries as limits
from tests.conftest import make_person


@pytest.fixture
def mae(db):
    return make_person("Mae Castillo", "+14155550104", email="mae@example.org")


@pytest.fixture
def declared(ada, now):
    """An incident that Ada declares: SEV-3 unless something else is said."""

    def declare(**changes):
        return services.declare(**({"title": "No alerts since 02:10", "severity": 3, "by": ada, "now": now} | changes))

    return declare


@pytest.fixture
def fired(policy, now):
    """An alarm that fires now: SEV-2 unless something else is said."""

    def fire(key="dome", at=now, **changes):
        about = {"title": f"Alarm {key}", "severity": 2, "source_id": PEOPLE, "source": "Grafana", "key": key}
        return alarms.fire(firing=alarms.Firing(**(about | changes)), policy=policy, now=at)

    return fire


@pytest.fixture
def in_force(db, now):
    return limits.at(now)


def lines(incident, kind=None) -> list[str]:
    rows = incident.entries.all() if kind is None else incident.entries.filter(kind=kind)
    return [row.text for row in rows]
