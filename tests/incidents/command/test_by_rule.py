"""A major alarm that somebody has, and that is not over after a while, is declared by rule."""

from datetime import timedelta

import pytest

from incidents.alarms import work
from incidents.alarms.models import ITSELF
from incidents.command import declaring, queries, services, watch
from incidents.command.models import COMMAND, Incident
from oncall.limits import queries as limits
from oncall.limits.models import Limit
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def by_rule(db, now):
    """The rule is off until somebody sets it; here it is set."""
    for severity, seconds in ((1, 300), (2, 900)):
        Limit.objects.create(
            name=f"incident_declare_sev{severity}_after_s",
            value=seconds,
            unit="s",
            source="as a site with commanders sets it",
            effective_from=now - timedelta(days=1),
        )


@pytest.mark.parametrize("severity", [1, 2])
def test_nothing_is_declared_by_rule_until_a_site_says_so(by_rule, taken, now, severity):
    Limit.objects.filter(source="as a site with commanders sets it").delete()
    taken(severity=severity)

    assert declaring.keep(now=now + timedelta(hours=1), limits=limits.at(now)) == 0


@pytest.fixture
def taken(fired, ada, now):
    """An alarm that Ada acknowledges a minute after it fired."""

    def take(key="dome", **changes):
        alarm = fired(key, **changes)
        return work.acknowledge(alarm=alarm, by=ada, now=now + MINUTE)

    return take


@pytest.fixture
def look(in_force):
    return lambda at: declaring.keep(now=at, limits=in_force)


@pytest.mark.parametrize(("severity", "minutes"), [(1, 5), (2, 15)])
def test_a_major_alarm_is_declared_when_its_time_has_come(taken, look, now, severity, minutes):
    alarm = taken(severity=severity)

    assert look(now + minutes * MINUTE - timedelta(seconds=1)) == 0
    assert look(now + minutes * MINUTE) == 1

    incident = Incident.objects.get()
    assert (incident.title, incident.severity, incident.declared_by) == ("Alarm dome", severity, None)
    assert list(queries.alarms_of(incident)) == [alarm]
    assert lines(incident)[0] == (
        f"The rule “SEV-{severity} alarm, acknowledged and not over after {minutes} min” declared it, SEV-{severity}."
    )


def test_it_is_declared_once(taken, look, now):
    taken()

    for minute in (15, 16, 17):
        look(now + minute * MINUTE)

    assert Incident.objects.count() == 1


def test_a_minor_alarm_is_not_declared(taken, look, now):
    taken(severity=3)

    assert look(now + timedelta(hours=2)) == 0


def test_what_nobody_has_is_not_declared(fired, look, now):
    fired(severity=1)

    assert look(now + timedelta(hours=2)) == 0


def test_what_is_over_is_not_declared(taken, look, now):
    from incidents.alarms import services as alarms

    alarms.resolve(alarm=taken(severity=1), now=now + 2 * MINUTE)

    assert look(now + 5 * MINUTE) == 0


@pytest.mark.parametrize("source", [ITSELF, COMMAND])
def test_what_this_system_says_about_itself_is_not_declared(taken, look, now, source):
    taken(severity=1, source_id=source)

    assert look(now + timedelta(hours=2)) == 0


def test_what_was_taken_out_of_an_incident_by_hand_is_not_declared(taken, declared, look, ada, now):
    alarm = taken(severity=1)
    services.detach(incident=declared(alarms=[alarm]), alarm=alarm, by=ada, now=now)

    assert look(now + timedelta(hours=2)) == 0


def test_one_of_the_same_stage_joins_the_incident_that_is_live(taken, look, now):
    first, second = taken("one", severity=1, stage="ingest"), taken("two", severity=1, stage="ingest")

    look(now + 5 * MINUTE)

    assert {alarm.pk for alarm in queries.alarms_of(Incident.objects.get())} == {first.pk, second.pk}


def test_what_all_may_see_joins_no_restricted_one(taken, declared, fired, look, now):
    declared(severity=2, restricted=True, alarms=[fired("secret", stage="ingest")])
    alarm = taken("one", severity=1, stage="ingest")

    look(now + 5 * MINUTE)

    declared_by_rule = Incident.objects.get(restricted=False)
    assert list(queries.alarms_of(declared_by_rule)) == [alarm]


def test_others_are_incidents_of_their_own(taken, look, now):
    taken("one", severity=1, stage="ingest")
    taken("two", severity=1)

    look(now + 5 * MINUTE)

    assert Incident.objects.count() == 2


def test_the_rule_is_switched_off_by_a_limit(taken, now):
    Limit.objects.create(name="incident_declare_sev1_after_s", value=0, unit="s", source="tried", effective_from=now)
    taken(severity=1)

    assert declaring.keep(now=now + timedelta(hours=2), limits=limits.at(now)) == 0


def test_an_answered_call_for_a_commander_declares_nothing_more(taken, look, in_force, grace, now):
    taken(severity=1)
    look(now + 5 * MINUTE)
    watch.keep(now=now + 6 * MINUTE, limits=in_force)
    from incidents.alarms.models import Alarm

    work.acknowledge(alarm=Alarm.objects.get(source_id=COMMAND), by=grace, now=now + 7 * MINUTE)

    look(now + timedelta(hours=2))

    assert Incident.objects.count() == 1


def test_nothing_due_is_one_query(look, now, django_assert_num_queries):
    with django_assert_num_queries(1):
        look(now)
