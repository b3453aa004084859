"""Figures worked out by hand (conftest.py), and that they are the ledger's to the second."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oncall.paging.models import Page
from oncall.people.models import Membership, Person, Team
from rotations.leave import accounts, services
from rotations.leave.credit import Slice
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.spans import Kind
from rotations.reports import queries, tables
from rotations.reports.totals import Account, after_midnight, apart, figures
from tests.rotations.reports.conftest import APRIL, utc

MARCH = (date(2027, 3, 1), date(2027, 3, 31))
SPRING = (date(2027, 1, 1), date(2027, 4, 20))


def report(*people: Person, days=SPRING, now=APRIL):
    return queries.report(people or Person.objects.all(), first=days[0], last=days[1], now=now)


@pytest.mark.usefixtures("world")
def test_a_persons_spring_is_what_a_hand_adds_up(lise):
    total = report(lise).total
    assert (total.call_outs, total.out_of_hours_s, total.credit_s) == (3, 18180, 27270)  # 5:03:00 and 7:34:30
    assert total.kinds == {"night": 7380, "evening": 0, "weekend": 10800, "holiday": 0, "day off": 0}
    assert total.after_midnight_s == 7200 + 9000 + 180
    assert (total.weekend_s, total.weekends) == (10800, 1)


@pytest.mark.usefixtures("world")
def test_a_call_out_belongs_to_the_month_in_which_it_began_on_the_persons_own_clock(lise):
    found = report(lise)
    assert [(row.label, row.figures.call_outs, row.figures.credit_s) for row in tables.months(found)] == [
        ("January 2027", 0, 0),
        ("February 2027", 0, 0),
        ("March 2027", 2, 27000),
        ("April 2027", 1, 270),
    ]


@pytest.mark.usefixtures("world", "leave_taken")
def test_the_account_goes_from_month_to_month(lise):
    found = report(lise)
    assert [row.figures.account for row in tables.months(found)] == [
        Account(0, 0, 0, 0),
        Account(0, 0, 0, 0),
        Account(0, 27270, 0, 0),
        Account(27270, 0, -7200, 0),
    ]
    assert found.total.account.closing_s == 20070
    assert found.holds


@pytest.mark.usefixtures("world")
def test_what_was_posted_for_other_days_is_named(lise):
    sums = report(lise, days=MARCH)
    assert (sums.reconciled.of_these_s, sums.reconciled.for_others_s, sums.reconciled.posted_s) == (27000, 270, 27270)
    assert [one.credit_s for one in sums.elsewhere] == [270]
    assert sums.holds


@pytest.mark.usefixtures("world")
def test_a_correction_posted_later_counts_where_the_call_out_lies_and_is_named(lise):
    night = CallOut.objects.get(person=lise, starts_at=utc("03-25T02:20"))
    services.correct(
        call_out=night,
        by=lise,
        starts_at=night.starts_at,
        ends_at=utc("03-25T05:20"),
        reason="Stayed.",
        now=utc("04-05T08:00"),
    )
    march = report(lise, days=MARCH)
    assert march.total.credit_s == 27000 + 5400
    assert (march.reconciled.after_s, march.reconciled.for_others_s, march.reconciled.posted_s) == (5400, 270, 27270)
    assert sorted(one.credit_s for one in march.elsewhere) == [270, 5400]
    assert march.holds


@pytest.mark.usefixtures("world", "leave_taken")
@pytest.mark.parametrize(
    "days", [SPRING, MARCH, (date(2027, 3, 28), date(2027, 3, 28)), (date(2027, 4, 1), date(2027, 4, 30))]
)
def test_whatever_the_days_the_closing_balance_is_the_ledgers(days):
    found = report(days=days)
    until = found.days.known_until
    assert found.total.account.closing_s == sum(
        one.credit_s for one in accounts.balances(Person.objects.all(), at=until)
    )
    assert found.holds


@pytest.mark.usefixtures("world", "leave_taken")
def test_all_days_add_up_to_the_whole_ledger(lise, ada):
    total = report().total
    entries = LedgerEntry.objects.all()
    assert total.credit_s == sum(one.credit_s for one in entries.computed()) == 27270 + 5400
    assert total.out_of_hours_s == sum(one.out_of_hours_s for one in entries) == 18180 + 3600
    assert total.account.closing_s == sum(one.credit_s for one in entries) == 27270 + 5400 - 7200


@pytest.mark.usefixtures("world")
def test_rows_by_person_and_by_month_have_the_same_sum():
    found = report()
    for by in ("person", "month"):
        rows = tables.rows(found, by=by)
        assert sum(row.figures.credit_s for row in rows) == found.total.credit_s == 32670


@pytest.mark.usefixtures("world")
def test_who_is_in_two_teams_is_in_both_rows_and_once_in_the_total(lise, ada):
    teams = [Team.objects.create(name=name, slug=name.lower()) for name in ("Analysis", "Data")]
    for team in teams:
        Membership.objects.create(person=lise, team=team)
    found = report()
    rows = tables.rows(found, by="team", teams=teams)
    assert [(row.label, row.figures.credit_s) for row in rows] == [
        ("Analysis", 27270),
        ("Data", 27270),
        ("In none of these teams", 5400),
    ]
    assert found.total.credit_s == 32670


@pytest.mark.usefixtures("world")
def test_only_what_a_manager_approved_is_approved(lise, manager):
    night = CallOut.objects.get(person=lise, starts_at=utc("03-25T02:20"))
    LedgerEntry.objects.create(
        person=lise, call_out=night, kind="approve", stands_s=10800, at=utc("04-02T08:00"), by=manager
    )
    found = report(lise)
    assert (found.total.credit_s, found.total.approved_s) == (27270, 10800)
    assert [row.state for row in found.call_outs] == ["approved", "to_confirm", "to_confirm"]


def test_an_open_call_out_is_counted_apart_and_earns_nothing_yet(lise, world):
    story: list[tuple[Kind, str]] = [("page", "04-20T01:00:00"), ("acknowledge", "04-20T01:05:00")]
    for kind, at in story:
        services.record(person=lise, at=utc(at), kind=kind, subject="alarm:E", text="", url="", now=utc(at))
    found = report(lise, days=(date(2027, 4, 2), date(2027, 4, 30)), now=utc("04-20T02:00"))
    assert (found.total.call_outs, found.total.still_open, found.total.credit_s) == (0, 1, 0)
    assert [(row.counted.is_open, row.counted.credit_s) for row in found.call_outs] == [(True, 5400)]
    assert found.holds


@pytest.mark.usefixtures("world")
def test_the_checksum_changes_with_the_ledger_and_with_nothing_else(lise, manager):
    before = queries.position([lise], until=APRIL)
    assert (before.entries, before.balance_s) == (3, 27270)
    assert queries.position([lise], until=APRIL) == before
    night = CallOut.objects.get(person=lise, starts_at=utc("03-25T02:20"))
    LedgerEntry.objects.create(
        person=lise, call_out=night, kind="approve", stands_s=10800, at=utc("04-02T08:00"), by=manager
    )
    after = queries.position([lise], until=APRIL)
    assert (after.entries, after.balance_s) == (4, 27270)
    assert after.checksum != before.checksum


@pytest.mark.usefixtures("world")
def test_a_page_counts_on_the_day_of_the_persons_clock(lise):
    for number, at in enumerate(("03-31T21:59", "03-31T22:01")):  # 23:59 of 31 March and 00:01 of 1 April in Paris
        Page.objects.create(
            id=f"6f6e6361-6c6c-4000-8000-00000000000{number}",
            key=f"page {number}",
            person=lise,
            urgency="high",
            severity=1,
            reference=f"10{number}",
            title="Dome",
            answer_path="x",
            ladder=[],
            state="answered",
            created_at=utc(at),
            ended_at=utc(at),
        )
    assert [row.figures.pages for row in tables.months(report(lise))] == [0, 0, 1, 1]
    assert queries.pages_of(lise, report(lise, days=MARCH).days).count() == 1


def test_many_people_cost_no_more_queries_than_few(world, lise, ada, grace, pilot):
    with CaptureQueriesContext(connection) as two:
        report(lise, ada)
    with CaptureQueriesContext(connection) as four:
        report(lise, ada, grace, pilot)
    assert len(two) == len(four) < 25


@pytest.mark.usefixtures("world")
def test_leave_posted_that_no_rule_earns_does_not_reconcile(lise):
    call_out = CallOut.objects.get(starts_at=utc("03-25T02:20"))
    LedgerEntry.objects.create(
        person=lise, call_out=call_out, kind="adjust", credit_s=36000, at=utc("03-26T12:00"), reason="A slip."
    )
    found = report(lise)
    assert (found.holds, found.unexplained_s) == (False, 36000)


@pytest.mark.usefixtures("world")
def test_a_call_out_that_is_open_again_reconciles_with_what_was_posted_for_it(lise):
    """C was resolved at 22:13 UTC, which is undone at 22:14: 270 s stay posted until it is closed again."""
    at = utc("03-31T22:14")
    services.record(person=lise, at=at, kind="undone", subject="alarm:03-31T22:10", text="", url="", now=at)
    found = report(lise, now=utc("03-31T22:20"))
    assert (found.total.still_open, found.total.credit_s) == (1, 27000)
    assert (found.reconciled.open_again_s, found.reconciled.posted_s) == (270, 27270)
    assert found.holds


@pytest.mark.usefixtures("world", "leave_taken")
def test_the_facts_of_each_add_up_to_what_all_have(lise, ada, grace):
    found = report()
    theirs = apart(found.facts)
    assert grace.pk not in theirs
    assert {one: figures(theirs[one.pk]) for one in (lise, ada)} == {
        one: figures(found.facts, people=[one.pk]) for one in (lise, ada)
    }


def test_names_with_numbers_are_in_the_order_of_the_numbers(db):
    for number in (10, 2, 1):
        Person.objects.create_user(f"v{number}", name=f"Visitor {number}")
    assert [one.name for one in report().people] == ["Visitor 1", "Visitor 2", "Visitor 10"]


def test_after_midnight_is_on_the_own_clock_though_slices_are_of_another_clocks_day():
    """22:00 to 08:00 in Paris, of which 7 h after midnight; in Los Angeles it is one afternoon."""
    start = datetime(2027, 3, 24, 21, tzinfo=UTC)
    piece = Slice(start, start + timedelta(hours=10), date(2027, 3, 24), "day off")
    assert after_midnight([piece], zone=ZoneInfo("Europe/Paris")) == 7 * 3600
