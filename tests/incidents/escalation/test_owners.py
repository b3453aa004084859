"""A step that calls the product's owner: whoever owns it, or what is above it, as the alarm fires."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from incidents.alarms import engine, services
from incidents.alarms.models import PEOPLE, Alarm, LogEntry
from incidents.escalation import owners
from incidents.escalation.models import EscalationPolicy, Step
from incidents.escalation.queries import snapshot
from incidents.escalation.unreachable_rules import overtaken_by
from oncall import clock
from oncall.catalogue.models import Product
from oncall.catalogue.services import import_table
from oncall.limits import queries as limits
from oncall.paging.models import NotificationRule
from oncall.people.models import Team
from tests.conftest import NOW, make_schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tree(db):
    clock.travel(NOW - clock.now())
    import_table(text="path\nDM\nDM/Butler\nDM/EFD\n", now=NOW)


@pytest.fixture
def team(ada):
    team = Team.objects.create(name="Middleware", slug="middleware")
    team.members.add(ada)
    return team


@pytest.fixture
def by_owner(grace):
    """The owner at once; after five minutes Grace."""
    policy = EscalationPolicy.objects.create(name="Owner first", rounds=1, is_default=True)
    Step.objects.create(policy=policy, position=0, owner=True)
    Step.objects.create(policy=policy, position=1, person=grace)
    return policy


def fire(product: str, policy: EscalationPolicy) -> Alarm:
    firing = services.Firing(title="Slow", severity=2, source_id=PEOPLE, source="test", product=product)
    alarm = services.fire(firing=firing, policy=policy, now=NOW)
    engine.escalate_due(now=NOW, limits=limits.at(NOW))
    return Alarm.objects.get(pk=alarm.pk)


def called(alarm: Alarm) -> list[str]:
    return list(alarm.links.order_by("linked_at").values_list("page__person__name", flat=True))


def lines(alarm: Alarm, kind: str) -> list[str]:
    return list(alarm.log.filter(kind=kind).order_by("pk").values_list("text", flat=True))


def test_a_team_without_a_schedule_is_everybody_in_it(team, by_owner):
    Product.objects.filter(path="DM").update(owner_team=team)

    alarm = fire("DM/Butler", by_owner)

    assert called(alarm) == ["Ada Moreno"]
    assert lines(alarm, LogEntry.Kind.STEP) == ["Step 1: everyone in Middleware, for DM."]


def test_a_team_with_a_schedule_is_whoever_is_on_call_there(team, by_owner, pilot):
    schedule = make_schedule("Middleware on call", pilot)
    schedule.team = team
    schedule.save()
    Product.objects.filter(path="DM/Butler").update(owner_team=team)

    alarm = fire("DM/Butler", by_owner)

    assert called(alarm) == ["Petra Pilot"]
    assert alarm.plan["steps"][0]["targets"][0]["kind"] == "schedule"


def test_of_two_schedules_the_one_that_promises_more_is_called(team):
    for name, needs in (("A", "nobody"), ("B", "night"), ("C", "night")):
        schedule = make_schedule(name)
        schedule.team, schedule.needs = team, needs
        schedule.save()
    Product.objects.filter(path="DM").update(owner_team=team)

    assert owners.of_product("DM/EFD").name == "B, for DM"


def test_a_person_who_owns_it_is_called(ada, by_owner):
    Product.objects.filter(path="DM/Butler").update(owner_person=ada)

    assert called(fire("DM/Butler", by_owner)) == ["Ada Moreno"]


@pytest.mark.parametrize("product", ["DM/Butler", "", "Nobody knows this"])
def test_without_an_owner_the_next_step_comes_at_once(product, by_owner):
    alarm = fire(product, by_owner)

    assert called(alarm) == ["Grace Okafor"]
    assert lines(alarm, LogEntry.Kind.NOBODY)[0] == "Step 1 reaches nobody. Going on at once."


def test_a_foreign_owner_is_logged_with_how_to_reach_them(by_owner):
    Product.objects.filter(path="DM/EFD").update(elsewhere="TSSW", elsewhere_contact="+56 51 220 5200")

    alarm = fire("DM/EFD", by_owner)

    assert lines(alarm, LogEntry.Kind.STEP)[0] == (
        "Step 1: the product's owner (for EFD, which is of TSSW, elsewhere: +56 51 220 5200; nobody here stands for "
        "them, so somebody must turn to them)."
    )
    assert called(alarm) == ["Grace Okafor"]


def test_the_team_that_stands_for_a_foreign_owner_is_called(team, by_owner):
    Product.objects.filter(path="DM/EFD").update(elsewhere="TSSW", elsewhere_contact="room 5", owner_team=team)

    alarm = fire("DM/EFD", by_owner)

    assert called(alarm) == ["Ada Moreno"]
    assert "which is of TSSW, elsewhere: room 5" in lines(alarm, LogEntry.Kind.STEP)[0]


def test_an_alarm_keeps_the_owner_it_began_with(ada, by_owner):
    Product.objects.filter(path="DM/Butler").update(owner_person=ada)
    alarm = fire("DM/Butler", by_owner)
    Product.objects.filter(path="DM/Butler").update(owner_person=None)

    assert alarm.plan["steps"][0]["targets"][0]["name"] == "Ada Moreno, for Butler"


def test_a_policy_without_such_a_step_costs_no_more(policy, django_assert_num_queries):
    with django_assert_num_queries(1):
        snapshot(policy.pk, product="DM/Butler")


def test_a_step_has_one_target(by_owner, ada):
    with pytest.raises(IntegrityError), transaction.atomic():
        Step.objects.filter(owner=True).update(person=ada)


def test_the_owner_is_chosen_and_shown_on_the_policys_page(client, pilot, team):
    client.force_login(pilot)
    Product.objects.filter(path="DM/Butler").update(owner_team=team)
    data = {
        "name": "Experts", "description": "", "rounds": "1", "make_default": "on",
        "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0", "steps-0-target": "owner:", "steps-0-wait_s": "300",
    }  # fmt: skip

    answer = client.post(reverse("policy_new"), data)

    step = Step.objects.get(policy__name="Experts")
    assert (step.owner, step.target_name) == (True, "the product's owner")
    page = client.get(answer.url).content.decode()
    assert "depends on the alarm's product" in page
    shown = client.get(answer.url, {"product": "DM/Butler"}).content.decode()
    assert "everyone in Middleware, for Butler" in shown
    assert "Ada Moreno" in shown
    edit = client.get(reverse("policy_edit", args=[step.policy_id])).content.decode()
    assert '<option value="owner:" selected>' in edit


def test_new_steps_of_a_policy_call_each_open_alarms_own_owner(ada, grace, by_owner, pilot):
    from incidents.alarms import replanning

    Product.objects.filter(path="DM/Butler").update(owner_person=ada)
    Product.objects.filter(path="DM/EFD").update(owner_person=pilot)
    butler, efd = fire("DM/Butler", by_owner), fire("DM/EFD", by_owner)

    replanning.apply(policy=by_owner, by=grace, now=NOW + timedelta(minutes=1))

    names = [Alarm.objects.get(pk=one.pk).plan["steps"][0]["targets"][0]["name"] for one in (butler, efd)]
    assert names == ["Ada Moreno, for Butler", "Petra Pilot, for EFD"]


def test_who_may_be_called_as_an_owner_is_told_so(team, ada, grace, by_owner):
    Product.objects.filter(path="DM").update(owner_team=team)

    assert [one.step for one in Step.turns_of(ada, NOW)] == [1]
    assert [one.step for one in Step.turns_of(grace, NOW)] == [2]


def test_rules_of_owners_that_come_too_late_are_shown(team, ada, by_owner):
    Product.objects.filter(path="DM").update(owner_team=team)
    contact = ada.contact_methods.get()
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=0, channel="sms", contact=contact)
    NotificationRule.objects.create(person=ada, urgency="high", delay_s=900, channel="voice", contact=contact)

    found = overtaken_by(by_owner, now=NOW)

    assert [(one.person, one.step) for one in found] == [(ada, 1)]
