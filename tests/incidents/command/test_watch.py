"""No commander is an alarm: it calls, calls again, and ends when somebody has command or the incident is over."""

from datetime import timedelta

import pytest

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import Alarm
from incidents.command import assigning, calling, queries, services, watch
from incidents.command.models import COMMAND, Incident, IncidentAlarm
from incidents.command.services import Refused
from oncall.limits.models import Limit
from oncall.paging.models import Notice
from tests.conftest import make_schedule
from tests.incidents.command.conftest import lines

pytestmark = pytest.mark.django_db
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def tick(in_force):
    def ticked(at):
        watch.keep(now=at, limits=in_force)

    return ticked


@pytest.fixture
def major(declared, policy):
    return declared(severity=2)


@pytest.fixture
def commanders(mae):
    schedule = make_schedule("Commanders", mae)
    schedule.skill = "Incident Command"
    schedule.save()
    return schedule


def calls() -> list[Alarm]:
    return list(Alarm.objects.filter(source_id=COMMAND).order_by("fired_at"))


def test_a_major_incident_without_a_commander_calls_after_a_minute(major, tick, now):
    tick(now + 59 * SECOND)
    assert calls() == []

    tick(now + 60 * SECOND)

    (call,) = calls()
    assert call.title == "Nobody has command of incident 1 (No alerts since 02:10): acknowledge, and you have"
    assert (call.severity, call.link, call.next_due) == (2, "/incidents/1/", now + 60 * SECOND)
    assert lines(major, "role") == ["Nobody has command since 03:10 UTC: somebody is called (Prompt Processing)."]


def test_it_calls_the_commanders_on_call_where_there_are_some(major, commanders, tick, now):
    tick(now + MINUTE)

    (call,) = calls()
    assert call.plan["steps"] == [
        {
            "wait_s": 600.0,
            "targets": [{"kind": "schedule", "id": str(commanders.pk), "name": "Commanders", "role": "primary"}],
        }
    ]


def test_seen_again_it_is_the_same_call(major, tick, now):
    for second in range(60, 65):
        tick(now + second * SECOND)

    assert len(calls()) == 1


@pytest.mark.parametrize("severity", [3, 5])
def test_a_minor_one_needs_no_commander(declared, policy, tick, now, severity):
    declared(severity=severity)

    tick(now + HOUR)

    assert calls() == []


def test_who_has_command_is_not_looked_for(major, ada, tick, now):
    assigning.take(incident=major, role="commander", by=ada, now=now)

    tick(now + HOUR)

    assert calls() == []


def test_the_call_ends_when_somebody_takes_command(major, ada, tick, now):
    tick(now + MINUTE)
    assigning.take(incident=major, role="commander", by=ada, now=now + 2 * MINUTE)

    tick(now + 2 * MINUTE + SECOND)

    assert [call.state for call in calls()] == ["resolved"]


@pytest.mark.parametrize("over", ["resolve", "false_alarm"])
def test_the_call_ends_with_the_incident(major, ada, tick, now, over):
    tick(now + MINUTE)
    services.move(incident=major, move=over, by=ada, now=now + 2 * MINUTE)

    tick(now + 2 * MINUTE + SECOND)

    assert [call.state for call in calls()] == ["resolved"]


def test_whoever_acknowledges_the_call_has_command(major, grace, tick, now):
    tick(now + MINUTE)
    work.acknowledge(alarm=calls()[0], by=grace, now=now + 2 * MINUTE)

    tick(now + 2 * MINUTE + SECOND)
    tick(now + 2 * MINUTE + 2 * SECOND)

    row = queries.command_of(major)
    assert (row.person, row.by, row.why) == (grace, None, "answered the call for a commander")
    assert [call.state for call in calls()] == ["resolved"]


def test_at_sev_1_whoever_answers_the_call_has_command_and_leaves_another_role(declared, policy, grace, tick, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="expert", by=grace, now=now)
    tick(now + MINUTE)
    work.acknowledge(alarm=calls()[0], by=grace, now=now + 2 * MINUTE)

    tick(now + 2 * MINUTE)

    assert [(one.role, one.person) for one in queries.roles_now(incident)] == [("commander", grace)]
    assert lines(incident, "role")[2] == (
        "Grace Okafor answered the call for a commander and is expert no more: SEV-1."
    )


def test_an_expert_who_has_another_role_at_sev_1_is_told_so_and_called_no_more(declared, policy, ada, grace, tick, now):
    incident = declared(severity=1)
    assigning.take(incident=incident, role="commander", by=ada, now=now)
    assigning.take(incident=incident, role="scribe", by=grace, now=now)
    call = calling.call_in_expert(incident=incident, by=ada, person=grace, now=now)
    work.acknowledge(alarm=call, by=grace, now=now + MINUTE)

    tick(now + 2 * MINUTE)

    call.refresh_from_db()
    assert call.state == "resolved"
    assert queries.roles_of(incident, grace) == ["scribe"]
    assert "Grace Okafor is scribe already, and at SEV-1 nobody has two roles" in lines(incident, "role")[-1]
    assert Notice.objects.filter(person=grace, text__startswith="You answered a call of incident 1").count() == 1


def test_answering_the_call_of_a_restricted_one_lets_no_stranger_in(declared, policy, mae, tick, now):
    incident = declared(severity=1, restricted=True)
    tick(now + MINUTE)
    work.acknowledge(alarm=calls()[0], by=mae, now=now + 2 * MINUTE)  # every alarm can be answered by everybody

    for second in range(3):
        tick(now + 2 * MINUTE + second * SECOND)

    assert not Incident.objects.visible_to(mae).exists()
    assert queries.command_of(incident) is None
    assert [call.state for call in calls()] == ["resolved", "firing"]


def test_a_restricted_one_is_not_seen_by_whom_its_call_was_handed_to(declared, policy, ada, mae, now, in_force):
    incident = declared(severity=1, restricted=True)
    call = calling.call_in_expert(incident=incident, by=ada, person=ada, why="The key of the vault leaked.", now=now)
    work.reassign(alarm=call, to=mae, by=mae, now=now)

    assert not Incident.objects.visible_to(mae).exists()
    assert "vault" not in f"{call.title} {call.description} {call.product}"
    assert incident.restricted


def test_whoever_stands_by_is_called_first(major, commanders, ada, tick, now):
    assigning.take(incident=major, role="deputy", by=ada, now=now)

    tick(now + MINUTE)

    (call,) = calls()
    assert [(step["wait_s"], step["targets"][0]["name"]) for step in call.plan["steps"]] == [
        (60.0, "Ada Moreno"),
        (540.0, "Commanders"),
    ]  # and again every 10 minutes


def test_a_call_is_as_bad_as_its_incident_has_become(major, ada, tick, now):
    tick(now + MINUTE)
    services.set_severity(incident=major, severity=1, by=ada, now=now + 2 * MINUTE)

    for second in range(2):
        tick(now + 2 * MINUTE + second * SECOND)

    (call,) = calls()
    assert (call.severity, call.state, call.cycle, call.next_due) == (1, "firing", 2, now + 2 * MINUTE)


def test_a_call_that_a_human_ends_comes_again_after_ten_minutes(major, grace, tick, now):
    tick(now + MINUTE)
    alarms.resolve(alarm=calls()[0], by=grace, now=now + 2 * MINUTE)

    tick(now + 2 * MINUTE + SECOND)
    tick(now + 12 * MINUTE - SECOND)
    assert [call.state for call in calls()] == ["resolved"]
    tick(now + 12 * MINUTE)

    assert [call.state for call in calls()] == ["resolved", "firing"]
    assert calls()[1].cycle == 1


def test_command_that_is_left_calls_again_after_a_minute(major, ada, tick, now):
    assigning.take(incident=major, role="commander", by=ada, now=now)
    assigning.release(incident=major, role="commander", by=ada, now=now + HOUR)

    tick(now + HOUR + 59 * SECOND)
    assert calls() == []
    tick(now + HOUR + MINUTE)

    assert [call.state for call in calls()] == ["firing"]


def test_a_minor_one_that_gets_worse_has_its_minute_too(declared, policy, ada, tick, now):
    incident = declared(severity=3)
    services.set_severity(incident=incident, severity=1, by=ada, now=now + HOUR)

    tick(now + HOUR + 59 * SECOND)
    assert calls() == []
    tick(now + HOUR + MINUTE)

    assert [call.severity for call in calls()] == [1]


def test_reopened_it_calls_after_a_minute(major, ada, tick, now):
    assigning.take(incident=major, role="commander", by=ada, now=now)
    services.move(incident=major, move="resolve", by=ada, now=now + HOUR)
    services.move(incident=major, move="reopen", by=ada, now=now + 5 * HOUR)

    tick(now + 5 * HOUR + 59 * SECOND)
    assert calls() == []
    tick(now + 5 * HOUR + MINUTE)

    assert [call.state for call in calls()] == ["firing"]


def test_what_is_restricted_is_called_for_by_its_number(declared, policy, tick, now):
    declared(severity=1, restricted=True, title="Stolen token")

    tick(now + MINUTE)

    assert "Stolen token" not in str(calls()[0].__dict__)


def test_the_call_is_no_alarm_that_the_incident_is_about(major, tick, now):
    tick(now + MINUTE)

    assert list(queries.alarms_of(major)) == []
    assert IncidentAlarm.objects.get().calls is True


def test_nothing_to_do_is_two_queries(major, ada, tick, now, django_assert_num_queries):
    assigning.take(incident=major, role="commander", by=ada, now=now)

    with django_assert_num_queries(2):
        tick(now + HOUR)


def test_an_expert_is_paged_by_skill_and_linked(major, ada, grace, now):
    schedule = make_schedule("Butler", grace)
    schedule.skill = "Data Facility"
    schedule.save()

    alarm = calling.call_in_expert(incident=major, skill="data facility", by=ada, why="The registry blocks.", now=now)

    assert alarm.title == "Expert wanted (Data Facility): incident 1 (No alerts since 02:10)"
    assert alarm.plan["steps"][0]["targets"][0]["id"] == str(schedule.pk)
    assert lines(major, "alarm") == ["Ada Moreno calls in Data Facility. The registry blocks."]
    assert IncidentAlarm.objects.get(alarm=alarm).calls is True


def test_called_in_twice_it_is_one_alarm(major, ada, grace, now):
    both = [calling.call_in_expert(incident=major, person=grace, by=ada, now=now) for _ in range(2)]

    assert both[0] == both[1]
    assert lines(major, "alarm") == ["Ada Moreno calls in Grace Okafor."]


def test_who_answers_is_an_expert_and_the_call_is_over(major, ada, grace, tick, now):
    alarm = calling.call_in_expert(incident=major, person=grace, by=ada, now=now)
    work.acknowledge(alarm=alarm, by=grace, now=now + 5 * SECOND)

    tick(now + 6 * SECOND)

    assert [(one.role, one.person) for one in queries.roles_now(major)] == [("expert", grace)]
    alarm.refresh_from_db()
    assert alarm.state == "resolved"


def test_who_is_called_into_a_restricted_one_can_read_it(declared, policy, ada, grace, mae, now):
    from incidents.alarms.models import AlarmPage
    from oncall.paging import services as paging

    incident = declared(restricted=True)
    alarm = calling.call_in_expert(incident=incident, person=grace, by=ada, now=now)
    page = paging.page(key="x", person=grace, severity=2, title="t", text="t", url="", answer_path="/x/", now=now)
    AlarmPage.objects.create(alarm=alarm, cycle=1, step=0, page=page, why="", linked_at=now)

    seen = [Incident.objects.visible_to(one).filter(pk=incident.pk).exists() for one in (grace, mae)]

    assert seen == [True, False]


@pytest.mark.parametrize(
    ("whom", "field"),
    [({}, "skill"), ({"skill": "Nobody's"}, "skill"), ({"skill": "Empty"}, "skill"), ({"both": True}, "skill")],
)
def test_a_call_to_nobody_is_refused(major, ada, grace, now, whom, field):
    empty = make_schedule("Empty")
    empty.skill = "Empty"
    empty.save()
    if whom.pop("both", None):
        whom = {"skill": "Empty", "person": grace}

    with pytest.raises(Refused) as refusal:
        calling.call_in_expert(incident=major, by=ada, now=now, **whom)

    assert refusal.value.field == field


def test_command_is_due_to_pass_after_three_hours(major, ada, in_force, now):
    assigning.take(incident=major, role="commander", by=ada, now=now)

    assert watch.remind(now=now + 3 * HOUR - SECOND, limits=in_force) == 0
    for minute in (0, 1, 59):
        watch.remind(now=now + 3 * HOUR + minute * MINUTE, limits=in_force)

    assert lines(major, "role")[-1] == "Ada Moreno has had command for 3 h: it is due to pass to somebody else."
    assert len(lines(major, "role")) == 2
    (notice,) = Notice.objects.filter(person=ada)
    assert notice.text.startswith("You have had command of incident 1 (No alerts since 02:10) for 3 h.")


def test_and_is_said_again_every_hour(major, ada, in_force, now):
    assigning.take(incident=major, role="commander", by=ada, now=now)

    for hour in (3, 4, 5):
        watch.remind(now=now + hour * HOUR, limits=in_force)

    assert Notice.objects.filter(person=ada).count() == 3
    assert len(lines(major, "role")) == 2


def test_the_numbers_are_limits(db):
    rows = Limit.objects.filter(name__startswith="commander_").values_list("name", "value", "unit")

    assert {(name, int(value), unit) for name, value, unit in rows} == {
        ("commander_grace_s", 60, "s"), ("commander_repeat_s", 600, "s"), ("commander_due_s", 10800, "s"),
        ("commander_remind_s", 3600, "s"),
    }  # fmt: skip
