"""One answer to a page about several alarms, or by somebody who was called in: it does what was meant, and no more."""

from datetime import timedelta

import pytest

from incidents.alarms import pressing, replies, services, snoozing, work
from incidents.alarms.models import Alarm
from incidents.alarms.pressing import Press
from incidents.alarms.replies import Verb
from oncall.paging.models import Attempt, Notice, Page
from rotations.leave.models import CallOut
from tests.conftest import NOW, make_person, make_policy
from tests.incidents.alarms.test_work import fire, page_out

pytestmark = pytest.mark.django_db


def after(seconds):
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
def dome(ada, grace):
    made = fire(make_policy("Dome", ada, grace, wait_s=3600), key="dome", title="Dome")
    page_out()
    return made


@pytest.fixture
def mount(dome, ada, grace):
    """An alarm that shares Ada's page with the dome's."""
    made = fire(make_policy("Mount", ada, grace, wait_s=3600), key="mount", title="Mount")
    page_out()
    return made


def told_of_both():
    attempt = Attempt.objects.order_by("n").last()
    Attempt.objects.filter(pk=attempt.pk).update(told_edition=2)
    return Attempt.objects.select_related("page__person").get(pk=attempt.pk)


def answers(attempt, verb, seconds):
    attempt.refresh_from_db()
    return replies.answer(page=attempt.page, attempt=attempt, verb=verb, now=after(seconds))


def test_who_takes_one_alarm_does_not_join_another_that_somebody_has(dome, mount, ada, grace):
    work.acknowledge(alarm=dome, by=grace, now=after(10))
    reply = answers(told_of_both(), Verb.ACKNOWLEDGE, 60)

    assert reply.text == "Acknowledged. You have Mount. Grace Okafor took this at 03:10 UTC."
    assert not dome.log.filter(kind="joined").exists()


def test_who_took_one_alarm_earns_nothing_by_another_that_was_on_the_page(dome, mount, ada, grace):
    work.acknowledge(alarm=dome, by=grace, now=after(10))
    answers(told_of_both(), Verb.ACKNOWLEDGE, 60)
    services.resolve(alarm=mount, by=ada, now=after(600))
    services.resolve(alarm=dome, by=grace, now=after(6 * 3600))

    assert [one.ends_at for one in CallOut.objects.filter(person=ada, merged_into=None)] == [after(600)]


def test_keeping_one_alarm_by_the_same_code_takes_back_no_other_that_was_given_away(dome, mount, ada):
    attempt = told_of_both()
    answers(attempt, Verb.ACKNOWLEDGE, 20)
    work.escalate(alarm=mount, by=ada, now=after(60))
    reply = answers(attempt, Verb.ACKNOWLEDGE, 90)

    mount.refresh_from_db()
    assert mount.state == "firing"
    assert reply.text == (
        "Acknowledged. You have Dome. “Mount” is not with you any more. Open the portal to take it again."
    )


def test_who_escalated_by_mistake_may_take_it_by_the_same_code(dome, ada):
    attempt = Attempt.objects.select_related("page__person").get()
    answers(attempt, Verb.ESCALATE, 20)
    answers(attempt, Verb.ACKNOWLEDGE, 30)

    dome.refresh_from_db()
    assert dome.acknowledged_by == ada


def test_an_answer_to_a_shared_page_leaves_a_snooze_as_it_is(dome, mount, ada):
    snoozing.snooze(alarm=dome, by=ada, until=after(7200), now=after(30))
    reply = answers(told_of_both(), Verb.ACKNOWLEDGE, 60)

    dome.refresh_from_db()
    assert dome.snoozed_until == after(7200)
    assert reply.text == "Acknowledged. You have Mount. “Dome” stays snoozed until 05:10 UTC."


@pytest.fixture
def helper(dome, ada):
    """Zoe, whom Ada called in for the dome that she has; her answer to that page."""
    work.acknowledge(alarm=dome, by=ada, now=after(5))
    page = work.call_in(alarm=dome, person=make_person("Zoe Helper", "+14155550177"), by=ada, now=after(60))
    page_out(after(60))
    return page.attempts.select_related("page__person").get()


@pytest.mark.parametrize("what", [Press.CANNOT, Press.ESCALATE])
def test_a_helper_who_cannot_come_takes_the_alarm_from_nobody(helper, dome, ada, what):
    reply = pressing.press(attempt=helper, what=what, now=after(80))

    dome.refresh_from_db()
    assert (dome.state, dome.acknowledged_by) == ("acknowledged", ada)
    assert reply.text == "“Dome” stays with Ada Moreno, who knows that you cannot come."


def test_a_helper_who_cannot_come_is_noted_and_called_no_more_and_the_holder_is_told(helper, dome, ada):
    pressing.press(attempt=helper, what=Press.CANNOT, now=after(80))

    notes = dome.log.filter(kind="note").values_list("text", flat=True)
    assert list(notes) == ["Zoe Helper was called in and cannot come."]
    assert Page.objects.get(pk=helper.page_id).state == "answered"
    assert Notice.objects.get(person=ada).text == "Zoe Helper cannot come for “Dome”."


def test_a_closed_account_answers_nothing(dome, ada):
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    reply = answers(Attempt.objects.select_related("page__person").get(), Verb.ACKNOWLEDGE, 20)

    dome.refresh_from_db()
    assert reply == replies.Reply(
        "This account is closed, so nothing was done. Whoever is on call is called as before.", False
    )
    assert dome.state == "firing"
    assert Page.objects.get().state == "calling"


def test_what_joined_and_is_being_changed_by_somebody_is_due_at_once_and_not_paged(
    dome, mount, monkeypatch, django_capture_on_commit_callbacks
):
    """Its row cannot be had: `skip_locked` finds nothing, as while another transaction changes it."""
    real = type(Alarm.objects.all()).select_for_update

    def busy(self, *args, skip_locked=False, **kwargs):
        return self.none() if skip_locked else real(self, *args, **kwargs)

    monkeypatch.setattr(type(Alarm.objects.all()), "select_for_update", busy)
    attempt = Attempt.objects.select_related("page__person").order_by("n").first()
    Attempt.objects.filter(pk=attempt.pk).update(told_edition=1)
    with django_capture_on_commit_callbacks(execute=True):
        answers(attempt, Verb.ACKNOWLEDGE, 20)

    mount.refresh_from_db()
    assert (mount.state, mount.next_due) == ("firing", after(20))
    assert not Page.objects.calling().exists()


def test_a_holder_whose_alarm_lapses_is_paid_until_a_little_after_their_last_act(dome, ada, grace):
    work.acknowledge(alarm=dome, by=ada, now=NOW)
    dome.refresh_from_db()
    lapse = dome.next_due
    page_out(lapse)
    work.acknowledge(alarm=dome, by=grace, now=lapse + timedelta(minutes=10))
    services.resolve(alarm=dome, by=grace, now=lapse + timedelta(hours=6))

    (mine,) = CallOut.objects.filter(person=ada, merged_into=None)
    assert (mine.ends_at, mine.forgotten) == (after(1800), True)


def test_a_holder_whose_alarm_got_worse_and_is_taken_by_another_is_paid_no_longer(dome, ada, grace):
    work.acknowledge(alarm=dome, by=ada, now=NOW)
    worse = services.Firing(title="Dome", severity=1, source_id=dome.source_id, source="test", key="dome")
    services.fire(firing=worse, policy=dome.policy, now=after(300))
    work.acknowledge(alarm=dome, by=grace, now=after(360))
    services.resolve(alarm=dome, by=grace, now=after(6 * 3600))

    assert [one.ends_at for one in CallOut.objects.filter(person=ada, merged_into=None)] == [after(1800)]


def test_a_holder_who_takes_what_got_worse_again_has_one_call_out_until_its_end(dome, ada):
    work.acknowledge(alarm=dome, by=ada, now=NOW)
    worse = services.Firing(title="Dome", severity=1, source_id=dome.source_id, source="test", key="dome")
    services.fire(firing=worse, policy=dome.policy, now=after(300))
    work.acknowledge(alarm=dome, by=ada, now=after(360))
    services.resolve(alarm=dome, by=ada, now=after(2 * 3600))

    assert [one.ends_at for one in CallOut.objects.filter(person=ada, merged_into=None)] == [after(7200)]
