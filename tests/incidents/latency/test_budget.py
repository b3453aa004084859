"""The three limits, worked out by hand (domain.md 5.4)."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.latency.budget import (
    Budget,
    Counts,
    Use,
    fraction,
    lost_in,
    month_of,
    percent,
    total,
    used,
    uses,
    year_of,
)

OURS = Budget()
START = date(2026, 2, 24)


def percents(counts: Counts, of: Decimal | int) -> dict[str, str]:
    return {name: str(use.percent) for name, use in uses(counts, OURS, of=of).items()}


def test_each_limit_counts_its_own_visits():
    counts = Counts(in_time=900, delayed=40, failed=3, pending=7, unknown=5, not_eligible=45)

    assert used(counts) == {"late_2": 43, "delayed_1": 40, "failed_01": 3}
    assert (counts.eligible, counts.visits) == (955, 1000)


def test_a_year_allows_6000_late_3000_delayed_and_300_failed_visits():
    allowed = {name: use.allowed for name, use in uses(Counts(), OURS, of=OURS.planned).items()}

    assert allowed == {"late_2": 6000, "delayed_1": 3000, "failed_01": 300}


def test_a_month_allows_a_twelfth():
    allowed = {name: use.allowed for name, use in uses(Counts(), OURS, of=OURS.month).items()}

    assert allowed == {"late_2": 500, "delayed_1": 250, "failed_01": 25}


@pytest.mark.parametrize(
    ("counts", "late", "delayed", "failed"),
    [
        (Counts(failed=243), "4.1", "0.0", "81.0"),  # a Long-Haul cut from 02:10 to 04:40, nothing caught up
        (Counts(delayed=243), "4.1", "8.1", "0.0"),  # the same, all of it caught up
        (Counts(failed=1000), "16.7", "0.0", "333.3"),  # a lost night
        (Counts(delayed=1000), "16.7", "33.3", "0.0"),
        (Counts(failed=8), "0.1", "0.0", "2.7"),  # five minutes that nobody answered
        (Counts(in_time=1000, pending=243, unknown=243, not_eligible=50), "0.0", "0.0", "0.0"),
        (Counts(failed=300), "5.0", "0.0", "100.0"),
    ],
)
def test_what_a_year_loses(counts, late, delayed, failed):
    assert percents(counts, OURS.planned) == {"late_2": late, "delayed_1": delayed, "failed_01": failed}


def test_a_night_is_measured_by_its_own_eligible_visits():
    counts = Counts(in_time=970, delayed=20, failed=2, pending=8, not_eligible=100)

    assert percents(counts, counts.eligible) == {"late_2": "110.0", "delayed_1": "200.0", "failed_01": "200.0"}


def test_a_night_without_visits_has_used_nothing():
    assert percents(Counts(), 0) == {"late_2": "0.0", "delayed_1": "0.0", "failed_01": "0.0"}


def test_of_a_limit_of_nothing_one_visit_uses_all():
    assert Use(1, Decimal(0)).percent == Decimal("100.0")


def test_what_is_left_goes_below_nothing():
    year = uses(Counts(failed=310), OURS, of=OURS.planned)

    assert {name: use.left for name, use in year.items()} == {"late_2": 5690, "delayed_1": 3000, "failed_01": -10}


@pytest.mark.parametrize(
    ("share", "shown"), [("0.0405", "4.1"), ("0.04049", "4.0"), ("0.0005", "0.1"), ("0.81", "81.0")]
)
def test_percent_are_rounded_half_up_to_one_decimal(share, shown):
    assert str(percent(Decimal(share))) == shown


def test_programs_get_fractions_of_the_limit():
    assert fraction(Use(243, Decimal(6000)).share) == 0.0405
    assert fraction(Use(1000, Decimal(6000)).share) == 0.166666667


@pytest.mark.parametrize(("minutes", "shown"), [(5, "2.7"), (10, "5.4"), (30, "16.2"), (60, "32.4"), (185, "100.0")])
def test_minutes_cost_what_they_cost_at_a_visit_each_37_seconds(minutes, shown):
    lost = lost_in(timedelta(minutes=minutes), cadence_s=Decimal(37))

    assert str(percent(lost / 300)) == shown


@pytest.mark.parametrize(
    ("night", "number", "first", "last"),
    [
        (date(2026, 2, 24), 1, date(2026, 2, 24), date(2027, 2, 23)),
        (date(2026, 12, 31), 1, date(2026, 2, 24), date(2027, 2, 23)),
        (date(2027, 2, 23), 1, date(2026, 2, 24), date(2027, 2, 23)),
        (date(2027, 2, 24), 2, date(2027, 2, 24), date(2028, 2, 23)),
        (date(2028, 2, 24), 3, date(2028, 2, 24), date(2029, 2, 23)),
    ],
)
def test_years_run_from_anniversary_to_anniversary(night, number, first, last):
    year = year_of(night, starts_on=START)

    assert (year.number, year.first, year.last) == (number, first, last)


def test_before_the_start_there_is_no_year():
    assert year_of(date(2026, 2, 23), starts_on=START) is None


@pytest.mark.parametrize(
    ("night", "first"),
    [
        (date(2029, 2, 28), date(2028, 2, 29)),
        (date(2029, 3, 1), date(2029, 3, 1)),
        (date(2032, 2, 29), date(2032, 2, 29)),
    ],
)
def test_a_budget_that_starts_on_29_february_turns_on_1_march(night, first):
    assert year_of(night, starts_on=date(2028, 2, 29)).first == first


def test_a_month_is_the_calendars():
    assert month_of(date(2028, 2, 29)) == (date(2028, 2, 1), date(2028, 3, 1))
    assert month_of(date(2027, 12, 31)) == (date(2027, 12, 1), date(2028, 1, 1))


@given(st.dates(date(2026, 2, 24), date(2090, 1, 1)), st.dates(date(2020, 1, 1), date(2026, 2, 24)))
def test_every_night_from_the_start_on_lies_in_exactly_one_year(night, start):
    year = year_of(night, starts_on=start)

    assert year is not None
    assert night in year
    assert year_of(year.first, starts_on=start) == year_of(year.last, starts_on=start) == year
    assert year_of(year.end, starts_on=start).number == year.number + 1


counts = st.builds(Counts, *[st.integers(0, 1000)] * 6)


@given(st.lists(counts, max_size=5))
def test_nights_add_up(several):
    assert used(total(several)) == {
        name: sum(used(one)[name] for one in several) for name in ("late_2", "delayed_1", "failed_01")
    }
