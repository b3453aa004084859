"""What home says of incidents: those that are live, who has command, when the community is told next."""

from datetime import timedelta

import pytest

from incidents.command import assigning, services
from incidents.display import queries
from oncall import clock
from oncall.limits import queries as limits
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def _at_now(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def declared(ada):
    """An incident that Ada declares now: SEV-2 unless something else is said."""

    def declare(**changes):
        return services.declare(**({"title": "Link cut", "severity": 2, "by": ada, "now": NOW} | changes))

    return declare


@pytest.fixture
def home(client):
    """Home as somebody sees it, in one line."""

    def seen_by(person) -> str:
        client.force_login(person)
        return " ".join(client.get("/").content.decode().split())

    return seen_by


def test_a_live_incident_stands_above_the_open_alarms_with_who_has_command(declared, home, ada, grace):
    incident = declared()
    assigning.take(incident=incident, role="commander", by=grace, now=NOW)

    page = home(ada)

    assert f'<a href="{incident.path}">1 · Link cut</a>' in page
    assert "Grace Okafor has command" in page
    assert "next message due by <time" in page
    assert page.index("Link cut") < page.index("Open alarms")


def test_nobody_in_command_and_an_overdue_message_are_said(declared, home, ada):
    declared(now=NOW - timedelta(minutes=6))

    page = home(ada)

    assert "nobody has command" in page
    assert "A message to the community is overdue since" in page


def test_one_that_is_over_is_gone(declared, home, ada):
    services.move(incident=declared(), move="resolve", by=ada, now=NOW)

    assert "Link cut" not in home(ada)


def test_a_restricted_one_stands_there_for_whom_it_names_alone(declared, home, ada, grace):
    declared(title="Stolen key", restricted=True)

    assert "Stolen key" in home(ada)
    assert "Stolen key" not in home(grace)


def test_the_worst_comes_first_and_many_cost_no_more_queries(declared, ada, django_assert_num_queries):
    in_force = limits.at(NOW)
    for severity in (3, 1, 2, 2):
        declared(title=f"SEV-{severity}", severity=severity)

    with django_assert_num_queries(2):
        found = queries.live_incidents(for_person=ada, now=NOW, in_force=in_force)

    assert [one.incident.number for one in found] == [2, 4, 3, 1]
    assert [one.clock is not None for one in found] == [True, True, True, False]


def test_where_there_are_more_than_ten_it_says_where_to_see_them(declared, home, ada):
    for n in range(11):
        declared(title=f"Trouble {n}", severity=4)

    page = home(ada)

    assert page.count("Trouble ") == 10
    assert "All that are live" in page
