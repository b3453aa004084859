"""“Page Data Facility” in a step: whoever is on call for the skill is paged once, about this alarm."""

import pytest

from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import CALLED_IN, Alarm, AlarmPage
from incidents.command import services as command
from incidents.command import watch
from incidents.following import calling, queries, services
from oncall.limits import queries as limits
from playbooks.library import services as library
from playbooks.runs.services import Refused
from tests.conftest import make_person, make_schedule
from tests.incidents.following.conftest import SOURCE

pytestmark = pytest.mark.django_db


def test_pressed_twice_pages_once_and_whoever_has_the_alarm_keeps_it(run, alarm, ada, grace, mae, facility, now):
    work.acknowledge(alarm=alarm, by=ada, now=now)
    calling.page_skill(run=run, step=2, by=ada, now=now)
    calling.page_skill(run=run, step=2, by=grace, now=now)

    link = AlarmPage.objects.get(alarm=alarm, step=CALLED_IN)
    assert link.page.person == mae
    assert alarm.log.filter(kind="called_in").count() == 1
    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada
    called = queries.calls_of(run)[2]
    assert [one.words for one in called] == [f"Mae Castillo: calling (code {link.page.reference})"]


def test_nobody_on_call_is_said_plainly(run, ada, facility, mae, now):
    mae.turns.update(left_at=now, joined_at=now) if hasattr(mae.turns.model, "joined_at") else mae.turns.all().delete()

    with pytest.raises(calling.NobodyToCall, match=r"^Nobody is on call for Data Facility now\. Escalate the alarm\.$"):
        calling.page_skill(run=run, step=2, by=ada, now=now)


def test_a_skill_that_no_schedule_has_is_said_plainly(run, ada, now):
    with pytest.raises(calling.NobodyToCall, match="No schedule is for “Data Facility”"):
        calling.page_skill(run=run, step=2, by=ada, now=now)


def test_whoever_is_on_call_for_it_does_not_page_themselves(run, mae, facility, now):
    with pytest.raises(calling.NobodyToCall, match="You are on call for Data Facility yourself"):
        calling.page_skill(run=run, step=2, by=mae, now=now)


def test_a_resolved_alarm_pages_nobody(run, alarm, ada, facility, now):
    alarms.resolve(alarm=alarm, by=ada, now=now)
    with pytest.raises(calling.NobodyToCall, match="was resolved by Ada Moreno at 03:10 UTC"):
        calling.page_skill(run=run, step=2, by=ada, now=now)


def test_a_step_without_a_skill_pages_nobody(run, ada, now):
    with pytest.raises(Refused, match="Step 1 pages nobody"):
        calling.page_skill(run=run, step=1, by=ada, now=now)


def test_in_an_incident_they_are_called_into_it_once(run, alarm, ada, facility, now):
    incident = command.declare(title="No alerts", severity=3, alarms=[alarm], by=ada, now=now)
    first = calling.page_skill(run=run, step=2, by=ada, now=now)
    again = calling.page_skill(run=run, step=2, by=ada, now=now)

    assert first == again
    assert incident.alarm_links.get(calls=True).alarm == first.alarm
    assert first.alarm.title.startswith("Expert wanted (Data Facility): ")
    assert Alarm.objects.count() == 2


@pytest.fixture
def called(run, alarm, ada, facility, now):
    """Mae is called into the incident of the alarm, from step 2."""
    command.declare(title="No alerts", severity=3, alarms=[alarm], by=ada, now=now)
    return calling.page_skill(run=run, step=2, by=ada, now=now).alarm


def test_who_has_joined_is_named_and_not_paged_again(run, called, ada, mae, now):
    work.acknowledge(alarm=called, by=mae, now=now)
    watch.keep(now=now, limits=limits.at(now))

    assert queries.calls_of(run)[2][0].words == "Mae Castillo has joined the incident"
    with pytest.raises(calling.NobodyToCall, match="Mae Castillo is on call for Data Facility and in the inc"):
        calling.page_skill(run=run, step=2, by=ada, now=now)
    assert Alarm.objects.get(pk=called.pk).state == "resolved"


def test_a_call_that_nobody_answered_says_so(run, called, now):
    alarms.resolve(alarm=called, now=now, why="by hand")

    assert queries.calls_of(run)[2][0].words == "Nobody answered, and the call is over"


def test_nobody_calls_themselves_into_an_incident(run, alarm, ada, mae, facility, now):
    command.declare(title="No alerts", severity=3, alarms=[alarm], by=ada, now=now)
    with pytest.raises(calling.NobodyToCall, match="You are on call for Data Facility yourself"):
        calling.page_skill(run=run, step=2, by=mae, now=now)


def test_a_run_that_is_over_pages_nobody(run, alarm, ada, grace, facility, now):
    services.end(run=run, how="failed", by=grace, now=now)
    with pytest.raises(Refused, match=r"^It ended at 03:10 UTC, without success: nobody is paged from it\."):
        calling.page_skill(run=run, step=2, by=ada, now=now)

    assert not AlarmPage.objects.filter(alarm=alarm, step=CALLED_IN).exists()


@pytest.fixture
def both(playbook, alarm, ada, facility, policy, now):
    """A run whose second step pages two skills, of which Finn has the second."""
    finn = make_person("Finn Reyes", "+14155550109", email="finn@example.org")
    schedule = make_schedule("Stream", finn)
    schedule.skill = "Alert Stream"
    schedule.save()
    source = SOURCE.replace("page: Data Facility", "page: Data Facility, Alert Stream")
    playbook = library.revise(playbook=playbook, source=source, seen=1, by=None, now=now)
    return services.start(playbook=playbook, alarm=alarm, by=ada, now=now)[0]


@pytest.mark.parametrize(("declared", "pages"), [(False, 2), (True, 0)])
def test_a_step_pages_each_of_its_skills_by_itself(both, alarm, ada, now, declared, pages):
    if declared:
        command.declare(title="No alerts", severity=3, alarms=[alarm], by=ada, now=now)
    for skill in ("Alert Stream", "data facility", "Data Facility"):
        calling.page_skill(run=both, step=2, skill=skill, by=ada, now=now)

    assert [one.skill for one in both.calls.all()] == ["Alert Stream", "Data Facility"]
    assert AlarmPage.objects.filter(alarm=alarm, step=CALLED_IN).count() == pages


@pytest.mark.parametrize("skill", ["", "SQuaRE"])
def test_of_several_skills_one_is_to_be_named(both, ada, now, skill):
    with pytest.raises(Refused, match="Name one of Data Facility, Alert Stream") as refused:
        calling.page_skill(run=both, step=2, skill=skill, by=ada, now=now)

    assert refused.value.field == "skill"
