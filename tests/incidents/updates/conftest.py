"""An incident, somebody in command, and audiences to tell."""

import pytest

from incidents.command import assigning
from incidents.command import services as incidents
from incidents.updates import keeping, services
from incidents.updates.models import Template
from oncall import clock
from oncall.limits import queries as limits


@pytest.fixture(autouse=True)
def _that_night(request, now):
    if "db" in request.fixturenames:
        clock.travel(now - clock.now())


@pytest.fixture
def in_force(db, now):
    return limits.at(now)


@pytest.fixture
def declared(ada, now):
    """An incident that Ada declares: SEV-2 unless something else is said."""

    def declare(**changes):
        return incidents.declare(**({"title": "Secret title", "severity": 2, "by": ada, "now": now} | changes))

    return declare


@pytest.fixture
def brokers(ada, now):
    return keeping.add_audience(
        name="Brokers",
        addresses="alerts@fink.example.org\nalerts@lasair.example.org",
        hears_delays=True,
        kept_by=ada,
        by=ada,
        now=now,
    )


@pytest.fixture
def commanded(declared, grace, now):
    """One of SEV-1 that Grace commands."""
    incident = declared(severity=1)
    assigning.take(incident=incident, role="commander", by=grace, now=now)
    return incident


def message(**changes) -> services.Draft:
    usual = {"subject": "Alerts are delayed", "text": "They follow.", "stage": "investigating", "audiences": ()}
    return services.Draft(**(usual | changes))


def m9() -> Template:
    return Template.objects.get(pk="M9")
