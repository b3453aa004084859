"""Rules that a policy overtakes: whose, at which step, and who is asked at all."""

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.escalation.models import EscalationPolicy, Step
from incidents.escalation.unreachable_rules import overtaken_by
from oncall.paging.models import ContactMethod, NotificationRule
from oncall.paging.reach import reach, turns_of
from oncall.people.models import Person, Team
from rotations.schedule.models import Participant
from tests.conftest import NOW, make_person, make_policy, make_schedule

pytestmark = pytest.mark.django_db


def rule(person: Person, delay_s: int, urgency: str = "high") -> None:
    contact = person.contact_methods.get()
    NotificationRule.objects.create(person=person, urgency=urgency, delay_s=delay_s, channel="voice", contact=contact)


def said(policy: EscalationPolicy) -> list[tuple[str, int, str]]:
    return [(one.person.name, one.step, one.words) for one in overtaken_by(policy, now=NOW)]


def test_a_rule_after_its_step_is_named_with_its_person_and_step(ada, grace):
    rule(ada, 600)
    assert said(make_policy("Night", ada, grace, wait_s=300)) == [
        ("Ada Moreno", 1, "what comes after 10 minutes may never come: after 5 minutes the next person is called")
    ]


def test_a_rule_at_the_very_second_is_in_time(ada):
    rule(ada, 300)
    assert said(make_policy("Night", ada, wait_s=300)) == []


def test_the_usual_rules_are_judged_too_where_somebody_has_none(ada):
    assert said(make_policy("Hasty", ada, wait_s=120)) == [
        ("Ada Moreno", 1, "what comes after 3 minutes may never come: after 2 minutes the next person is called")
    ]


def test_rules_for_low_urgency_are_judged_too(ada):
    rule(ada, 0)
    rule(ada, 1800, urgency="low")
    assert [words for _, _, words in said(make_policy("Night", ada, wait_s=300))] == [
        "what comes after 30 minutes may never come: after 5 minutes the next person is called"
    ]


def test_everybody_who_takes_turns_is_asked_and_not_only_who_is_on_call_now(ada, grace):
    rule(grace, 600)
    policy = make_policy("Night", make_schedule("Triage", ada, grace), wait_s=300)
    assert [name for name, _, _ in said(policy)] == ["Grace Okafor"]


def test_who_left_the_rotation_is_not_asked(ada, grace):
    rule(grace, 600)
    policy = make_policy("Night", make_schedule("Triage", ada, grace), wait_s=300)
    Participant.objects.filter(person=grace).update(left_at=NOW - timedelta(days=1))
    assert said(policy) == []


def test_members_of_a_team_are_asked(ada):
    rule(ada, 600)
    team = Team.objects.create(name="Triage", slug="triage")
    team.members.add(ada)
    policy = EscalationPolicy.objects.create(name="Night", rounds=1)
    Step.objects.create(policy=policy, position=0, wait_s=300, team=team)
    assert [name for name, _, _ in said(policy)] == ["Ada Moreno"]


def test_what_is_out_of_use_is_not_judged(ada):
    rule(ada, 600)
    ContactMethod.objects.update(disabled_at=NOW, disabled_reason="STOP")
    assert said(make_policy("Night", ada, wait_s=300)) == []


def test_a_big_policy_costs_a_constant_number_of_queries(ada, django_assert_max_num_queries):
    people = [make_person(f"P{n:02}", f"+1415555{n:04}") for n in range(20)]
    for person in people:
        rule(person, 600)
    policy = make_policy("Night", make_schedule("Triage", *people), *people[:5], wait_s=300)
    with django_assert_max_num_queries(10):
        found = overtaken_by(policy, now=NOW)
    assert len(found) == 25


def test_a_person_is_told_of_each_step_that_can_call_them(ada, grace):
    make_policy("Night", make_schedule("Triage", grace, ada), grace, wait_s=300)
    make_policy("Day", ada, wait_s=900)
    make_policy("Others", grace, wait_s=60)
    assert sorted((turn.policy, turn.step, turn.wait_s) for turn in turns_of(ada, now=NOW)) == [
        ("Day", 1, 900.0), ("Night", 1, 300.0),
    ]  # fmt: skip


def test_the_soonest_step_is_in_the_sentence_of_a_persons_page(ada, grace):
    make_policy("Day", ada, wait_s=900)
    make_policy("Night", ada, grace, wait_s=300)
    assert reach(ada, now=NOW).then == ("then, 5 minutes after the page began, the policy Night calls the next person")


def test_the_policys_page_shows_whose_rules_come_too_late(client, ada, grace):
    rule(ada, 600)
    policy = make_policy("Night", ada, grace, wait_s=300)
    client.force_login(grace)
    page = client.get(reverse("policy", args=[policy.pk])).content.decode()
    assert "Rules that come too late" in page
    assert "what comes after 10 minutes may never come" in page
