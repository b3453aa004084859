"""A resolve that was a mistake is undone: the alarm is what it was, and nobody's work was over."""

from datetime import timedelta

import pytest

from incidents.alarms import engine, services, snoozing, undoing, work
from incidents.alarms.models import PEOPLE, Alarm
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.models import Notice, Page
from rotations.leave.models import CallOut, Evidence, LedgerEntry
from tests.conftest import NOW
from tests.incidents.alarms.test_work import page_out

pytestmark = pytest.mark.django_db


def after(minutes):
    return NOW + timedelta(minutes=minutes)


def fire(policy, now=NOW, title="No alerts"):
    firing = services.Firing(title=title, severity=2, source_id=PEOPLE, source="test", key="k")
    return services.fire(firing=firing, policy=policy, now=now)


@pytest.fixture
def alarm(policy):
    made = fire(policy)
    page_out()
    return made


def test_what_somebody_had_is_theirs_again(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    services.resolve(alarm=alarm, by=grace, now=after(5))
    undone = undoing.undo_resolve(alarm=alarm, by=grace, now=after(6))

    assert (undone.state, undone.acknowledged_by, undone.acknowledged_at) == ("acknowledged", ada, after(1))
    assert (undone.resolved_at, undone.next_due, undone.cycle) == (None, after(66), 1)


def test_what_was_firing_calls_its_step_anew_as_the_next_cycle(alarm, ada, grace):
    services.resolve(alarm=alarm, by=grace, now=after(2))
    undoing.undo_resolve(alarm=alarm, by=grace, now=after(3))
    engine.escalate_due(now=after(3), limits=limits.at(NOW))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.cycle, alarm.next_due) == ("firing", 2, after(8))
    assert Page.objects.calling().get().person == ada


def test_a_second_step_that_was_firing_is_called_anew_and_not_the_first(alarm, grace):
    engine.escalate_due(now=after(5), limits=limits.at(NOW))
    services.resolve(alarm=alarm, by=grace, now=after(6))
    undoing.undo_resolve(alarm=alarm, by=grace, now=after(7))
    engine.escalate_due(now=after(7), limits=limits.at(NOW))

    assert Page.objects.calling().get().person == grace


def test_an_alarm_resolved_before_its_first_step_begins_with_it(policy, ada):
    made = fire(policy)
    services.resolve(alarm=made, by=ada, now=NOW)
    undoing.undo_resolve(alarm=made, by=ada, now=after(1))
    engine.escalate_due(now=after(1), limits=limits.at(NOW))

    assert Page.objects.calling().get().person == ada


def test_what_was_snoozed_is_snoozed_again_until_then(alarm, ada, grace):
    snoozing.snooze(alarm=alarm, by=ada, until=after(600), now=after(1))
    services.resolve(alarm=alarm, by=grace, now=after(2))
    undone = undoing.undo_resolve(alarm=alarm, by=grace, now=after(3))

    assert (undone.state, undone.snoozed_until, undone.next_due) == ("acknowledged", after(600), after(600))


def test_a_snooze_that_ended_since_the_resolve_is_acknowledged_and_lapses_as_usual(alarm, ada, grace):
    snoozing.snooze(alarm=alarm, by=ada, until=after(3), now=after(1))
    services.resolve(alarm=alarm, by=grace, now=after(2))
    undone = undoing.undo_resolve(alarm=alarm, by=grace, now=after(4))

    assert (undone.state, undone.snoozed_until, undone.next_due) == ("acknowledged", None, after(64))


def test_whom_it_was_handed_over_to_is_called_again(alarm, ada, grace, pilot):
    work.reassign(alarm=alarm, to=pilot, by=ada, now=after(1))
    services.resolve(alarm=alarm, by=grace, now=after(2))
    undone = undoing.undo_resolve(alarm=alarm, by=grace, now=after(3))

    assert Page.objects.calling().get().person == pilot
    assert undone.next_due == after(8)


def test_it_is_a_change_of_state_with_a_line_of_its_own(alarm, ada):
    services.resolve(alarm=alarm, by=ada, now=after(1))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(2))

    line = alarm.log.get(kind="undone")
    assert (line.version, line.person) == (3, ada)
    assert line.text == "Ada Moreno undid the resolve. It fires again where it was."
    assert Alarm.objects.get().version == 3


def test_after_a_quarter_of_an_hour_it_is_too_late(alarm, ada):
    services.resolve(alarm=alarm, by=ada, now=NOW)

    with pytest.raises(undoing.UndoRefused, match="more than 15 min ago"):
        undoing.undo_resolve(alarm=alarm, by=ada, now=after(15))


def test_what_is_open_has_no_resolve_to_undo(alarm, ada):
    with pytest.raises(undoing.UndoRefused, match="is not resolved"):
        undoing.undo_resolve(alarm=alarm, by=ada, now=NOW)


def test_a_key_that_was_raised_anew_since_is_worked_on_there(alarm, ada, policy):
    services.resolve(alarm=alarm, by=ada, now=NOW)
    Alarm.objects.filter(pk=alarm.pk).update(key="elsewhere")
    newer = fire(policy, now=after(1), title="No alerts again")
    Alarm.objects.filter(pk=alarm.pk).update(key=newer.key)

    with pytest.raises(undoing.UndoRefused, match="raised anew since, as “No alerts again”"):
        undoing.undo_resolve(alarm=alarm, by=ada, now=after(2))


def test_a_holder_who_has_left_does_not_get_it_back(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    services.resolve(alarm=alarm, by=ada, now=after(1))
    ada.is_active = False
    ada.save()
    undone = undoing.undo_resolve(alarm=alarm, by=grace, now=after(2))

    assert (undone.state, undone.acknowledged_by) == ("firing", None)


def spans():
    return [
        (one.person.username, one.starts_at, one.ends_at)
        for one in CallOut.objects.live().select_related("person").order_by("person__username", "starts_at")
    ]


def credit(person):
    return sum(LedgerEntry.objects.filter(person=person).values_list("credit_s", flat=True))


def test_the_holder_s_call_out_goes_on_as_if_it_had_never_been_resolved(alarm, ada, grace):
    """Domain 5.7: it ends at the first resolve, and a resolve that is undone is none. 40 min at night earn an hour."""
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    services.resolve(alarm=alarm, by=grace, now=after(10))
    undoing.undo_resolve(alarm=alarm, by=grace, now=after(12))
    assert ("ada", NOW, None) in spans()
    services.resolve(alarm=alarm, by=ada, now=after(40))

    assert ("ada", NOW, after(40)) in spans()
    assert credit(ada) == 3600


def test_who_joined_is_at_it_still_and_is_told(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    work.join(alarm=alarm, by=grace, now=after(2))
    services.resolve(alarm=alarm, by=ada, now=after(10))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(12))
    services.resolve(alarm=alarm, by=ada, now=after(20))

    assert ("grace", after(2), after(20)) in spans()
    assert "Stand down if you left it" in Notice.objects.get(person=grace).text


def test_who_resolved_it_by_mistake_is_at_it_still(alarm, ada):
    """They pressed resolve 2 min after the page, undid it, and stood down later: one call-out."""
    services.resolve(alarm=alarm, by=ada, now=after(2))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(3))
    work.stand_down(alarm=alarm, by=ada, now=after(20))

    assert spans() == [("ada", NOW, after(20))]
    assert credit(ada) == 1800


def test_who_had_stood_down_before_is_not_called_out_again(alarm, ada, grace):
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    work.join(alarm=alarm, by=grace, now=after(2))
    work.stand_down(alarm=alarm, by=grace, now=after(6))
    services.resolve(alarm=alarm, by=ada, now=after(10))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(12))
    services.resolve(alarm=alarm, by=ada, now=after(20))

    assert ("grace", after(2), after(6)) in spans()
    assert credit(grace) == 360


def test_what_the_first_resolve_had_posted_is_adjusted_and_not_posted_twice(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    services.resolve(alarm=alarm, by=ada, now=after(10))
    assert credit(ada) == 900
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(12))
    services.resolve(alarm=alarm, by=ada, now=after(20))

    entries = LedgerEntry.objects.filter(person=ada).order_by("at")
    assert [(one.kind, one.credit_s) for one in entries] == [("earn", 900), ("adjust", 900)]


def test_no_evidence_is_taken_away(alarm, ada):
    work.acknowledge(alarm=alarm, by=ada, now=after(1))
    services.resolve(alarm=alarm, by=ada, now=after(10))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(12))

    kinds = list(Evidence.objects.filter(person=ada).order_by("at").values_list("kind", flat=True))
    assert kinds[:3] == ["page", "acknowledge", "resolve"]
    assert sorted(kinds[3:]) == ["note", "undone"]


def test_a_page_after_the_undoing_does_not_begin_a_second_call_out(alarm, ada, grace):
    """Its work had not ended, so the new page is part of it."""
    services.resolve(alarm=alarm, by=ada, now=after(2))
    undoing.undo_resolve(alarm=alarm, by=ada, now=after(4))
    page_out(after(4))
    work.acknowledge(alarm=alarm, by=ada, now=after(5))
    services.resolve(alarm=alarm, by=ada, now=after(20))

    assert spans() == [("ada", NOW, after(20))]


@pytest.fixture
def as_ada(client, ada):
    clock.travel(after(10) - clock.now())
    client.force_login(ada)
    return client


def test_the_button_is_there_while_it_helps(as_ada, alarm, ada):
    services.resolve(alarm=alarm, by=ada, now=after(9))
    assert "undo the resolve" in as_ada.get(alarm.path).content.decode()
    as_ada.post(f"{alarm.path}undo-resolve/")

    alarm.refresh_from_db()
    assert alarm.state == "firing"
    assert "undo the resolve" not in as_ada.get(alarm.path).content.decode()


def test_too_late_on_the_api_is_a_conflict_in_words(as_ada, alarm, ada):
    services.resolve(alarm=alarm, by=ada, now=after(-6))
    answer = as_ada.post(f"/api/v1/alarms/{alarm.pk}/undo-resolve/")

    assert answer.status_code == 409
    assert "more than 15 min ago" in str(answer.json())
