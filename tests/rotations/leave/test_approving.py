"""Who may say what about a call-out, and what comes of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import Membership, Person, Team
from rotations.leave import accounts, approving, queries, services
from rotations.leave.models import CallOut, LedgerEntry

NOON = datetime(2027, 3, 26, 12, tzinfo=UTC)


@pytest.fixture
def call_out(tell) -> CallOut:
    """Lise was called for two hours: three hours of leave."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    return CallOut.objects.get()


@pytest.fixture
def admin(db) -> Person:
    return Person.objects.create_superuser("root", name="Root Admin")


@pytest.fixture
def stands(call_out):
    return lambda: accounts.standing(call_out).state


def correct(call_out: CallOut, by: Person, hours: float) -> None:
    services.correct(
        call_out=call_out,
        by=by,
        starts_at=call_out.starts_at,
        ends_at=call_out.starts_at + timedelta(hours=hours),
        reason="Looked at the clock again.",
        now=NOON,
    )


def test_confirmed_by_the_person_and_approved_by_the_manager_it_can_be_taken(call_out, lise, manager, stands):
    assert stands() == "to_confirm"
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    assert stands() == "confirmed"
    assert queries.balance(lise).available_s == 0
    approving.approve(call_out=call_out, by=manager, now=NOON)
    assert stands() == "approved"
    account = queries.balance(lise)
    assert (account.earned_s, account.approved_s, account.awaits_s, account.available_s) == (10800, 10800, 0, 10800)


def test_saying_it_twice_is_saying_it_once(call_out, lise, manager):
    for _ in range(2):
        approving.confirm(call_out=call_out, by=lise, now=NOON)
    for _ in range(2):
        approving.approve(call_out=call_out, by=manager, now=NOON)
    for _ in range(2):
        approving.dispute(call_out=call_out, by=lise, reason="No.", now=NOON)
    for _ in range(2):
        approving.ask_back(call_out=call_out, by=manager, reason="Why?", now=NOON)
    assert [row.kind for row in accounts.words_of(call_out)] == ["confirm", "approve", "dispute", "ask_back"]


def test_words_move_no_seconds_and_keep_what_stood(call_out, lise):
    entry = approving.confirm(call_out=call_out, by=lise, now=NOON)
    assert entry is not None
    assert (entry.out_of_hours_s, entry.credit_s, entry.stands_s, entry.by) == (0, 0, 10800, lise)


def test_only_the_person_confirms_or_disputes(call_out, manager):
    with pytest.raises(approving.NotYours, match="Only Lise Girard can confirm"):
        approving.confirm(call_out=call_out, by=manager, now=NOON)
    with pytest.raises(approving.NotYours, match="Only Lise Girard can dispute"):
        approving.dispute(call_out=call_out, by=manager, reason="x", now=NOON)


@pytest.mark.parametrize("verb", [approving.approve, approving.ask_back])
def test_a_colleague_a_pilot_and_a_manager_of_others_neither_approve_nor_ask_back(call_out, lise, ada, pilot, verb):
    other = Team.objects.create(name="Observers", slug="observers")
    ada.role_terms.create(role="manager", team=other, starts_at=NOON - timedelta(days=9))
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    for who in (ada, pilot):
        with pytest.raises(approving.NotYours, match="Only a manager of Lise Girard"):
            verb(call_out=call_out, by=who, reason="x", now=NOON)


def test_nobody_approves_their_own_not_even_a_manager_of_everybody_or_an_administrator(call_out, lise):
    lise.role_terms.create(role="manager", starts_at=NOON - timedelta(days=9))
    lise.is_superuser = True
    lise.save()
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    with pytest.raises(approving.NotYours, match="Nobody can approve their own"):
        approving.approve(call_out=call_out, by=lise, now=NOON)


def test_the_database_refuses_an_own_approval_too(call_out, lise):
    with pytest.raises(IntegrityError, match="nobody_approves_their_own"), transaction.atomic():
        LedgerEntry.objects.create(person=lise, call_out=call_out, kind="approve", stands_s=10800, at=NOON, by=lise)


def test_an_administrator_approves(call_out, lise, admin, stands):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.approve(call_out=call_out, by=admin, now=NOON)
    assert stands() == "approved"


def test_what_is_not_confirmed_is_not_approved(call_out, manager):
    with pytest.raises(approving.ApprovalRefused, match="Ask them to confirm it"):
        approving.approve(call_out=call_out, by=manager, now=NOON, reason="Never mind.")


def test_of_somebody_who_left_it_is_approved_unconfirmed_with_a_reason(call_out, lise, manager, stands):
    lise.is_active = False
    lise.save()
    with pytest.raises(approving.ApprovalRefused, match="has left without confirming"):
        approving.approve(call_out=call_out, by=manager, now=NOON)
    approving.approve(call_out=call_out, by=manager, now=NOON, reason="The log agrees.")
    assert stands() == "approved"


def test_nothing_is_approved_that_was_not_seen(call_out, lise, manager, stands):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    with pytest.raises(approving.ApprovalRefused, match="at 3 h of leave now, not at 2 h 30 min as you saw") as refused:
        approving.approve(call_out=call_out, by=manager, now=NOON, stands_s=9000)
    assert refused.value.conflict
    assert stands() == "confirmed"


def test_a_correction_after_an_approval_must_be_said_again_and_holds_up_to_what_was_approved(
    call_out, lise, manager, stands
):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.approve(call_out=call_out, by=manager, now=NOON)
    correct(call_out, lise, hours=3)
    assert stands() == "changed"
    account = queries.balance(lise)
    assert (account.earned_s, account.approved_s) == (16200, 10800)
    with pytest.raises(approving.ApprovalRefused, match="It changed since Lise Girard confirmed it"):
        approving.approve(call_out=call_out, by=manager, now=NOON)
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.approve(call_out=call_out, by=manager, now=NOON)
    assert queries.balance(lise).approved_s == 16200


def test_who_is_asked_back_answers_in_words(call_out, lise, manager, stands):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.ask_back(call_out=call_out, by=manager, reason="Until 05:20, really?", now=NOON)
    assert stands() == "asked_back"
    with pytest.raises(approving.ApprovalRefused, match="Answer what your manager asked"):
        approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.confirm(call_out=call_out, by=lise, reason="Yes, the dome was stuck.", now=NOON)
    assert stands() == "confirmed"
    assert [(row.by, row.reason) for row in accounts.words_of(call_out)] == [
        (lise, ""),
        (manager, "Until 05:20, really?"),
        (lise, "Yes, the dome was stuck."),
    ]


def test_a_dispute_takes_the_approval_away_until_it_is_approved_again_with_words(call_out, lise, manager, stands):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.approve(call_out=call_out, by=manager, now=NOON)
    approving.dispute(call_out=call_out, by=lise, reason="It was four hours.", now=NOON)
    assert (stands(), queries.balance(lise).approved_s) == ("disputed", 0)
    with pytest.raises(approving.ApprovalRefused, match="Lise Girard disputes these hours"):
        approving.approve(call_out=call_out, by=manager, now=NOON)
    approving.approve(call_out=call_out, by=manager, reason="The log says two.", now=NOON)
    assert (stands(), queries.balance(lise).approved_s) == ("approved", 10800)


@pytest.mark.parametrize("verb", ["ask_back", "dispute"])
def test_asking_back_and_disputing_want_words(call_out, lise, manager, verb):
    by = manager if verb == "ask_back" else lise
    with pytest.raises(approving.ApprovalRefused) as refused:
        getattr(approving, verb)(call_out=call_out, by=by, reason="  ", now=NOON)
    assert refused.value.field == "reason"


def test_an_open_call_out_is_stood_down_from_first(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A")
    with pytest.raises(approving.ApprovalRefused, match="Stand down first"):
        approving.confirm(call_out=CallOut.objects.get(), by=lise, now=NOON)


def test_of_one_that_became_part_of_another_nothing_is_said(tell, lise):
    tell("02:00 page A, 02:30 resolve A, 03:00 page B, 03:30 resolve B, 02:15 acknowledge C, 03:10 resolve C")
    with pytest.raises(approving.ApprovalRefused, match="became part of another"):
        approving.confirm(call_out=CallOut.objects.get(merged_into__isnull=False), by=lise, now=NOON)


def test_the_other_side_is_told_of_a_question_and_of_a_dispute(call_out, lise, manager):
    for person, number in ((lise, "+33155550109"), (manager, "+33155550110")):
        ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=NOON)
    approving.ask_back(call_out=call_out, by=manager, reason="Why?", now=NOON)
    approving.dispute(call_out=call_out, by=lise, reason="Four hours.", now=NOON)
    assert {(notice.person, notice.text) for notice in Notice.objects.all()} == {
        (lise, "Max Manager asks about your call-out of Thu 25 Mar 2027: “Why?”"),
        (manager, "Lise Girard disputes the call-out of Thu 25 Mar 2027: “Four hours.”"),
    }


# --- A month at once


@pytest.fixture
def bo(db, manager) -> Person:
    """A colleague of Lise's, in the same team."""
    made = Person.objects.create_user("bo", name="Bo Berg", time_zone="Europe/Paris")
    Membership.objects.create(person=made, team=Team.objects.get(slug="data-facility"))
    return made


MARCH = date(2027, 3, 1)


def test_a_month_approves_what_is_confirmed_and_says_what_it_left_out_and_why(call_out, tell, lise, bo, manager):
    tell("02:20 page A, 02:25 acknowledge A, 03:20 resolve A", bo)
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    done = approving.approve_month(by=manager, month=MARCH, now=NOON)
    assert done.approved == [call_out]
    assert [(one.call_out.person, one.why) for one in done.left_out] == [(bo, "Bo Berg has not confirmed it yet.")]
    assert queries.balance(lise).approved_s == 10800


def test_a_month_twice_approves_once(call_out, lise, manager):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    done = [approving.approve_month(by=manager, month=MARCH, now=NOON) for _ in range(2)]
    assert [(len(one.approved), len(one.left_out)) for one in done] == [(1, 0), (0, 0)]
    assert LedgerEntry.objects.filter(kind="approve").count() == 1


def test_a_month_leaves_out_what_moved_or_came_since_it_was_looked_at(call_out, tell, lise, bo, manager):
    tell("02:20 page A, 02:25 acknowledge A, 03:20 resolve A", bo)
    other = CallOut.objects.get(person=bo)
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    approving.confirm(call_out=other, by=bo, now=NOON)
    done = approving.approve_month(by=manager, month=MARCH, now=NOON, seen={call_out.pk: 10000})
    assert done.approved == []
    assert {one.call_out: one.why for one in done.left_out} == {
        call_out: "It changed while you looked: it stands at 3 h of leave now.",
        other: "It was confirmed after you looked.",
    }


def test_a_month_is_the_persons_own(lise, manager):
    """23:30 UTC on 31 March is 01:30 on 1 April in Paris."""
    start, end = datetime(2027, 3, 31, 23, 30, tzinfo=UTC), datetime(2027, 3, 31, 23, 50, tzinfo=UTC)
    services.add(person=lise, by=lise, starts_at=start, ends_at=end, reason="Rang.", now=end)
    assert approving.call_outs_of_month([lise], MARCH) == []
    assert approving.call_outs_of_month([lise], date(2027, 4, 30)) == [CallOut.objects.get()]


def test_a_month_is_of_ones_own_people_never_ones_own(call_out, lise, ada, pilot, manager):
    approving.confirm(call_out=call_out, by=lise, now=NOON)
    for who in (ada, pilot, lise):
        assert approving.approve_month(by=who, month=MARCH, now=NOON, people=[lise]).approved == []
    team = Team.objects.create(name="Observers", slug="observers")
    assert approving.approve_month(by=manager, month=MARCH, now=NOON, team=team).approved == []


def test_what_earns_nothing_waits_for_nobody(tell, lise, manager):
    tell("09:00 page A, 09:05 acknowledge A, 09:30 resolve A")  # 10:00 in Paris
    stands = accounts.standing(CallOut.objects.get())
    assert (stands.is_nothing, stands.waits_for_person) == (True, False)
    done = approving.approve_month(by=manager, month=MARCH, now=NOON)
    assert (done.approved, done.left_out) == ([], [])
