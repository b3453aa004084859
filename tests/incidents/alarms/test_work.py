"""What people do to an alarm: one has it, the others are told, and an old answer decides nothing."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, replies, services, work
from incidents.alarms.models import PEOPLE, Alarm
from incidents.alarms.replies import Verb
from oncall.limits import queries as limits
from oncall.paging import claims, outbox
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.models import Attempt, Page
from rotations.leave.models import CallOut, Evidence
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=1)


def fire(policy, key="k", title="No alerts", now=NOW):
    firing = services.Firing(title=title, severity=2, source_id=PEOPLE, source="test", key=key)
    return services.fire(firing=firing, policy=policy, now=now)


def page_out(now=NOW):
    """Take the steps that are due and hand every claimed attempt to the provider, which accepts it."""
    in_force = limits.at(now)
    engine.escalate_due(now=now, limits=in_force)
    for attempt, _ in claims.claim_pages(now=now, limits=in_force, at_most=10):
        assert attempt.lease_token is not None
        outcome = Outcome(Verdict.ACCEPTED, sid=f"SM{attempt.pk.hex}", status="queued")
        outbox.record_outcome(
            attempt_id=attempt.pk, lease=attempt.lease_token, outcome=outcome, now=now, limits=in_force
        )


@pytest.fixture
def alarm(policy):
    made = fire(policy)
    page_out()
    return made


def test_the_first_to_answer_keeps_the_alarm(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    with pytest.raises(work.AlreadyAcknowledged, match=r"Ada Moreno took this at 03:10 UTC\."):
        work.acknowledge(alarm=alarm, by=grace, now=LATER)


def test_acknowledging_ends_the_page(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)

    assert Page.objects.get().state == "answered"


def test_what_somebody_else_acknowledges_cancels_the_page(alarm, grace):
    work.acknowledge(alarm=alarm, by=grace, now=LATER)

    assert Page.objects.get().state == "cancelled"


def test_acknowledging_again_renews_it(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.acknowledge(alarm=alarm, by=ada, now=LATER)

    alarm.refresh_from_db()
    assert alarm.next_due == LATER + timedelta(hours=1)


def test_an_answer_to_an_older_cycle_is_refused(alarm, ada, policy):
    services.resolve(alarm=alarm, now=NOW)
    fire(policy, now=LATER)

    with pytest.raises(services.AlreadyResolved, match="begun anew"):
        work.acknowledge(alarm=alarm, by=ada, now=LATER, cycle=1)


def test_a_late_press_cannot_escalate_twice(alarm, ada):
    engine.escalate_due(now=NOW + timedelta(minutes=5), limits=limits.at(NOW))

    with pytest.raises(work.AlreadyEscalated, match="03:15 UTC"):
        work.escalate(alarm=alarm, by=ada, now=NOW + timedelta(minutes=6), as_of=LATER)


def test_escalating_calls_the_next_step_now(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)
    work.escalate(alarm=alarm, by=ada, now=LATER)
    engine.escalate_due(now=LATER, limits=limits.at(LATER))

    assert Page.objects.filter(person__username="grace", state="calling").exists()


def test_handing_over_pages_the_other_and_gives_them_five_minutes(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.reassign(alarm=alarm, to=grace, by=ada, now=LATER)

    alarm.refresh_from_db()
    assert (alarm.state, alarm.next_due) == ("firing", LATER + timedelta(minutes=5))
    assert Page.objects.get(state="calling").person == grace


def test_handing_over_to_somebody_unreachable_changes_nothing(alarm, ada):
    from oncall.paging.services import Unreachable
    from tests.conftest import make_person

    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    with pytest.raises(Unreachable, match="Nora Nophone"):
        work.reassign(alarm=alarm, to=make_person("Nora Nophone"), by=ada, now=LATER)

    alarm.refresh_from_db()
    assert alarm.acknowledged_by == ada


def test_a_text_with_the_code_acknowledges_what_it_told(alarm, ada):
    page, attempt = Page.objects.get(), Attempt.objects.get()

    reply = replies.answer(page=page, attempt=attempt, verb=Verb.ACKNOWLEDGE, now=LATER)

    assert reply == replies.Reply("Acknowledged. You have No alerts.", True)
    page.refresh_from_db()
    assert page.state == "answered"


def test_an_answer_does_not_cover_what_joined_the_page_since(alarm, ada, policy):
    """Ada was told of one alarm; a second joins her page ten seconds later; her reply takes only the first."""
    first = Attempt.objects.get()
    second = fire(policy, key="other", title="Other", now=NOW + timedelta(seconds=10))
    engine.escalate_due(now=NOW + timedelta(seconds=10), limits=limits.at(NOW))

    reply = replies.answer(
        page=Page.objects.get(), attempt=first, verb=Verb.ACKNOWLEDGE, now=NOW + timedelta(seconds=20)
    )

    second.refresh_from_db()
    assert second.state == "firing"
    assert "1 more came in since. You are paged again for that." in reply.text
    assert Page.objects.get(state="calling").title == "Other"


def test_a_late_reply_is_told_who_has_it(alarm, ada, grace):
    page, attempt = Page.objects.get(), Attempt.objects.get()
    work.acknowledge(alarm=alarm, by=grace, now=NOW)

    reply = replies.answer(page=page, attempt=attempt, verb=Verb.ACKNOWLEDGE, now=LATER)

    assert reply.text == "Grace Okafor took this at 03:10 UTC. You have joined."
    assert Alarm.objects.get().acknowledged_by == grace


def test_a_shared_page_goes_on_while_one_of_its_alarms_fires(alarm, ada, grace, policy):
    fire(policy, key="other", now=NOW + timedelta(seconds=10))
    engine.escalate_due(now=NOW + timedelta(seconds=10), limits=limits.at(NOW))

    work.acknowledge(alarm=alarm, by=grace, now=LATER)

    assert Page.objects.get().state == "calling"


def test_the_first_page_that_made_somebody_act_is_evidence(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)

    facts = Evidence.objects.filter(person=ada).order_by("at").values_list("kind", "at")
    assert list(facts) == [("page", NOW), ("acknowledge", LATER)]


def test_when_a_machine_resolves_it_everybody_engaged_stands_down(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)
    services.resolve(alarm=alarm, now=NOW + timedelta(hours=2))

    assert Evidence.objects.filter(person=ada, kind="over", at=NOW + timedelta(hours=2)).exists()


def test_a_note_without_words_is_refused(alarm, ada):
    with pytest.raises(work.EmptyNote, match="The note is empty"):
        work.note(alarm=alarm, by=ada, text="  ", now=NOW)


def test_a_note_by_the_holder_renews_the_acknowledgement(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.note(alarm=alarm, by=ada, text="Restarted keda-operator.", now=LATER)

    alarm.refresh_from_db()
    assert alarm.next_due == LATER + timedelta(hours=1)


def test_whoever_has_the_alarm_cannot_just_stand_down(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    with pytest.raises(work.AlreadyAcknowledged, match="Hand it over"):
        work.stand_down(alarm=alarm, by=ada, now=LATER)


def test_escalating_one_alarm_leaves_the_page_that_another_shares(alarm, ada, policy):
    fire(policy, key="other", now=NOW + timedelta(seconds=10))
    engine.escalate_due(now=NOW + timedelta(seconds=10), limits=limits.at(NOW))

    work.escalate(alarm=alarm, by=ada, now=NOW + timedelta(seconds=20))

    assert Page.objects.get(person=ada).state == "calling"


def test_acknowledging_again_does_not_call_off_help(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW)
    work.acknowledge(alarm=alarm, by=ada, now=LATER)

    assert Page.objects.get(person=grace).state == "calling"


def test_who_was_called_in_before_anybody_had_it_is_still_wanted(alarm, ada, grace, pilot):
    work.call_in(alarm=alarm, person=grace, by=pilot, now=NOW)
    work.acknowledge(alarm=alarm, by=ada, now=LATER)

    assert Page.objects.get(person=grace).state == "calling"


def test_resolving_calls_off_everybody(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW)
    services.resolve(alarm=alarm, by=ada, now=LATER)

    assert not Page.objects.calling().exists()


def test_a_late_e_does_not_take_the_alarm_from_who_has_it_by_now(alarm, ada, grace):
    page, attempt = Page.objects.get(), Attempt.objects.get()
    work.acknowledge(alarm=alarm, by=grace, now=LATER)

    reply = replies.answer(page=page, attempt=attempt, verb=Verb.ESCALATE, now=LATER + timedelta(minutes=1))

    assert reply.text == "Grace Okafor took this at 03:11 UTC."
    assert Alarm.objects.get().acknowledged_by == grace


def test_an_answer_stands_although_what_joined_cannot_be_paged_anew(alarm, ada, grace, policy):
    """Ada sends STOP from her only number, then presses 4 on the call she is in."""
    first = Attempt.objects.get()
    other = fire(policy, key="other", title="Other", now=NOW + timedelta(seconds=10))
    engine.escalate_due(now=NOW + timedelta(seconds=10), limits=limits.at(NOW))
    ada.contact_methods.update(disabled_at=NOW, disabled_reason="STOP")

    replies.answer(page=Page.objects.get(), attempt=first, verb=Verb.ACKNOWLEDGE, now=LATER)

    alarm.refresh_from_db()
    other.refresh_from_db()
    assert alarm.acknowledged_by == ada
    assert (other.state, other.next_due) == ("firing", LATER)


def spans(person):
    own = CallOut.objects.filter(person=person, merged_into=None).order_by("starts_at")
    return list(own.values_list("starts_at", "ends_at"))


def test_an_alarm_that_got_worse_ends_its_call_out_when_it_is_resolved(alarm, ada, policy):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)
    firing = services.Firing(title="Worse", severity=1, source_id=PEOPLE, source="test", key="k")
    services.fire(firing=firing, policy=policy, now=NOW + timedelta(minutes=10))
    services.resolve(alarm=alarm, now=NOW + timedelta(minutes=11))

    assert spans(ada) == [(NOW, NOW + timedelta(minutes=11))]


def test_whose_alarm_was_given_to_somebody_else_is_not_paid_until_its_end(alarm, ada, grace, pilot):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)
    work.reassign(alarm=alarm, to=grace, by=pilot, now=NOW + timedelta(minutes=2))
    services.resolve(alarm=alarm, now=NOW + timedelta(hours=3))

    assert spans(ada) == [(NOW, NOW + timedelta(minutes=2))]


def test_a_second_stint_begins_with_the_page_that_called_for_it(alarm, ada, pilot):
    work.acknowledge(alarm=alarm, by=ada, now=LATER)
    work.escalate(alarm=alarm, by=ada, now=NOW + timedelta(minutes=2))
    work.reassign(alarm=alarm, to=ada, by=pilot, now=NOW + timedelta(minutes=21))
    again = NOW + timedelta(minutes=21)
    page_out(again)
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(minutes=25))
    services.resolve(alarm=alarm, by=ada, now=NOW + timedelta(minutes=30))

    assert spans(ada) == [(NOW, NOW + timedelta(minutes=2)), (again, NOW + timedelta(minutes=30))]


def dead(person):
    """No way gets through to them."""
    Page.objects.calling().filter(person=person).update(
        state="unreachable", next_due=None, ended_at=LATER, ended_why="Refused."
    )


def test_handed_over_to_somebody_nobody_gets_through_to_the_plan_goes_on_at_once(alarm, ada, grace, pilot):
    work.reassign(alarm=alarm, to=pilot, by=ada, now=NOW)
    dead(pilot)

    engine.hasten(now=LATER, limits=limits.at(LATER))
    engine.escalate_due(now=LATER, limits=limits.at(LATER))

    assert list(Page.objects.calling().values_list("person__username", flat=True)) == ["grace"]


def test_help_that_cannot_be_reached_leaves_the_plan_its_own_time(alarm, ada, grace, pilot):
    work.call_in(alarm=alarm, person=pilot, by=ada, now=NOW)
    dead(pilot)
    dead(ada)
    due = Alarm.objects.get().next_due
    alarm.links.filter(page__person=ada).update(hastened=True)

    engine.hasten(now=LATER, limits=limits.at(LATER))

    assert Alarm.objects.get().next_due == due


def test_called_in_by_hand_while_the_plan_calls_them_already_they_stay_called(alarm, ada, grace):
    engine.escalate_due(now=NOW + timedelta(minutes=5), limits=limits.at(NOW))
    work.call_in(alarm=alarm, person=grace, by=ada, now=NOW + timedelta(minutes=6))
    work.acknowledge(alarm=alarm, by=ada, now=NOW + timedelta(minutes=7))

    assert Page.objects.get(person=grace).state == "calling"
