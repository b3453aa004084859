"""Leave taken: the seconds of a work calendar, asked against what is approved, decided by somebody else."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from oncall.paging.models import ContactMethod, Notice
from oncall.people.models import WorkCalendar
from rotations.changes import services as changes
from rotations.changes.models import Absence
from rotations.coverage import queries as coverage
from rotations.leave import approving, queries, services, taking
from rotations.leave.credit import Hours
from rotations.leave.models import CallOut, LeaveRequest, LedgerEntry
from rotations.leave.working import seconds_from, work_slices

PARIS = ZoneInfo("Europe/Paris")
HOURS = Hours(zone=PARIS, holidays={date(2027, 3, 29): "Easter Monday"})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- The arithmetic


def test_work_time_in_a_span_is_what_lies_inside_the_calendar():
    """Thursday noon to Tuesday noon, Paris, over Easter: Thu 5 h, Fri 8 h, Tue 3 h on summer time."""
    found = work_slices(utc("2027-03-25T11:00"), utc("2027-03-30T10:00"), HOURS)
    assert [(one.local_date.day, one.seconds) for one in found] == [(25, 18000), (26, 28800), (30, 10800)]
    assert found[2].starts_at == utc("2027-03-30T07:00")  # 09:00 in Paris, an hour earlier in UTC than the week before


def test_a_workday_in_which_clocks_change_takes_what_it_lasts():
    """A calendar that works from midnight to six on Sunday 28 March 2027, when Paris skips 02:00 to 03:00."""
    nights = Hours(zone=PARIS, work_days=frozenset({7}), starts=time(0), ends=time(6))
    (found,) = work_slices(utc("2027-03-27T00:00"), utc("2027-03-29T00:00"), nights)
    assert found.seconds == 5 * 3600


def test_a_calendar_may_end_at_midnight():
    early_night = Hours(ZoneInfo("America/Santiago"), starts=time(17), ends=time(0))
    (found,) = work_slices(utc("2027-06-15T00:00"), utc("2027-06-15T12:00"), early_night)
    assert (found.starts_at, found.ends_at) == (utc("2027-06-15T00:00"), utc("2027-06-15T04:00"))  # Mon 20:00 to 24:00


def test_fractions_of_a_second_do_not_count():
    (found,) = work_slices(utc("2027-03-25T10:00:00.9"), utc("2027-03-25T10:00:02.1"), HOURS)
    assert found.seconds == 2


seconds = st.integers(0, 9 * 86400)


@given(seconds, seconds, seconds)
def test_splitting_a_span_changes_no_sum(one, two, three):
    first, middle, last = (utc("2027-03-25T00:00") + timedelta(seconds=at) for at in sorted((one, two, three)))

    def worked(start: datetime, end: datetime) -> int:
        return sum(piece.seconds for piece in work_slices(start, end, HOURS))

    assert worked(first, middle) + worked(middle, last) == worked(first, last)


@given(seconds)
def test_what_is_left_after_an_instant_and_what_was_before_are_the_whole(at):
    start, end = utc("2027-03-25T00:00"), utc("2027-04-03T00:00")
    cut = start + timedelta(seconds=at)
    pieces = [(piece.starts_at, piece.ends_at) for piece in work_slices(start, end, HOURS)]
    before = sum(piece.seconds for piece in work_slices(start, cut, HOURS))
    assert before + seconds_from(pieces, cut) == sum(int((b - a).total_seconds()) for a, b in pieces)


# --- The verbs

NOON = utc("2027-03-26T12:00")
MORNING = (utc("2027-04-01T07:00"), utc("2027-04-01T10:00"))  # Thursday 09:00 to 12:00 in Paris: three hours


@pytest.fixture
def account(tell, lise, manager):
    """Lise has three hours of leave approved, of two hours of work at night."""
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    approving.confirm(call_out=CallOut.objects.get(), by=lise, now=NOON)
    approving.approve(call_out=CallOut.objects.get(), by=manager, now=NOON)


@pytest.fixture
def ask(lise):
    def ask(**changed) -> LeaveRequest:
        words = {"person": lise, "by": lise, "starts_at": MORNING[0], "ends_at": MORNING[1], "now": NOON}
        return taking.ask(**(words | changed))

    return ask


@pytest.mark.usefixtures("account")
def test_leave_asked_for_takes_from_what_is_available_and_nothing_from_the_ledger(ask, lise):
    asked = ask(note="Long week-end.")
    assert (asked.seconds, asked.state, asked.by) == (10800, "asked", lise)
    assert [piece["seconds"] for piece in asked.slices] == [10800]
    found = queries.balance(lise)
    assert (found.credit_s, found.asked_s, found.available_s) == (10800, 10800, 0)


@pytest.mark.usefixtures("account")
def test_approved_leave_is_taken_and_an_absence(ask, lise, manager):
    asked = taking.approve(request=ask(), by=manager, now=NOON)
    entry = LedgerEntry.objects.get(kind="take")
    assert (entry.request, entry.credit_s, entry.by) == (asked, -10800, manager)
    found = queries.balance(lise)
    assert (found.credit_s, found.taken_s, found.asked_s, found.available_s) == (0, 10800, 0, 0)
    absence = Absence.objects.get(kind="leave")
    assert (absence.kind, absence.starts_at, absence.ends_at) == ("leave", *MORNING)
    assert asked.absence == absence


@pytest.mark.usefixtures("account")
def test_approving_twice_takes_once(ask, lise, manager):
    asked = ask()
    for _ in range(2):
        taking.approve(request=asked, by=manager, now=NOON)
    assert queries.balance(lise).taken_s == 10800


@pytest.mark.usefixtures("account")
def test_more_than_is_available_is_refused_and_says_what_there_is(tell, ask, lise):
    tell("05:00 page B, 05:01 acknowledge B, 05:20 resolve B")  # half an hour more, which nobody has approved
    ask(ends_at=utc("2027-04-01T08:00"))
    with pytest.raises(taking.LeaveRefused) as refused:
        ask(starts_at=utc("2027-04-02T07:00"), ends_at=utc("2027-04-02T10:00"))
    assert refused.value.field == "ends_at"
    assert str(refused.value) == (
        "That takes 3 h, and 2 h is available: 3 h of leave is approved and not taken, 1 h of it is asked for already,"
        " 30 min more awaits approval. Ask for less, or have call-outs approved first."
    )


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"ends_at": MORNING[0]}, "ends_at", "must be after the start"),
        ({"starts_at": NOON - timedelta(days=2), "ends_at": NOON}, "ends_at", "That time is over"),
        ({"ends_at": MORNING[0] + timedelta(days=367)}, "ends_at", "over 366 days"),
        ({"starts_at": utc("2027-04-03T00:00"), "ends_at": utc("2027-04-04T00:00")}, "ends_at", "does not work in"),
        ({"note": "x" * 301}, "note", "over 300 characters"),
        ({"starts_at": utc("2099-12-31T00:00"), "ends_at": utc("2100-02-01T00:00")}, "starts_at", "too far away"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_its_field(ask, changed, field, words):
    with pytest.raises(taking.LeaveRefused, match=words) as refused:
        ask(**changed)
    assert refused.value.field == field
    assert not LeaveRequest.objects.exists()


@pytest.mark.usefixtures("account")
def test_two_requests_do_not_overlap(ask):
    ask(ends_at=utc("2027-04-01T08:00"))
    with pytest.raises(taking.LeaveRefused, match="has leave Thu 1 Apr 07:00 to 08:00 UTC already, asked"):
        ask(starts_at=utc("2027-04-01T07:30"), ends_at=utc("2027-04-01T09:00"))


@pytest.mark.usefixtures("account")
def test_an_absence_by_hand_in_the_way_is_named(ask, lise, manager):
    asked = ask()
    absence = {"person": lise, "kind": "travel", "starts_at": MORNING[0], "ends_at": MORNING[1], "by": lise}
    changes.add_absence(**absence, now=NOON)
    with pytest.raises(taking.LeaveRefused, match="is absent Thu 1 Apr 07:00 to 10:00 UTC already"):
        taking.approve(request=asked, by=manager, now=NOON)
    asked.refresh_from_db()
    assert asked.state == "asked"
    assert queries.balance(lise).taken_s == 0
    taking.withdraw(request=asked, by=lise, now=NOON)
    with pytest.raises(taking.LeaveRefused, match="Cancel that absence first"):
        ask()


@pytest.mark.usefixtures("account")
def test_nobody_decides_about_their_own_leave(ask, lise, ada, pilot):
    asked = ask()
    for who in (lise, ada, pilot):
        for verb in (taking.approve, taking.refuse):
            with pytest.raises(taking.NotYours):
                verb(request=asked, by=who, answer="x", now=NOON)


@pytest.mark.usefixtures("account")
def test_the_database_refuses_an_own_decision_too(ask, lise):
    asked = ask()
    with pytest.raises(IntegrityError, match="nobody_approves_own_leave"), transaction.atomic():
        LeaveRequest.objects.filter(pk=asked.pk).update(state="approved", decided_by=lise, decided_at=NOON)


@pytest.mark.usefixtures("account")
def test_what_was_approved_for_it_may_be_gone_by_the_time_it_is_decided(ask, lise, manager):
    asked = ask()
    approving.dispute(call_out=CallOut.objects.get(), by=lise, reason="Four hours.", now=NOON)
    with pytest.raises(taking.LeaveRefused, match="Only 0 s of leave is approved and not taken, and this takes 3 h"):
        taking.approve(request=asked, by=manager, now=NOON)


@pytest.mark.usefixtures("account")
def test_refused_with_a_reason_nothing_is_taken(ask, lise, manager):
    asked = ask()
    with pytest.raises(taking.LeaveRefused, match="Say why not"):
        taking.refuse(request=asked, by=manager, answer=" ", now=NOON)
    refused = taking.refuse(request=asked, by=manager, answer="Full moon.", now=NOON)
    assert (refused.state, refused.answer) == ("refused", "Full moon.")
    assert queries.balance(lise).available_s == 10800
    with pytest.raises(taking.LeaveRefused, match="refused already by Max Manager"):
        taking.approve(request=asked, by=manager, now=NOON)


@pytest.mark.usefixtures("account")
def test_withdrawn_it_is_available_again(ask, lise):
    asked = ask()
    for _ in range(2):
        taking.withdraw(request=asked, by=lise, now=NOON)
    assert queries.balance(lise).available_s == 10800


@pytest.mark.usefixtures("account")
def test_cancelled_before_it_begins_all_of_it_goes_back(ask, lise, manager):
    asked = taking.approve(request=ask(), by=manager, now=NOON)
    for _ in range(2):
        taking.cancel(request=asked, by=lise, now=NOON)
    assert LedgerEntry.objects.get(request=asked, kind="adjust").credit_s == 10800
    found = queries.balance(lise)
    assert (found.taken_s, found.available_s) == (0, 10800)
    assert Absence.objects.get(kind="leave").cancelled_at == NOON


@pytest.mark.usefixtures("account")
def test_broken_off_the_rest_goes_back_and_the_absence_ends_then(ask, lise, manager):
    asked = taking.approve(request=ask(), by=manager, now=NOON)
    taking.cancel(request=asked, by=lise, now=utc("2027-04-01T08:00"))
    assert queries.balance(lise).taken_s == 3600
    assert Absence.objects.get(kind="leave").covers_until == utc("2027-04-01T08:00")


@pytest.mark.usefixtures("account")
def test_leave_that_is_over_is_not_cancelled(ask, lise, manager):
    asked = taking.approve(request=ask(), by=manager, now=NOON)
    with pytest.raises(taking.LeaveRefused, match="over and was taken"):
        taking.cancel(request=asked, by=lise, now=MORNING[1])


@pytest.mark.usefixtures("account")
def test_a_manager_asks_for_somebody_who_is_ill_and_a_colleague_does_not(ask, lise, manager, ada):
    assert ask(by=manager).by == manager
    with pytest.raises(taking.NotYours, match="Only Lise Girard or their manager"):
        ask(by=ada)


@pytest.mark.usefixtures("account")
def test_leave_opens_a_gap_which_is_known_before(schedule, ask, lise, manager):
    """Lise's turn is the week from Monday 15 March; the next from 5 April, 16:00 UTC."""
    start, end = utc("2027-04-06T07:00"), utc("2027-04-06T10:00")
    assert [one.schedule for one in taking.clashes(lise, start, end)] == [schedule]
    taking.approve(request=ask(starts_at=start, ends_at=end), by=manager, now=NOON)
    assert coverage.on_call(schedule=schedule, at=start) == []
    assert [duty.person for duty in coverage.on_call(schedule=schedule, at=end)] == [lise]


@pytest.mark.usefixtures("account")
def test_it_takes_by_the_hours_that_hold_on_each_day(ask, lise):
    """From Friday 2 April on Lise works half days."""
    half = WorkCalendar.objects.create(name="Half", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(10))
    lise.hours_terms.create(
        starts_at=utc("2027-04-02T00:00"), time_zone="Europe/Paris", calendar=half, country="FR", created_at=NOON
    )
    asked = ask(starts_at=utc("2027-04-01T13:00"), ends_at=utc("2027-04-02T20:00"))
    assert [piece["seconds"] for piece in asked.slices] == [7200, 3600]


@pytest.mark.usefixtures("account")
def test_whoever_must_act_or_know_is_told(ask, lise, manager):
    for person, number in ((lise, "+33155550109"), (manager, "+33155550110")):
        ContactMethod.objects.create(person=person, kind="phone", address=number, created_at=NOON)
    taking.approve(request=ask(), by=manager, now=NOON)
    assert {(notice.person, notice.text) for notice in Notice.objects.all()} == {
        (manager, "Lise Girard asks for 3 h of leave, Thu 1 Apr 09:00 to 12:00 (your time)."),
        (lise, "Max Manager approved your leave Thu 1 Apr 09:00 to 12:00 (your time)."),
    }


def test_what_is_not_approved_cannot_be_asked_for(tell, lise):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    with pytest.raises(taking.LeaveRefused, match="0 s is available"):
        taking.ask(person=lise, by=lise, starts_at=MORNING[0], ends_at=MORNING[1], now=NOON)
    services.settle(person=lise, now=NOON)
    assert not LeaveRequest.objects.exists()
