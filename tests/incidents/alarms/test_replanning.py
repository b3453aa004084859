"""A policy is changed, or taken away, while alarms run by it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from incidents.alarms import engine, replanning, services, work
from incidents.alarms.models import PEOPLE
from incidents.escalation.models import Step
from incidents.escalation.services import StillUsed, Wanted, delete_policy, save_policy
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Page
from oncall.people.leaving import StillNeeded, deactivate
from tests.conftest import NOW, make_person, make_policy, make_schedule

pytestmark = pytest.mark.django_db


def fire(policy, key="k", now=NOW):
    firing = services.Firing(title=f"No alerts {key}", severity=2, source_id=PEOPLE, source="test", key=key)
    alarm = services.fire(firing=firing, policy=policy, now=now)
    run(now)
    alarm.refresh_from_db()
    return alarm


def run(now):
    engine.escalate_due(now=now, limits=limits.at(now))


def called():
    return sorted(page.person.username for page in Page.objects.calling().select_related("person"))


def test_unasked_an_open_alarm_keeps_the_steps_it_began_with(ada, grace, pilot):
    """F47: the copy goes on, though the step it names is gone from the policy."""
    policy = make_policy("P", ada, grace)
    fire(policy)
    save_policy(policy=policy, steps=[Wanted(300, person=pilot)])
    run(NOW + timedelta(minutes=5))

    assert called() == ["ada", "grace"]


def test_applied_the_present_step_is_called_anew_at_once(ada, grace, pilot):
    """F47."""
    policy = make_policy("P", ada, grace)
    alarm = fire(policy)
    save_policy(policy=policy, steps=[Wanted(300, person=pilot), Wanted(600, person=grace)])
    assert replanning.apply(policy=policy, by=pilot, now=NOW + timedelta(minutes=1)) == 1
    run(NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert called() == ["ada", "petra"]
    assert alarm.next_due == NOW + timedelta(minutes=6)
    assert alarm.log.get(kind="replanned").text == "Petra Pilot changed P: its new steps count."


def test_applied_to_an_alarm_past_its_shorter_end_goes_on_in_the_next_round(ada, grace, pilot):
    """F47: a step was deleted under it."""
    policy = make_policy("P", ada, grace, rounds=2)
    fire(policy)
    run(NOW + timedelta(minutes=5))
    save_policy(policy=policy, steps=[Wanted(300, person=pilot)])
    replanning.apply(policy=policy, by=pilot, now=NOW + timedelta(minutes=6))
    run(NOW + timedelta(minutes=6))

    assert called() == ["ada", "grace", "petra"]


def test_applied_to_what_somebody_has_calls_nobody(ada, pilot):
    policy = make_policy("P", ada)
    alarm = fire(policy)
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    save_policy(policy=policy, steps=[Wanted(300, person=pilot)])
    replanning.apply(policy=policy, by=pilot, now=NOW + timedelta(minutes=1))
    run(NOW + timedelta(minutes=1))

    alarm.refresh_from_db()
    assert (alarm.state, called(), alarm.plan["steps"][0]["targets"][0]["name"]) == ("acknowledged", [], "Petra Pilot")


def test_applied_to_what_was_handed_over_waits_for_them_as_before(ada, grace, pilot):
    policy = make_policy("P", ada)
    alarm = fire(policy)
    work.reassign(alarm=alarm, to=grace, by=ada, now=NOW)
    save_policy(policy=policy, steps=[Wanted(300, person=pilot)])
    replanning.apply(policy=policy, by=pilot, now=NOW + timedelta(minutes=1))
    run(NOW + timedelta(minutes=1))

    assert called() == ["grace"]


def test_alarms_of_other_policies_and_resolved_ones_are_left_alone(ada, grace, pilot):
    policy = make_policy("P", ada)
    other, over = fire(make_policy("Q", grace), key="q"), fire(policy, key="over")
    services.resolve(alarm=over, now=NOW)
    save_policy(policy=policy, steps=[Wanted(300, person=pilot)])

    assert replanning.apply(policy=policy, by=pilot, now=NOW) == 0
    other.refresh_from_db()
    assert other.plan["name"] == "Q"


def test_a_policy_of_an_open_alarm_is_not_deleted(ada):
    """F47."""
    policy = make_policy("P", ada)
    alarm = fire(policy)

    with pytest.raises(StillUsed, match=r"P is running for “No alerts k”\. Wait until that is resolved\."):
        delete_policy(policy=policy)
    services.resolve(alarm=alarm, now=NOW)
    delete_policy(policy=policy)


def test_a_schedule_that_an_open_alarm_will_ask_is_not_deleted_by_anybody(ada, grace):
    """F47: no step of a policy names it any more, but an open alarm does."""
    schedule = make_schedule("Triage", ada)
    policy = make_policy("P", schedule)
    alarm = fire(policy)
    save_policy(policy=policy, steps=[Wanted(300, person=grace)])

    with pytest.raises(IntegrityError, match="An open alarm calls Triage"), transaction.atomic():
        schedule.delete()
    services.resolve(alarm=alarm, now=NOW)


def test_who_has_an_open_alarm_or_will_be_called_by_it_does_not_leave(ada, grace, pilot):
    """F43: their account stays open until somebody else has it."""
    policy = make_policy("P", ada, grace)
    alarm = fire(policy)
    nora = make_person("Nora New", "+14155550109")
    work.acknowledge(alarm=alarm, by=nora, now=NOW)
    Step.objects.all().delete()

    for person in (nora, grace):
        with pytest.raises(StillNeeded, match="the open alarm “No alerts k”"):
            deactivate(person=person, by=pilot, now=NOW)


@pytest.fixture
def as_pilot(client, pilot):
    clock.travel(NOW - clock.now())
    client.force_login(pilot)
    return client


def form(policy, target, **more):
    return {
        "name": policy.name, "rounds": "1", "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0",
        "steps-0-target": target, "steps-0-wait_s": "300",
    } | more  # fmt: skip


@pytest.mark.parametrize(("choice", "expected"), [({}, ["ada"]), ({"open_alarms": "apply"}, ["ada", "grace"])])
def test_the_form_asks_and_leaves_open_alarms_alone_by_default(as_pilot, ada, grace, choice, expected):
    policy = make_policy("P", ada)
    fire(policy, now=clock.now())
    assert "1 open alarm of this policy" in as_pilot.get(f"/policies/{policy.pk}/edit/").content.decode()
    as_pilot.post(f"/policies/{policy.pk}/edit/", form(policy, f"person:{grace.pk}", **choice))
    run(clock.now())

    assert called() == expected


def test_the_form_asks_nothing_where_nothing_is_open(as_pilot, ada):
    policy = make_policy("P", ada)

    assert "open alarm" not in as_pilot.get(f"/policies/{policy.pk}/edit/").content.decode()


def test_changing_a_policy_keeps_a_step_that_calls_the_secondary(as_pilot, ada):
    schedule = make_schedule("Triage", ada)
    policy = make_policy("P", schedule)
    policy.steps.update(role="secondary")
    text = as_pilot.get(f"/policies/{policy.pk}/edit/").content.decode()
    assert f'value="schedule:{schedule.pk}:secondary" selected' in text
    as_pilot.post(f"/policies/{policy.pk}/edit/", form(policy, f"schedule:{schedule.pk}:secondary"))

    assert policy.steps.get().role == "secondary"


def test_steps_at_the_same_time_are_one_step_of_an_alarm(ada, grace):
    """Both are called at once; a person who came on call for either would be, too."""
    policy = make_policy("P", ada, grace)
    policy.steps.filter(position=0).update(wait_s=0)
    alarm = fire(policy)

    assert [len(step["targets"]) for step in alarm.plan["steps"]] == [2]
    assert called() == ["ada", "grace"]


def test_who_comes_on_call_later_for_a_step_at_the_same_time_is_called(ada, grace, pilot):
    from rotations.changes.models import Override

    triage = make_schedule("Triage", ada)
    policy = make_policy("P", triage, grace)
    policy.steps.filter(position=0).update(wait_s=0)
    Override.objects.create(
        schedule=triage, person=pilot, starts_at=NOW + timedelta(minutes=2), ends_at=NOW + timedelta(hours=1),
        by=pilot, created_at=NOW - timedelta(days=1),
    )  # fmt: skip
    fire(policy)
    run(NOW + timedelta(minutes=2))

    assert "petra" in called()
