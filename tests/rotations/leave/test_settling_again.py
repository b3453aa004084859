"""A settlement looks back some weeks; wherever that lands, what was said about old hours is not undone."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from oncall.limits import services as limits
from rotations.leave import queries, reconciling, services
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.settlement import REACH
from tests.rotations.leave.conftest import at

MORNING = at("10:00")


def posted(person) -> tuple[int, int]:
    """Return the lines of the ledger and the seconds of leave on the account."""
    return LedgerEntry.objects.count(), queries.balance(person).credit_s


def hours() -> list[str]:
    rows = CallOut.objects.live().order_by("starts_at")
    return [f"{row.starts_at:%d %H:%M}-{f'{row.ends_at:%H:%M}' if row.ends_at else ''}" for row in rows]


@pytest.fixture
def night(tell) -> CallOut:
    """Five hours: 01:00 to 06:00 in Paris."""
    tell("00:00 page A, 00:01 acknowledge A, 05:00 resolve A")
    return CallOut.objects.get()


@pytest.mark.parametrize("looks_from", ["00:30", "01:00", "03:00", "05:00", "05:01"])
def test_hours_that_were_shortened_do_not_come_back(night, lise, looks_from):
    services.correct(
        call_out=night, by=lise, starts_at=at("00:00"), ends_at=at("01:00"), reason="I slept.", now=MORNING
    )
    before = posted(lise)
    services.settle(person=lise, now=at(looks_from) + REACH)
    assert posted(lise) == before == (2, 5400)


def test_hours_that_were_moved_by_a_month_are_counted_where_they_are(night, lise):
    there = at("00:00") - timedelta(days=59)
    services.correct(
        call_out=night, by=lise, starts_at=there, ends_at=there + timedelta(hours=2), reason="In January.", now=MORNING
    )
    before = posted(lise)
    services.settle(person=lise, now=MORNING + timedelta(hours=1))
    assert posted(lise) == before
    assert hours() == ["25 00:00-02:00"]


def test_hours_that_were_removed_after_a_correction_do_not_come_back(night, lise):
    earlier = at("00:00") - timedelta(hours=7)
    changed = services.correct(
        call_out=night, by=lise, starts_at=earlier, ends_at=earlier + timedelta(hours=1), reason="Earlier.", now=MORNING
    )
    services.remove(call_out=changed, by=lise, reason="It was a test.", now=MORNING)
    services.settle(person=lise, now=at("00:00") - timedelta(hours=3) + REACH)
    assert queries.balance(lise).credit_s == 0


def test_hours_added_weeks_later_leave_a_correction_alone(night, lise):
    services.correct(
        call_out=night, by=lise, starts_at=at("00:00"), ends_at=at("01:00"), reason="I slept.", now=MORNING
    )
    later = at("03:00") + REACH
    services.add(
        person=lise,
        by=lise,
        starts_at=later,
        ends_at=later + timedelta(hours=1),
        reason="They telephoned.",
        now=later + timedelta(days=1),
    )
    assert queries.balance(lise).credit_s == 2 * 5400


def test_an_answer_to_a_page_of_long_ago_stays_a_call_out(tell, lise):
    tell("00:00 page A, 02:00 note A, 03:00 stand_down A")  # too late for the page to be the start
    services.settle(person=lise, now=at("01:00") + REACH)
    assert (hours(), queries.balance(lise).credit_s) == (["25 02:00-03:00"], 5400)


def test_an_old_stint_is_judged_by_the_limits_of_its_time_from_wherever_it_is_seen(tell, lise):
    limits.set_limit(name="call_out_forgotten_cap_s", value=3600, effective_from=at("12:00"))
    tell("00:00 acknowledge A, 01:00 resolve A, 20:00 acknowledge A")
    services.close_forgotten(now=at("12:00") + timedelta(days=1))
    services.settle(person=lise, now=at("15:00") + REACH)
    assert hours() == ["25 00:00-01:00", "25 20:00-21:00"]
    assert reconciling.check(now=at("15:00") + REACH) == []


def test_what_a_pause_cut_off_keeps_the_rule_of_the_whole(night, lise):
    limits.set_limit(name="credit_multiplier", value=2, effective_from=at("00:00") - timedelta(days=60))  # afterwards
    services.split(
        call_out=night,
        by=lise,
        pause_starts_at=at("02:00"),
        pause_ends_at=at("03:00"),
        reason="I slept.",
        now=MORNING,
    )
    assert queries.balance(lise).credit_s == 4 * 5400


def test_the_database_itself_lets_nobody_be_at_two_call_outs_at_a_time(night, lise):
    with pytest.raises(IntegrityError, match="one_call_out_at_a_time"), transaction.atomic():
        CallOut.objects.create(person=lise, starts_at=at("04:59:59"), ends_at=at("06:00"), rule=night.rule)
        connection.check_constraints()


def test_an_open_call_out_lies_over_all_that_comes_after_it(night, lise):
    with pytest.raises(IntegrityError, match="one_call_out_at_a_time"), transaction.atomic():
        CallOut.objects.filter(pk=night.pk).update(ends_at=None)
        CallOut.objects.create(person=lise, starts_at=at("20:00"), ends_at=at("21:00"), rule=night.rule)
        connection.check_constraints()


def test_less_than_a_second_is_not_listed(tell, client, lise, night):
    tell("20:00:00.1 acknowledge B, 20:00:00.9 resolve B")
    assert CallOut.objects.count() == 2
    client.force_login(lise)
    answer = client.get("/api/v1/leave/call-outs/").json()
    assert [row["id"] for row in answer["results"]] == [str(night.pk)]


def test_what_was_taken_away_is_listed_so_that_it_can_be_put_back(night, client, lise):
    services.remove(call_out=night, by=lise, reason="It was a test.", now=MORNING)
    client.force_login(lise)
    (row,) = client.get("/api/v1/leave/call-outs/", {"state": "nothing"}).json()["results"]
    assert row["id"] == str(night.pk)


@pytest.mark.parametrize("year", [1990, 2019])
def test_hours_before_the_first_limits_earn_by_the_first(client, lise, year):
    client.force_login(lise)
    start = datetime(year, 6, 1, 1, tzinfo=UTC)
    answer = client.post(
        "/api/v1/leave/call-outs/",
        json.dumps(
            {
                "starts_at": start.isoformat(),
                "ends_at": (start + timedelta(hours=1)).isoformat(),
                "reason": "A night of old.",
            }
        ),
        content_type="application/json",
    )
    assert (answer.status_code, queries.balance(lise).credit_s) == (201, 5400)


def test_the_screen_takes_hours_from_before_the_first_limits(client, lise):
    client.force_login(lise)
    typed = {"starts_at": "2019-06-01T01:00:00", "ends_at": "2019-06-01T02:00:00", "reason": "A night of old."}
    answer = client.post(reverse("call_out_add"), typed)
    assert (answer.status_code, queries.balance(lise).credit_s) == (302, 5400)
