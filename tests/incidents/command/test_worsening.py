"""An incident is at least as bad as what joins it, and what people have lowered stays so."""

from datetime import timedelta

import pytest

from incidents.alarms import services as alarms
from incidents.command import assigning, declaring, queries, services, worsening
from incidents.command.models import Incident
from incidents.updates import queries as updates
from incidents.updates import status
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def look(in_force):
    return lambda at: worsening.keep(now=at, limits=in_force)


def severity_of(incident) -> int:
    return Incident.objects.get(pk=incident.pk).severity


def test_a_worse_alarm_that_joins_makes_it_as_bad(declared, fired, ada, now):
    incident = declared(severity=4)

    after = services.attach(incident=incident, alarm=fired(severity=1), by=ada, now=now + MINUTE)

    assert (after.severity, severity_of(incident), after.version) == (1, 1, 2)
    (line,) = incident.entries.filter(kind="severity")
    assert line.text == "SEV-4 is now SEV-1: as bad as “Alarm dome”, which is part of it."
    assert (line.said, line.person, line.at) == ({"was": 4, "is": 1}, ada, now + MINUTE)


@pytest.mark.parametrize("severity", [4, 5])
def test_an_alarm_that_is_no_worse_changes_nothing(declared, fired, ada, now, severity):
    incident = declared(severity=4)

    services.attach(incident=incident, alarm=fired(severity=severity), by=ada, now=now)

    assert lines(incident, "severity") == []


def test_by_rule_too_and_then_it_has_a_clock_and_is_untold(declared, fired, grace, in_force, now):
    from incidents.alarms import work

    Limit.objects.create(
        name="incident_declare_sev1_after_s", value=300, unit="s", source="tried", effective_from=now - MINUTE
    )
    incident = declared(severity=4, alarms=[fired("low", severity=4, stage="ingest")])
    work.acknowledge(alarm=fired("bad", severity=1, stage="ingest"), by=grace, now=now + MINUTE)

    declaring.keep(now=now + 6 * MINUTE, limits=limits.at(now))

    incident.refresh_from_db()
    clock = updates.clock_of(incident, now=now + 6 * MINUTE, limits=in_force)
    assert (Incident.objects.count(), incident.severity) == (1, 1)
    assert clock is not None
    assert clock.since == now + 6 * MINUTE
    assert list(queries.without_commander()) == [incident]
    assert status._is_untold()


def test_declared_once_more_as_worse_it_is_worse(declared, fired, grace, now):
    alarm = fired(severity=4)
    incident = declared(severity=4, alarms=[alarm])

    there = services.declare(title="Total outage", severity=1, by=grace, alarms=[alarm], now=now + MINUTE)

    assert (there.pk, there.severity) == (incident.pk, 1)
    assert lines(incident, "severity") == ["SEV-4 is now SEV-1: Grace Okafor declared it once more."]
    assert lines(incident, "note") == ["Declared once more: Total outage."]


def test_declared_once_more_as_no_worse_it_stays_as_bad(declared, fired, grace, now):
    alarm = fired(severity=2)
    incident = declared(severity=2, alarms=[alarm])

    services.declare(title="", severity=4, by=grace, alarms=[alarm], now=now)

    assert severity_of(incident) == 2


def test_one_that_takes_another_in_is_as_bad_as_the_worse(declared, ada, now):
    taker, given = declared(severity=4), declared(severity=1, title="Total outage")

    services.move(incident=given, move="merge", into=taker, by=ada, now=now + MINUTE)

    assert (severity_of(taker), severity_of(given)) == (1, 1)
    assert lines(taker, "severity") == ["SEV-4 is now SEV-1: as bad as incident 2 was."]


def test_merged_the_commander_goes_on_where_there_is_none(declared, ada, grace, now):
    taker, given = declared(severity=4), declared(severity=1, title="Total outage")
    assigning.take(incident=given, role="commander", by=grace, now=now)

    services.move(incident=given, move="merge", into=taker, by=ada, now=now + MINUTE)

    has = queries.command_of(taker)
    assert (has.person, has.by, has.starts_at) == (grace, None, now + MINUTE)
    assert has.why == "had command of incident 2, merged into this one"
    assert queries.roles_now(given) == []


def test_merged_the_commander_of_the_one_that_goes_on_stays(declared, ada, grace, mae, now):
    taker, given = declared(severity=2), declared(severity=1, title="Total outage")
    assigning.take(incident=given, role="commander", by=grace, now=now)
    assigning.take(incident=taker, role="commander", by=mae, now=now)

    services.move(incident=given, move="merge", into=taker, by=ada, now=now + MINUTE)

    assert [one.person for one in queries.roles_now(taker)] == [mae]


def test_merged_at_sev_1_a_commander_who_is_scribe_there_stays_scribe(declared, ada, grace, now):
    taker, given = declared(severity=4), declared(severity=1, title="Total outage")
    assigning.take(incident=taker, role="scribe", by=grace, now=now)
    assigning.take(incident=given, role="commander", by=grace, now=now)

    services.move(incident=given, move="merge", into=taker, by=ada, now=now + MINUTE)

    assert queries.roles_of(taker, grace) == ["scribe"]


def test_alarms_of_a_merged_one_that_people_lowered_raise_nothing(declared, fired, ada, now):
    taker, given = declared(severity=4), declared(severity=3, title="Total outage", alarms=[fired(severity=1)])
    services.set_severity(incident=given, severity=3, by=ada, now=now)

    services.move(incident=given, move="merge", into=taker, by=ada, now=now + MINUTE)

    assert severity_of(taker) == 3


def test_an_alarm_that_gets_worse_makes_its_incident_as_bad_once(declared, fired, look, ada, now):
    incident = declared(severity=4, alarms=[fired(severity=4)])
    fired(severity=1, at=now + MINUTE)

    assert look(now + 2 * MINUTE) == 1
    assert lines(incident, "severity") == ["SEV-4 is now SEV-1: as bad as “Alarm dome”, which is part of it."]
    services.set_severity(incident=incident, severity=3, by=ada, now=now + 3 * MINUTE)

    assert look(now + 4 * MINUTE) == 0
    assert severity_of(incident) == 3


def test_what_is_over_gets_no_worse(declared, fired, look, ada, now):
    incident, alarm = declared(severity=4, alarms=[fired(severity=4)]), fired(severity=1, at=now + MINUTE)
    services.move(incident=incident, move="resolve", by=ada, now=now + MINUTE)
    other = declared(severity=4, alarms=[fired("other", severity=4)])
    alarms.resolve(alarm=fired("other", severity=1, at=now + MINUTE), now=now + MINUTE)

    assert look(now + 2 * MINUTE) == 0
    assert (severity_of(incident), severity_of(other), alarm.severity) == (4, 4, 1)


def test_nothing_worse_is_one_query(declared, fired, look, now, django_assert_num_queries):
    declared(severity=4, alarms=[fired(severity=4)])

    with django_assert_num_queries(1):
        look(now)
