"""A step that reaches nobody goes on at once, and whoever leads its tier is told once."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE
from incidents.escalation.models import EscalationPolicy, Step
from oncall.limits import queries as limits
from oncall.paging.models import Notice, Page
from oncall.people.models import Team
from tests.conftest import NOW, make_person, make_policy, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(db):
    return make_person("Lena Lead", "+14155550104")


def of_team(schedule, lead):
    schedule.team = Team.objects.create(name=f"Team of {schedule.name}", slug=f"t-{schedule.slug}", lead=lead)
    schedule.save()
    return schedule


def fire(policy, now=NOW):
    firing = services.Firing(title="No alerts", severity=2, source_id=PEOPLE, source="test", key="k")
    alarm = services.fire(firing=firing, policy=policy, now=now)
    run(now)
    return alarm


def run(now):
    engine.escalate_due(now=now, limits=limits.at(now))


def told():
    return [(one.person.name, one.text) for one in Notice.objects.select_related("person").order_by("created_at")]


def test_the_lead_of_an_empty_rotation_is_told_while_the_next_step_is_called(grace, lead):
    """F45: nobody is on call, so the next step comes at once."""
    fire(make_policy("P", of_team(make_schedule("Empty"), lead), grace))

    assert Page.objects.get().person == grace
    ((name, text),) = told()
    assert name == "Lena Lead"
    assert text.startswith("“No alerts” called Empty, and nobody is on call there. The next step was called at once.")


def test_the_lead_of_somebody_without_any_way_is_told_who(grace, lead):
    """F44: no telephone, so the step fails over at once."""
    fire(make_policy("P", of_team(make_schedule("Triage", make_person("Nora Nophone")), lead), grace))

    assert "called Triage, and Nora Nophone cannot be reached" in told()[0][1]


def test_who_no_way_got_through_to_is_told_of_too(ada, grace, lead):
    fire(make_policy("P", of_team(make_schedule("Triage", ada), lead), grace))
    Page.objects.update(state="unreachable", next_due=None, ended_at=NOW)
    engine.hasten(now=NOW, limits=limits.at(NOW))

    assert [(name, "Ada Moreno could not be reached" in text) for name, text in told()] == [("Lena Lead", True)]


def test_one_who_is_reached_is_enough(ada, grace, lead):
    policy = EscalationPolicy.objects.create(name="P", rounds=1)
    schedule = of_team(make_schedule("Triage", make_person("Nora Nophone")), lead)
    Step.objects.create(policy=policy, position=0, wait_s=0, schedule=schedule)
    Step.objects.create(policy=policy, position=1, wait_s=300, person=ada)
    fire(policy)

    assert told() == []


def test_a_tier_without_a_lead_tells_the_pilot(grace, pilot):
    fire(make_policy("P", make_schedule("Empty"), grace))

    assert [name for name, _ in told()] == ["Petra Pilot"]


def test_a_step_says_it_once_in_a_cycle_and_again_in_the_next(lead):
    policy = make_policy("P", of_team(make_schedule("Empty"), lead), rounds=2)
    alarm = fire(policy)
    run(NOW + timedelta(minutes=20))
    assert len(told()) == 1

    services.restart(alarm, now=NOW + timedelta(minutes=30))
    run(NOW + timedelta(minutes=30))
    assert len(told()) == 2


def test_who_is_named_and_unreachable_is_not_told_about_themselves(lead):
    nora = make_person("Nora Nophone")
    Team.objects.create(name="T", slug="t", lead=nora).members.add(nora)
    fire(make_policy("P", nora, lead))

    assert told() == []


def test_a_plan_that_cannot_be_read_keeps_nobody_from_being_called(pilot, lead):
    alarm = fire(make_policy("P", of_team(make_schedule("Empty"), lead)))
    alarm.plan = {"steps": "?"}
    from incidents.alarms import leads

    assert leads.tell(alarm, step=0, why="nobody is on call there", now=NOW) == []
