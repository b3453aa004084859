"""Something to find."""

import pytest

from incidents.alarms import services as alarms
from incidents.alarms.models import PEOPLE
from incidents.command import services
from tests.conftest import NOW


@pytest.fixture
def fire(policy):
    def fire(title, **changes):
        about = {"title": title, "severity": 3, "source_id": PEOPLE, "source": "Grafana"} | changes
        return alarms.fire(firing=alarms.Firing(**about), policy=policy, now=NOW)

    return fire


@pytest.fixture
def declare(ada):
    def declare(title, **changes):
        return services.declare(**({"title": title, "severity": 3, "by": ada, "now": NOW} | changes))

    return declare
