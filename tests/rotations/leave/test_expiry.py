"""Which credit is too old, by hand and for any account; then what the chore posts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.paging.models import ContactMethod, Notice
from rotations.leave import approving, expiring, queries, services
from rotations.leave.expiry import Lot, to_expire, unused
from rotations.leave.models import CallOut, LedgerEntry


def day(number: int) -> datetime:
    return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=number)


def lots(*approved: int) -> list[Lot[int]]:
    """One lot approved on each day: 1, 2, 3 …"""
    return [Lot(number, day(number), seconds) for number, seconds in enumerate(approved, start=1)]


def test_what_nobody_took_expires_when_it_is_old_enough():
    assert to_expire(lots(100, 50), used_s=0, until=day(1)) == {1: 100}


def test_leave_uses_the_oldest_credit_first():
    assert to_expire(lots(100, 50, 70), used_s=120, until=day(3)) == {2: 30, 3: 70}


def test_what_has_expired_does_not_expire_again():
    first, second = lots(100, 50)
    gone = Lot(1, first.since, 100, expired_s=60)  # 40 of it had been taken
    assert to_expire([gone, second], used_s=40, until=day(1)) == {}


def test_leave_after_an_expiry_uses_what_is_left():
    first, second = lots(100, 50)
    gone = Lot(1, first.since, 100, expired_s=60)
    assert unused([gone, second], used_s=60) == [(gone, 0), (second, 30)]


def test_of_credit_that_was_corrected_away_the_expiry_is_taken_back():
    assert to_expire([Lot(1, day(1), 40, expired_s=100)], used_s=0, until=day(9)) == {1: -60}


accounts = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), max_size=8)


@given(accounts, st.integers(0, 900), st.integers(0, 60))
def test_no_more_expires_than_is_unused_and_a_second_look_finds_nothing(found, used, until):
    mine = [Lot(number, day(on), seconds) for number, (seconds, on) in enumerate(found)]
    gone = to_expire(mine, used_s=used, until=day(until))
    assert sum(gone.values()) <= max(0, sum(lot.approved_s for lot in mine) - used)
    after = [Lot(lot.key, lot.since, lot.approved_s, gone.get(lot.key, 0)) for lot in mine]
    assert to_expire(after, used_s=used, until=day(until)) == {}


APPROVED = datetime(2027, 3, 26, 9, tzinfo=UTC)


@pytest.fixture
def approved(tell, lise, manager) -> CallOut:
    """Three hours of leave, for a call-out on 25 March, approved on the 26th."""
    ContactMethod.objects.create(person=lise, kind="phone", address="+33155550109", created_at=APPROVED)
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    call_out = CallOut.objects.get()
    approving.confirm(call_out=call_out, by=lise, now=APPROVED)
    approving.approve(call_out=call_out, by=manager, now=APPROVED)
    return call_out


def test_credit_expires_once_with_the_call_out_named(approved, lise):
    later = APPROVED + timedelta(days=90, seconds=1)
    assert [expiring.expire(now=later, after=timedelta(days=90)) for _ in range(2)] == [1, 0]
    entry = LedgerEntry.objects.get(kind="expire")
    assert (entry.call_out, entry.credit_s, entry.by) == (approved, -10800, None)
    assert entry.reason == "The rest of the call-out of 25 Mar 2027 was not taken within 90 days of its approval."
    account = queries.balance(lise)
    assert (account.credit_s, account.expired_s, account.available_s) == (0, 10800, 0)


def test_nothing_expires_a_second_too_early(approved):
    assert expiring.expire(now=APPROVED + timedelta(days=89), after=timedelta(days=90)) == 0


def test_credit_that_nobody_approved_does_not_expire(tell):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 resolve A")
    assert expiring.expire(now=APPROVED + timedelta(days=900), after=timedelta(days=90)) == 0


@pytest.mark.usefixtures("approved")
def test_a_person_is_warned_once_a_month_before():
    for days in (59, 61, 62):
        expiring.expire(now=APPROVED + timedelta(days=days), after=timedelta(days=90))
    assert [notice.text for notice in Notice.objects.all()] == [
        "3 h of leave, from your call-out of 25 Mar 2027, expire on Thu 24 Jun 2027. Ask for leave before."
    ]


def test_less_credit_after_it_expired_takes_some_of_the_expiry_back(approved, lise, manager):
    later = APPROVED + timedelta(days=91)
    expiring.expire(now=later, after=timedelta(days=90))
    services.correct(
        call_out=approved,
        by=manager,
        starts_at=approved.starts_at,
        ends_at=approved.starts_at + timedelta(hours=1),
        reason="An hour, not two.",
        now=later,
    )
    expiring.expire(now=later, after=timedelta(days=90))
    account = queries.balance(lise)
    assert (account.earned_s, account.expired_s, account.available_s) == (5400, 5400, 0)


@pytest.mark.parametrize(("days", "expired"), [(0, 0), (90, 10800)])
def test_the_chore_follows_the_limit_and_0_is_never(approved, lise, days, expired):
    Limit.objects.create(name="credit_expires_after_days", value=days, unit="d", source="here", effective_from=APPROVED)
    later = APPROVED + timedelta(days=91)
    expiring.pace.forget()
    expiring.keep(now=later, limits=limits.at(later))
    assert queries.balance(lise).expired_s == expired
