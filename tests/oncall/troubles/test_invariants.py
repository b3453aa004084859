"""Each invariant finds the row that breaks it, and no other; each asks through an index, so that it stays quick."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.alarms import auditing as alarms_auditing
from incidents.alarms import services as alarms
from incidents.alarms import work
from incidents.alarms.models import CALLED_IN, PEOPLE, Alarm, AlarmPage, LogEntry
from incidents.signals import auditing as signals_auditing
from incidents.signals import services as signals
from incidents.signals.models import Signal
from oncall.limits import queries as limits
from oncall.paging import auditing as paging_auditing
from oncall.paging.models import Attempt, ContactMethod, Page
from oncall.troubles.invariants import every
from oncall.troubles.models import Trouble
from rotations.coverage import auditing as coverage_auditing
from rotations.coverage.models import Shift, SignedGap
from rotations.schedule.models import Schedule
from tests.conftest import NOW, make_schedule

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def in_force(db):
    return limits.at(NOW)


def page_for(person, *, created_at=NOW, state="calling", next_due=None, nth=1) -> Page:
    return Page.objects.create(
        pk=uuid.UUID(int=nth, version=4),
        key=f"page {nth}",
        person=person,
        urgency="high",
        severity=2,
        reference=f"{nth:04d}",
        title="Dome drive stalls",
        answer_path="/hooks/twilio/voice/",
        ladder=[],
        next_due=(next_due or NOW) if state == "calling" else None,
        ended_at=None if state == "calling" else NOW,
        created_at=created_at,
    )


def attempt_for(page, *, state="intent", started_at=NOW, look_at=NOW, **fields) -> Attempt:
    accepted = {"sid": "SM1", "accepted_at": started_at} if state == "accepted" else {}
    return Attempt.objects.create(
        page=page, n=1, channel="sms", address="+14155550101", body="", state=state, started_at=started_at,
        look_at=look_at, **accepted, **fields,
    )  # fmt: skip


def found(question, in_force) -> list:
    return list(question(NOW, in_force))


def fire(policy, key="dome") -> Alarm:
    firing = alarms.Firing(title="Dome drive stalls", severity=2, source_id=PEOPLE, source="Ada Moreno", key=key)
    return alarms.fire(firing=firing, policy=policy, now=NOW - 10 * MINUTE)


# --- Pages and attempts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "broken"), [(61, 1), (59, 0)])
def test_i3_a_calling_page_is_late_after_a_minute(ada, in_force, late, broken):
    page_for(ada, next_due=NOW - late * SECOND)

    assert len(found(paging_auditing.late_pages, in_force)) == broken


@pytest.mark.parametrize(("minutes", "broken"), [(121, 1), (119, 0)])
def test_i3_a_page_calls_for_two_hours_at_most(ada, in_force, minutes, broken):
    page_for(ada, created_at=NOW - minutes * MINUTE)

    assert len(found(paging_auditing.endless_pages, in_force)) == broken


@pytest.mark.parametrize("column", ["quiet_until", "held_until"])
@pytest.mark.parametrize(("minutes", "broken"), [(121, 1), (119, 0), (-60, 0)])
def test_i3_what_a_page_waits_for_is_no_part_of_the_time_it_calls(ada, in_force, column, minutes, broken):
    held = {"held_why": "two texts a minute"} if column == "held_until" else {}
    page = page_for(ada, created_at=NOW - 300 * MINUTE)
    Page.objects.filter(pk=page.pk).update(**held, **{column: NOW - minutes * MINUTE})

    assert len(found(paging_auditing.endless_pages, in_force)) == broken


@pytest.mark.parametrize(("minutes", "broken"), [(121, 1), (119, 0)])
def test_i3_a_page_that_went_on_after_a_cap_counts_from_then(ada, in_force, minutes, broken):
    attempt_for(page_for(ada, created_at=NOW - 300 * MINUTE), started_at=NOW - minutes * MINUTE)

    assert len(found(paging_auditing.endless_pages, in_force)) == broken


@pytest.mark.parametrize(("minutes", "broken"), [(13, 1), (11, 0)])
def test_i3_an_attempt_that_nobody_hears_of_ends(ada, in_force, minutes, broken):
    attempt_for(page_for(ada), state="accepted", started_at=NOW - minutes * MINUTE)

    assert len(found(paging_auditing.endless_attempts, in_force)) == broken


@pytest.mark.parametrize(("late", "broken"), [(31, 1), (29, 0)])
def test_i4_a_lease_that_ran_out_is_taken_up_within_half_a_minute(ada, in_force, late, broken):
    attempt_for(page_for(ada), look_at=NOW - late * SECOND)

    assert len(found(paging_auditing.leases_unclaimed, in_force)) == broken


@pytest.mark.parametrize(
    ("state", "age", "broken"), [("unknown", 91, 1), ("intent", 91, 1), ("unknown", 89, 0), ("accepted", 91, 0)]
)
def test_i5_whether_it_was_sent_is_known_within_ninety_seconds(ada, in_force, state, age, broken):
    attempt_for(page_for(ada), state=state, started_at=NOW - age * SECOND)

    assert len(found(paging_auditing.attempts_unresolved, in_force)) == broken


@pytest.mark.parametrize(("before", "broken"), [(16, 1), (14, 0), (-5, 0)])
def test_i14_nobody_is_called_at_an_address_that_was_out_of_use_before(ada, in_force, before, broken):
    contact = ContactMethod.objects.get(person=ada)
    contact.disabled_at, contact.disabled_reason = NOW - before * SECOND, "STOP"
    contact.save()
    attempt_for(page_for(ada), contact=contact)

    assert len(found(paging_auditing.out_of_use_called, in_force)) == broken


def test_i14_also_a_page_that_has_ended_since_is_asked_about(ada, in_force):
    contact = ContactMethod.objects.get(person=ada)
    contact.disabled_at, contact.disabled_reason = NOW - 60 * MINUTE, "STOP"
    contact.save()
    attempt_for(page_for(ada), contact=contact, started_at=NOW - 50 * MINUTE)
    Page.objects.update(state="answered", next_due=None, ended_at=NOW)

    assert len(found(paging_auditing.out_of_use_called, in_force)) == 1


# --- Alarms -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["next_due", "cover_due"])
def test_i1_a_step_or_a_look_that_is_not_taken_is_late_after_a_minute(policy, in_force, column):
    alarm = fire(policy)
    Alarm.objects.filter(pk=alarm.pk).update(next_due=NOW, cover_edition=1)
    Alarm.objects.filter(pk=alarm.pk).update(**{column: NOW - 61 * SECOND})

    assert found(alarms_auditing.late_alarms, in_force) == [alarm.pk]


def test_i1_an_alarm_that_is_due_in_a_moment_is_not_late(policy, in_force):
    Alarm.objects.filter(pk=fire(policy).pk).update(next_due=NOW - 59 * SECOND)

    assert found(alarms_auditing.late_alarms, in_force) == []


@pytest.mark.parametrize(
    ("kind", "broken"), [("paged", False), ("handoff", False), ("nobody", False), ("note", True), (None, True)]
)
def test_i2_a_step_has_paged_somebody_or_says_that_it_reached_nobody(policy, ada, in_force, kind, broken):
    alarm = fire(policy)
    Alarm.objects.filter(pk=alarm.pk).update(stepped_at=NOW - MINUTE)
    if kind:
        LogEntry.objects.create(alarm=alarm, cycle=1, at=NOW - MINUTE, kind=kind, text="so")
    if kind in ("paged", "handoff"):
        AlarmPage.objects.create(alarm=alarm, cycle=1, step=0, page=page_for(ada), why="", linked_at=NOW)

    assert found(alarms_auditing.silent_steps, in_force) == ([alarm.pk] if broken else [])


@pytest.mark.parametrize("kind", ["paged", "handoff", "called_in"])
@pytest.mark.parametrize("cycle", [None, 2])
def test_i2_a_line_that_speaks_of_a_page_is_not_enough_without_one_of_its_cycle(policy, ada, in_force, kind, cycle):
    alarm = fire(policy)
    Alarm.objects.filter(pk=alarm.pk).update(stepped_at=NOW - MINUTE)
    LogEntry.objects.create(alarm=alarm, cycle=1, at=NOW - MINUTE, kind=kind, text="so")
    if cycle:
        AlarmPage.objects.create(alarm=alarm, cycle=cycle, step=0, page=page_for(ada), why="", linked_at=NOW)

    assert found(alarms_auditing.silent_steps, in_force) == [alarm.pk]


def test_i2_what_an_earlier_step_said_does_not_speak_for_this_one(policy, in_force):
    alarm = fire(policy)
    LogEntry.objects.create(alarm=alarm, cycle=1, at=NOW - 5 * MINUTE, kind="paged", text="so")
    Alarm.objects.filter(pk=alarm.pk).update(stepped_at=NOW - MINUTE)

    assert found(alarms_auditing.silent_steps, in_force) == [alarm.pk]


@pytest.mark.parametrize("over", ["acknowledged", "resolved"])
@pytest.mark.parametrize(("after", "step", "broken"), [(16, 0, True), (14, 0, False), (16, CALLED_IN, False)])
def test_i6_nobody_is_paged_after_an_answer_but_by_a_human_hand(policy, ada, in_force, over, after, step, broken):
    alarm = fire(policy)
    answered_at = NOW - 5 * MINUTE
    if over == "acknowledged":
        work.acknowledge(alarm=alarm, by=ada, now=answered_at)
    else:
        alarms.resolve(alarm=alarm, by=ada, now=answered_at)
    AlarmPage.objects.create(
        alarm=alarm, cycle=1, step=step, page=page_for(ada), why="", linked_at=answered_at + after * SECOND
    )

    assert found(alarms_auditing.paged_after_answer, in_force) == ([alarm.pk] if broken else [])


@pytest.mark.parametrize("over", ["acknowledged", "resolved"])
@pytest.mark.parametrize(("age", "step", "broken"), [(31, 0, True), (29, 0, False), (31, CALLED_IN, False)])
def test_i6_a_page_ends_when_all_its_alarms_are_answered(policy, ada, in_force, over, age, step, broken):
    alarm, answered_at = fire(policy), NOW - age * SECOND
    if over == "acknowledged":
        work.acknowledge(alarm=alarm, by=ada, now=answered_at)
    else:
        alarms.resolve(alarm=alarm, by=ada, now=answered_at)
    AlarmPage.objects.create(alarm=alarm, cycle=1, step=step, page=page_for(ada), why="", linked_at=NOW - 9 * MINUTE)

    assert found(alarms_auditing.calls_after_answer, in_force) == ([alarm.pk] if broken else [])


def test_i6_a_page_that_another_alarm_still_needs_goes_on(policy, ada, in_force):
    answered, firing, page = fire(policy, "dome"), fire(policy, "mirror"), page_for(ada)
    for one in (answered, firing):
        AlarmPage.objects.create(alarm=one, cycle=1, step=0, page=page, why="", linked_at=NOW - 9 * MINUTE)
    Alarm.objects.filter(pk=answered.pk).update(
        state="acknowledged", acknowledged_by=ada, acknowledged_at=NOW - 5 * MINUTE
    )

    assert found(alarms_auditing.calls_after_answer, in_force) == []


def test_i7_a_line_that_is_left_out_is_found_although_a_later_one_is_there(policy, ada, in_force):
    alarm = fire(policy)
    Alarm.objects.filter(pk=alarm.pk).update(version=4)
    alarm.refresh_from_db()
    work.acknowledge(alarm=alarm, by=ada, now=NOW)

    assert found(alarms_auditing.versions_without_line, in_force) == [alarm.pk]


@pytest.mark.parametrize(("between", "broken"), [(None, True), ("note", True), ("lapsed", False), ("woke", False)])
def test_i7_one_cycle_has_one_winner_until_it_is_let_go(policy, ada, grace, in_force, between, broken):
    alarm = fire(policy)
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    if between:
        LogEntry.objects.create(alarm=alarm, cycle=1, version=3, at=NOW, kind=between, text="so")
    LogEntry.objects.create(alarm=alarm, cycle=1, version=4, at=NOW, kind="acknowledged", person=grace, text="so")

    assert found(alarms_auditing.two_winners, in_force) == ([alarm.pk] if broken else [])


def test_i7_each_change_of_state_has_its_line(policy, ada, in_force):
    alarm, silent = fire(policy, "dome"), fire(policy, "mirror")
    work.acknowledge(alarm=alarm, by=ada, now=NOW)
    Alarm.objects.filter(pk=silent.pk).update(version=2)

    assert found(alarms_auditing.versions_without_line, in_force) == [silent.pk]


def test_i9_whoever_has_an_alarm_is_in_its_log(policy, ada, grace, in_force):
    alarm, slipped = fire(policy, "dome"), fire(policy, "mirror")
    for one in (alarm, slipped):
        work.acknowledge(alarm=one, by=ada, now=NOW)
    Alarm.objects.filter(pk=slipped.pk).update(acknowledged_by=grace)

    assert found(alarms_auditing.changes_without_actor, in_force) == [slipped.pk]


def test_i9_an_end_is_in_the_log(policy, ada, in_force):
    alarm, slipped = fire(policy, "dome"), fire(policy, "mirror")
    alarms.resolve(alarm=alarm, by=ada, now=NOW)
    Alarm.objects.filter(pk=slipped.pk).update(state="resolved", resolved_at=NOW, next_due=None)

    assert found(alarms_auditing.changes_without_actor, in_force) == [slipped.pk]


# --- Signals ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def source(policy):
    return signals.create_source(name="Dome", kind="json", policy=policy, severity=2, now=NOW)[0]


def receive(source, body: bytes, *, at=NOW) -> None:
    signals.receive(source=source, body=body, now=at)


def test_i10_an_accepted_signal_is_known_to_an_alarm(source, in_force):
    receive(source, b'{"title": "Dome drive stalls", "key": "dome"}', at=NOW - MINUTE)
    receive(source, b'{"title": "Dome drive stalls", "key": "dome"}', at=NOW - SECOND)

    assert found(signals_auditing.signals_without_alarm, in_force) == []


def test_i10_an_accepted_signal_without_its_alarm_is_found(source, in_force):
    receive(source, b'{"title": "Dome drive stalls", "key": "dome"}')
    Alarm.objects.update(last_signal_at=NOW - MINUTE)

    assert found(signals_auditing.signals_without_alarm, in_force) == [str(Signal.objects.get().pk)]


@pytest.mark.parametrize(
    "body", [b'{"title": "Not resolved: no images"}', b'{"signals": [{"title": "No images"}, {"severity": 99}]}']
)
def test_i10_a_signal_of_the_last_hour_is_found_whatever_its_words_and_what_was_rejected_beside_it(
    source, in_force, body
):
    receive(source, body, at=NOW - 50 * MINUTE)
    Alarm.objects.update(last_signal_at=NOW - 51 * MINUTE)

    assert found(signals_auditing.signals_without_alarm, in_force) == [str(Signal.objects.get().pk)]


def test_i10_what_says_that_something_is_over_needs_no_alarm(source, in_force):
    receive(source, b'{"title": "Dome drive stalls", "key": "dome", "status": "resolved"}')

    assert found(signals_auditing.signals_without_alarm, in_force) == []


# --- Who is on call ---------------------------------------------------------------------------------------------------


@pytest.fixture
def uncovered(db):
    schedule = make_schedule("Triage")
    Schedule.objects.filter(pk=schedule.pk).update(needs="always")
    return schedule


def shift_for(schedule, person, *, starts_at=NOW - MINUTE, ends_at=NOW + MINUTE) -> Shift:
    return Shift.objects.create(
        key=uuid.uuid4(), schedule=schedule, role="primary", person=person, origin="turn", starts_at=starts_at,
        ends_at=ends_at, why="their turn", known_from=NOW - MINUTE,
    )  # fmt: skip


def test_i11_a_gap_that_nobody_was_told_of_is_found(uncovered, in_force):
    """F45."""
    assert found(coverage_auditing.gaps_untold, in_force) == [uncovered.pk]


def test_i11_a_gap_that_was_told_is_a_trouble_and_no_fault_of_the_pager(uncovered, in_force):
    Trouble.objects.create(kind="gap", key=f"{uncovered.pk} 2027-03-23T03:00Z", text="so", since=NOW, seen_at=NOW)

    assert found(coverage_auditing.gaps_untold, in_force) == []


def test_i11_a_gap_that_somebody_signed_is_none(uncovered, ada, in_force):
    SignedGap.objects.create(
        schedule=uncovered, starts_at=NOW - MINUTE, ends_at=NOW + MINUTE, reason="dome closed", by=ada, at=NOW
    )

    assert found(coverage_auditing.gaps_untold, in_force) == []


def test_i11_where_somebody_is_on_call_there_is_no_gap(uncovered, ada, in_force):
    shift_for(uncovered, ada)

    assert found(coverage_auditing.gaps_untold, in_force) == []


def test_i11_a_gap_ahead_that_nobody_was_told_of_is_found(uncovered, in_force):
    """F45: nobody is pilot, so nobody hears of the gaps of the next weeks."""
    assert found(coverage_auditing.gaps_ahead_untold, in_force) == [str(uncovered.pk)]


def test_i11_a_gap_ahead_that_was_signed_is_none(uncovered, ada, in_force):
    SignedGap.objects.create(
        schedule=uncovered, starts_at=NOW - MINUTE, ends_at=NOW + timedelta(days=15), reason="closed", by=ada, at=NOW
    )

    assert found(coverage_auditing.gaps_ahead_untold, in_force) == []


def test_i12_who_is_on_call_now_and_has_no_way_left_is_found(ada, grace, in_force):
    schedule = make_schedule("Triage", ada, grace)
    for person in (ada, grace):
        shift_for(schedule, person)
    ContactMethod.objects.filter(person=ada).update(disabled_at=NOW, disabled_reason="STOP")

    assert found(coverage_auditing.unreachable_people, in_force) == [ada.pk]


def test_i12_who_is_on_call_has_two_proved_ways(ada, grace, in_force):
    """F44."""
    schedule = make_schedule("Triage", ada, grace)
    for person in (ada, grace):
        shift_for(schedule, person)
        ContactMethod.objects.filter(person=person).update(verified_at=NOW)
    ContactMethod.objects.create(person=ada, kind="email", address="ada@example.org", verified_at=NOW, created_at=NOW)

    assert found(coverage_auditing.one_way_people, in_force) == [grace.pk]


def test_i12_who_is_on_call_later_than_in_two_weeks_has_time(ada, in_force):
    shift_for(make_schedule("Triage", ada), ada, starts_at=NOW + timedelta(days=15), ends_at=NOW + timedelta(days=16))

    assert found(coverage_auditing.one_way_people, in_force) == []


# --- Quick ------------------------------------------------------------------------------------------------------------

SMALL = {
    "troubles_enginemodule", "troubles_heartbeat", "troubles_trouble", "schedule_schedule", "signals_source",
    "people_person", "coverage_signedgap", "latency_rulewatch", "paging_contactmethod",
}  # tables of tens of rows, which may be read whole  # fmt: skip


@pytest.mark.parametrize("invariant", every(), ids=lambda one: one.id)
def test_no_question_reads_a_table_that_grows_from_end_to_end(invariant, in_force):
    """An auditor of one of the peers was switched off because it was slow (complaint 22)."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a test's tables are so small that it would be right to

    with CaptureQueriesContext(connection) as asked:
        list(invariant.broken(NOW, in_force))

    with connection.cursor() as cursor:
        for one in asked.captured_queries:
            cursor.execute("EXPLAIN " + one["sql"])
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert set(re.findall(r"Seq Scan on (\w+)", plan)) - SMALL == set(), plan
