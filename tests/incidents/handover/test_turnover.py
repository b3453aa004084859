"""Coverage changes at the boundary, always (domain.md 5.10), and the alarms that are open follow it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.alarms import engine, queries, turnover, work
from incidents.alarms.models import Alarm, LogEntry
from incidents.handover import services as handover
from oncall.limits import queries as limits
from oncall.paging.models import Notice, Page
from rotations.changes import services as changes
from rotations.coverage.models import Handoff
from tests.conftest import make_policy
from tests.incidents.handover.conftest import BOUNDARY, called, fire, keep, minutes, ringing, run

pytestmark = pytest.mark.django_db


def test_at_the_boundary_the_incoming_person_is_paged_and_the_outgoing_gets_nothing_new(policy, handoff):
    fired = BOUNDARY - minutes(2)
    alarm = fire(policy, at=fired)

    run(BOUNDARY - timedelta(seconds=1))
    assert called() == [("ada", fired)]
    run(BOUNDARY)

    assert called() == [("ada", fired), ("grace", BOUNDARY)]
    alarm.refresh_from_db()
    assert alarm.next_due == fired + minutes(5)  # the policy keeps its own time


def test_the_page_of_who_goes_off_ends_at_the_boundary(policy, handoff):
    fire(policy, at=BOUNDARY - minutes(2))

    run(BOUNDARY)

    page = Page.objects.get(person__username="ada")
    assert page.state == Page.State.CANCELLED
    assert page.ended_why == "Handed over at the boundary: Grace Okafor is on call now."
    assert "Off call by now, and called no more: Ada Moreno." in LogEntry.objects.values_list("text", flat=True)


def test_an_alarm_that_waited_since_before_the_boundary_never_calls_the_outgoing_again(policy, handoff):
    fire(policy, at=BOUNDARY - minutes(2))

    for seconds in (0, 60, 120, 179):
        run(BOUNDARY + timedelta(seconds=seconds))

    assert [name for name, _ in called()] == ["ada", "grace"]


def test_the_look_at_the_boundary_is_late_like_a_step(policy, handoff):
    fire(policy, at=BOUNDARY - minutes(2))

    assert Alarm.objects.get().cover_due == BOUNDARY
    assert queries.late(now=BOUNDARY + timedelta(seconds=61), after=minutes(1)).count() == 1


def test_what_the_outgoing_has_acknowledged_stays_theirs_and_is_offered_once(policy, handoff, ada):
    alarm = fire(policy, at=BOUNDARY - minutes(10))
    work.acknowledge(alarm=alarm, by=ada, now=BOUNDARY - minutes(9))

    run(BOUNDARY)
    run(BOUNDARY + timedelta(seconds=1))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.acknowledged_by) == ("acknowledged", ada)
    notice = Notice.objects.get(key__startswith="offer:")
    assert notice.person.username == "grace"
    assert notice.text.startswith("Ada Moreno is off call and still has “No alerts for images”. You may take it over: ")
    assert notice.text.endswith(alarm.path)
    assert [name for name, _ in called()] == ["ada"]


def test_what_is_offered_is_taken_over_and_the_other_is_told(policy, handoff, ada, grace):
    alarm = fire(policy, at=BOUNDARY - minutes(10))
    work.acknowledge(alarm=alarm, by=ada, now=BOUNDARY - minutes(9))

    work.take_over(alarm=alarm, by=grace, holder=ada.pk, now=BOUNDARY + minutes(1))

    alarm.refresh_from_db()
    assert (alarm.state, alarm.acknowledged_by) == ("acknowledged", grace)
    assert alarm.next_due == BOUNDARY + minutes(61)
    assert Notice.objects.get(key__startswith="taken-over").text == "Grace Okafor has “No alerts for images” now."


def test_a_late_press_takes_nothing_from_a_third(policy, handoff, ada, grace, lise):
    alarm = fire(policy, at=BOUNDARY - minutes(10))
    work.acknowledge(alarm=alarm, by=lise, now=BOUNDARY - minutes(9))

    with pytest.raises(work.AlreadyAcknowledged, match=r"Lise Girard took this at 15:51 UTC\."):
        work.take_over(alarm=alarm, by=grace, holder=ada.pk, now=BOUNDARY)


def test_until_the_note_is_accepted_a_step_calls_the_outgoing_too_a_minute_later(policy, handoff):
    fired = BOUNDARY + minutes(10)
    fire(policy, at=fired)

    run(fired + timedelta(seconds=59))
    assert called() == [("grace", fired)]
    run(fired + timedelta(seconds=60))

    assert called() == [("grace", fired), ("ada", fired + minutes(1))]
    why = Page.objects.get(person__username="ada").links.get().why
    waits = "Grace Okafor has not accepted the handover note of Triage yet."
    assert why == f"{waits} Step 1 of 2 of the policy Prompt Processing."


def test_both_are_called_for_an_hour_after_the_boundary_and_no_longer(policy, handoff):
    fired = BOUNDARY + minutes(59)
    fire(policy, at=fired)

    run(fired + minutes(1))
    run(fired + minutes(2))

    assert called() == [("grace", fired)]


def test_once_the_note_is_accepted_the_incoming_holds_the_pager_alone(policy, handoff, grace):
    handover.accept(handoff=handoff, by=grace, now=BOUNDARY + minutes(1))
    fired = BOUNDARY + minutes(10)
    fire(policy, at=fired)

    run(fired + minutes(1))

    assert called() == [("grace", fired)]


def test_accepting_the_note_stops_the_calls_to_the_outgoing(policy, handoff, grace):
    fired = BOUNDARY + minutes(10)
    fire(policy, at=fired)
    run(fired + minutes(1))
    assert ringing() == {"ada", "grace"}

    handover.accept(handoff=handoff, by=grace, now=fired + minutes(2))
    run(fired + minutes(2))

    assert ringing() == {"grace"}


def test_who_takes_the_pager_is_paged_within_a_second_for_what_fires(policy, triage, lise, ada):
    fired = BOUNDARY - minutes(300)
    fire(policy, at=fired)
    taken = fired + minutes(2)
    changes.take(schedule=triage, role="primary", from_person=ada, by=lise, until=BOUNDARY - minutes(60), now=taken)

    run(taken + timedelta(seconds=1))

    assert called() == [("ada", fired), ("lise", taken + timedelta(seconds=1))]
    assert ringing() == {"lise"}


def test_who_gives_the_pager_back_at_once_leaves_nobody_uncalled(policy, triage, lise, ada):
    fired = BOUNDARY - minutes(300)
    fire(policy, at=fired)
    (made,) = changes.take(
        schedule=triage, role="primary", from_person=ada, by=lise, until=BOUNDARY, now=fired + minutes(1)
    )
    run(fired + minutes(1))

    changes.cancel(override=made, by=lise, now=fired + minutes(2))
    run(fired + minutes(2))

    assert ringing() == {"ada"}


def test_who_is_left_without_anybody_on_call_goes_on_at_once(policy, triage, ada, lise):
    fired = BOUNDARY - minutes(300)
    fire(policy, at=fired)

    changes.add_absence(person=ada, kind="sick", starts_at=fired, ends_at=BOUNDARY, by=ada, now=fired + minutes(1))
    run(fired + minutes(1))

    assert called() == [("ada", fired), ("lise", fired + minutes(1))]
    assert "Nobody is on call for Triage any more. Going on at once." in LogEntry.objects.values_list("text", flat=True)


def test_a_shift_that_starts_during_the_wait_is_paged(triage, ada, grace, lise):
    """Nobody is on call, so the last resort is called; who comes on a minute later is not left to the next round."""
    changes.add_absence(
        person=ada, kind="sick", starts_at=BOUNDARY - minutes(60), ends_at=BOUNDARY, by=ada, now=BOUNDARY - minutes(90)
    )
    fire(make_policy("P", triage), at=BOUNDARY - minutes(1))
    assert called() == []

    run(BOUNDARY)

    assert called() == [("grace", BOUNDARY)]


def test_a_page_that_two_alarms_share_ends_when_both_are_handed_over(policy, handoff):
    fire(policy, at=BOUNDARY - minutes(2), key="a")
    fire(policy, at=BOUNDARY - minutes(2) + timedelta(seconds=20), key="b")
    assert Page.objects.get().links.count() == 2

    run(BOUNDARY)

    assert ringing() == {"grace"}
    assert Page.objects.get(person__username="grace").links.count() == 2


def test_what_was_handed_over_by_hand_is_not_called_anew_at_the_boundary(policy, handoff, ada, lise):
    alarm = fire(policy, at=BOUNDARY - minutes(2))
    work.reassign(alarm=alarm, to=lise, by=ada, now=BOUNDARY - minutes(1))

    run(BOUNDARY)

    assert [name for name, _ in called()] == ["ada", "lise"]


def test_an_incoming_person_without_a_number_makes_the_policy_go_on_at_once(policy, handoff, grace):
    grace.contact_methods.all().delete()
    fire(policy, at=BOUNDARY - minutes(2))

    run(BOUNDARY)

    assert called() == [("ada", BOUNDARY - minutes(2)), ("lise", BOUNDARY)]


def test_an_incoming_person_who_has_left_is_not_called_and_the_policy_goes_on(policy, handoff, grace):
    fired = BOUNDARY - minutes(2)
    fire(policy, at=fired)
    grace.is_active = False
    grace.save()

    run(BOUNDARY)

    assert called() == [("ada", fired), ("lise", BOUNDARY)]


def test_a_second_in_which_nothing_changes_costs_the_same_however_many_alarms_fire(policy, handoff):
    for n in range(8):
        fire(policy, at=BOUNDARY - minutes(4), key=str(n))
    now = BOUNDARY - minutes(3)
    in_force = limits.at(now)

    with CaptureQueriesContext(connection) as queries_made:
        turnover.notice_changes(now=now)
        turnover.offer(now=now, limits=in_force)
        engine.escalate_due(now=now, limits=in_force)

    assert (
        len(queries_made) == 6
    )  # which schedules matter, their editions, handoffs lately; what is due, in a savepoint


def test_in_an_overlap_the_page_of_who_goes_later_rings_on_until_they_go(db, ada, grace, lise):
    from datetime import date, time

    from rotations.coverage.services import refresh_due
    from rotations.schedule import services as schedules
    from rotations.schedule.services import Turns

    made = BOUNDARY - timedelta(days=20)
    schedule = schedules.create_schedule(name="Triage", now=made)
    for name, person, hour in (("West", ada, 8), ("Europe", grace, 20)):
        turns = Turns("UTC", "day", 1, date(2027, 3, 1), time(hour))
        schedules.create_rotation(schedule=schedule, role="primary", name=name, turns=turns, people=[person], now=made)
    refresh_due(now=made)
    changes.add_absence(person=grace, kind="rest", starts_at=made, ends_at=BOUNDARY, by=grace, now=made)
    changes.add_absence(
        person=ada, kind="rest", starts_at=BOUNDARY + minutes(3), ends_at=BOUNDARY + timedelta(days=1), by=ada, now=made
    )  # so both are on from 16:00 to 16:03
    fire(make_policy("P", schedule, lise), at=BOUNDARY - minutes(1))

    run(BOUNDARY)
    assert ringing() == {"ada", "grace"}
    run(BOUNDARY + minutes(3))

    assert ringing() == {"grace"}
    assert Handoff.objects.filter(at=BOUNDARY).count() == 0  # `follow` sees what has changed lately; `keep` the rest
    keep(BOUNDARY + minutes(3))
    assert Handoff.objects.get(at=BOUNDARY).outgoing == ada
