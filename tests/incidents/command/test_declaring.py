"""Declared by anybody over some alarms or none; twice is once; an alarm is part of one incident at a time."""

from datetime import timedelta

import pytest

from incidents.command import queries, services
from incidents.command.models import Incident, IncidentAlarm
from incidents.command.services import Refused
from tests.conftest import make_schedule
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db


def test_declared_over_nothing_it_needs_a_title_and_no_more(declared):
    incident = declared(title="  No alerts \n since 02:10 ")

    assert (incident.number, incident.title, incident.severity) == (1, "No alerts since 02:10", 3)
    assert (incident.state, incident.version) == ("investigating", 1)
    assert lines(incident) == ["Ada Moreno declared it, SEV-3."]


def test_numbers_go_on_without_a_hole(declared):
    assert [declared(title=f"Thing {n}").number for n in range(3)] == [1, 2, 3]


def test_declared_over_several_alarms_it_is_as_bad_as_the_worst(declared, fired, now):
    first, second = fired("dome", now - timedelta(minutes=9), product="AP/Prompt"), fired("link", severity=1)

    incident = declared(title="", severity=4, alarms=[second, first])

    assert incident.severity == 1
    assert incident.title in ("Alarm dome", "Alarm link")
    assert incident.product == "AP/Prompt"
    assert incident.impact_starts_at == now - timedelta(minutes=9)
    assert {alarm.pk for alarm in queries.alarms_of(incident)} == {first.pk, second.pk}


def test_a_second_press_over_the_same_alarm_declares_no_second_one(declared, fired, grace):
    alarm, other = fired("dome"), fired("link")
    incident = declared(alarms=[alarm])

    again = declared(alarms=[alarm, other], by=grace)

    assert again.pk == incident.pk
    assert Incident.objects.count() == 1
    assert {one.pk for one in queries.alarms_of(incident)} == {alarm.pk, other.pk}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"severity": 0}, "severity"),
        ({"severity": 6}, "severity"),
        ({"impact_starts_at": "later"}, "impact_starts_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(declared, now, changes, field):
    if changes.get("impact_starts_at"):
        changes = {"impact_starts_at": now + timedelta(seconds=1)}
    with pytest.raises(Refused) as refusal:
        declared(**changes)

    assert refusal.value.field == field
    assert not Incident.objects.exists()


def test_an_alarm_is_not_part_of_two_live_incidents(declared, fired, ada, now):
    alarm = fired()
    declared(alarms=[alarm])
    other = declared(title="Something else")

    with pytest.raises(Refused, match="is part of Incident 1: No alerts since 02:10"):
        services.attach(incident=other, alarm=alarm, by=ada, now=now)


def test_an_alarm_of_an_incident_that_is_over_may_join_another(declared, fired, ada, now):
    alarm = fired()
    old = declared(alarms=[alarm])
    services.move(incident=old, move="resolve", by=ada, now=now)

    new = declared(title="It is back", alarms=[alarm])

    assert new.pk != old.pk
    assert IncidentAlarm.objects.get(alarm=alarm, unlinked_at=None).incident == new


def test_an_alarm_attached_twice_is_one_line(declared, fired, ada, now):
    incident, alarm = declared(), fired()

    for _ in range(2):
        services.attach(incident=incident, alarm=alarm, by=ada, now=now)

    assert lines(incident, "alarm") == ["Alarm “Alarm dome”, SEV-2, firing since 03:10 UTC."]


def test_an_alarm_taken_out_may_join_another(declared, fired, ada, now):
    alarm = fired()
    services.detach(incident=declared(alarms=[alarm]), alarm=alarm, by=ada, now=now)
    other = declared(title="Something else")

    services.attach(incident=other, alarm=alarm, by=ada, now=now)

    assert list(queries.alarms_of(other)) == [alarm]


def test_nothing_joins_what_is_over(declared, fired, ada, now):
    incident = declared()
    services.move(incident=incident, move="false_alarm", by=ada, now=now)

    with pytest.raises(Refused, match="Reopen it, or declare another"):
        services.attach(incident=incident, alarm=fired(), by=ada, now=now)


def test_an_impact_that_is_known_is_a_line_at_its_own_instant(declared, now):
    incident = declared(impact_starts_at=now - timedelta(minutes=20))

    assert incident.entries.get(kind="impact").at == now - timedelta(minutes=20)


def test_a_major_one_has_the_support_steward_on_duty_as_external_liaison(declared, grace):
    schedule = make_schedule("Stewards", grace)
    schedule.skill = "Support"
    schedule.save()

    (role,) = queries.roles_now(declared(severity=2))

    assert (role.role, role.person, role.by, role.why) == ("external_liaison", grace, None, "On call for support.")


@pytest.mark.parametrize("changes", [{"severity": 3}, {"severity": 1, "restricted": True}])
def test_nobody_is_made_liaison_of_a_minor_or_restricted_one(declared, grace, changes):
    schedule = make_schedule("Stewards", grace)
    schedule.skill = "Support"
    schedule.save()

    assert queries.roles_now(declared(**changes)) == []


def test_without_a_steward_nobody_is_liaison(declared):
    assert queries.roles_now(declared(severity=1)) == []


def test_a_restricted_one_is_seen_by_whom_it_names(declared, ada, grace, mae, now):
    incident = declared(restricted=True)
    services.name_person(incident=incident, person=grace, by=ada, now=now)

    seen = [bool(Incident.objects.visible_to(one).filter(pk=incident.pk)) for one in (ada, grace, mae)]

    assert seen == [True, True, False]


def test_a_press_over_an_alarm_of_a_restricted_one_does_not_open_it(declared, fired, mae):
    alarm = fired()
    declared(alarms=[alarm], restricted=True, title="Stolen token")

    with pytest.raises(Refused) as refusal:
        declared(alarms=[alarm], by=mae)

    assert "Stolen token" not in str(refusal.value)


def test_what_is_declared_restricted_does_not_become_part_of_what_everybody_reads(declared, fired, grace):
    alarm = fired()
    incident = declared(alarms=[alarm])

    with pytest.raises(Refused, match="for everybody to read: Incident 1: No alerts since 02:10") as refusal:
        declared(title="An intruder", alarms=[alarm], restricted=True, by=grace)

    assert refusal.value.field == "restricted"
    assert "An intruder" not in str(lines(incident))


def test_what_is_said_otherwise_of_what_is_declared_already_is_a_note_of_it_once(declared, fired, grace):
    alarm = fired()
    incident = declared(alarms=[alarm], severity=2)

    for _ in range(2):
        declared(title="Kafka is full", summary="Since the new disks.", severity=1, alarms=[alarm], by=grace)

    assert lines(incident, "note") == ["Declared once more: Kafka is full. Since the new disks."]


def test_pressed_again_to_be_restricted_it_is_another_press(declared):
    first = declared(same_within=services.TWICE)

    second = declared(same_within=services.TWICE, restricted=True)

    assert (first.pk == second.pk, second.restricted) == (False, True)


def test_a_restricted_one_is_not_named_to_who_attaches_its_alarm(declared, fired, mae, now):
    alarm = fired()
    declared(alarms=[alarm], restricted=True, title="Stolen token")
    other = declared(title="Something else", by=mae)

    with pytest.raises(Refused, match="is part of another incident"):
        services.attach(incident=other, alarm=alarm, by=mae, now=now)
