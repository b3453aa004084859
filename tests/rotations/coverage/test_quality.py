from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.coverage.quality import Post, balance, cell, doubles, hours_by_month, hours_of, percents, pieces

PACIFIC, PARIS = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Paris")
H = timedelta(hours=1)
START = datetime(2027, 3, 22, tzinfo=UTC)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_the_sample_week_has_nobody_after_midnight():
    """domain.md 4: West 15:28 to 23:30 Pacific, and Europe from 07:00 Paris, in the week when clocks disagree."""
    nights = [timedelta(days=number) for number in range(5)]
    west = hours_of(
        [(z("2027-03-22T22:28") + night, z("2027-03-23T06:30") + night) for night in nights], zone=PACIFIC, holidays=()
    )
    europe = hours_of(
        [(z("2027-03-23T06:00") + night, z("2027-03-23T10:26") + night) for night in nights], zone=PARIS, holidays=()
    )
    assert (west.all, west.after_midnight) == (timedelta(hours=40, minutes=10), timedelta())
    assert (europe.all, europe.after_midnight) == (timedelta(hours=22, minutes=10), timedelta())


def test_west_alone_until_morning_counts_what_lies_after_midnight():
    alone = hours_of([(z("2027-03-22T22:28"), z("2027-03-23T10:26"))], zone=PACIFIC, holidays=())
    assert (alone.all, alone.after_midnight) == (timedelta(hours=11, minutes=58), timedelta(hours=3, minutes=26))


@pytest.mark.parametrize(
    ("start", "end", "hours", "after_midnight"),
    [
        ("2027-03-27T23:00", "2027-03-28T22:00", 23, 6),  # Sunday 28 March in Paris: forward
        ("2027-10-30T22:00", "2027-10-31T23:00", 25, 8),  # Sunday 31 October in Paris: back
    ],
)
def test_a_day_on_which_clocks_change_has_the_hours_that_pass(start, end, hours, after_midnight):
    found = hours_of([(z(start), z(end))], zone=PARIS, holidays=())
    assert (found.all, found.after_midnight, found.weekend) == (hours * H, after_midnight * H, hours * H)


def test_a_week_when_clocks_go_forward_has_167_hours():
    week = hours_of([(z("2027-03-22T08:00"), z("2027-03-29T07:00"))], zone=PARIS, holidays=())
    assert (week.all, week.weekend, week.after_midnight) == (167 * H, 47 * H, (6 * 7 + 6) * H)


def test_an_hour_may_be_hard_in_three_ways_and_is_drawn_once():
    """Sunday 4 July 2027, a holiday: 22:00 Saturday to 08:00 Sunday in California."""
    found = hours_of([(z("2027-07-04T05:00"), z("2027-07-04T15:00"))], zone=PACIFIC, holidays={date(2027, 7, 4)})
    assert (found.all, found.after_midnight, found.weekend, found.holiday) == (10 * H, 7 * H, 10 * H, 8 * H)
    assert (found.part_night, found.part_holiday, found.part_weekend, found.part_plain) == (7 * H, H, 2 * H, 0 * H)


def test_two_tiers_at_once_count_once():
    spans = [(START, START + 8 * H), (START + 4 * H, START + 10 * H)]
    assert hours_of(spans, zone=PARIS, holidays=()).all == 10 * H


def test_months_are_those_of_the_persons_clock():
    """23:00 on 31 March to 02:00 on 1 April in California: 06:00 to 09:00 UTC, all of it April in UTC."""
    found = hours_by_month([(z("2027-04-01T06:00"), z("2027-04-01T09:00"))], zone=PACIFIC, holidays=())
    assert {month: hours.all for month, hours in found.items()} == {date(2027, 3, 1): H, date(2027, 4, 1): 2 * H}


spans = st.lists(
    st.tuples(st.integers(0, 60 * 24 * 400), st.integers(1, 60 * 24 * 9)).map(
        lambda pair: (START + timedelta(minutes=pair[0]), START + timedelta(minutes=sum(pair)))
    ),
    max_size=5,
)
zones = st.sampled_from(
    [ZoneInfo(name) for name in ("America/Santiago", "Europe/Paris", "Australia/Lord_Howe", "UTC", "Africa/Casablanca")]
)


@given(spans, zones)
def test_parts_are_the_whole_and_months_are_the_sum(many, zone):
    holidays = {date(2027, 4, 2), date(2027, 12, 25)}
    found = hours_of(many, zone=zone, holidays=holidays)
    assert found.part_night + found.part_holiday + found.part_weekend + found.part_plain == found.all
    assert found.part_plain >= timedelta()
    months = hours_by_month(many, zone=zone, holidays=holidays).values()
    for name in ("all", "after_midnight", "weekend", "holiday"):
        assert sum((getattr(one, name) for one in months), timedelta()) == getattr(found, name)


@given(spans, zones)
def test_pieces_tile_their_span_and_lie_on_one_side(many, zone):
    for start, end in many:
        found = pieces(start, end, zone)
        assert (found[0].starts_at, found[-1].ends_at) == (start, end)
        assert all(one.ends_at == other.starts_at for one, other in zip(found, found[1:], strict=False))
        assert all((one.starts_at.astimezone(zone).hour < 7) == one.after_midnight for one in found)


def post(person: str, group: str, tier: str, start: int, end: int) -> Post:
    return Post(person, group, tier, START + start * H, START + end * H)


def test_one_person_with_two_tiers_at_once_is_found():
    found = doubles(
        [post("ada", "t", "Triage", 0, 8), post("ada", "d", "Data", 6, 12), post("lise", "d", "Data", 0, 6)]
    )
    assert [(one.person, one.tiers, one.starts_at, one.ends_at) for one in found] == [
        ("ada", ("Data", "Triage"), START + 6 * H, START + 8 * H)
    ]


def test_one_tier_after_another_and_one_tier_twice_are_no_double():
    assert doubles([post("ada", "t", "Triage", 0, 8), post("ada", "d", "Data", 8, 12)]) == []
    assert doubles([post("ada", "t", "Triage", 0, 8), post("ada", "t", "Triage", 4, 12)]) == []


def test_three_at_once_are_three_pairs():
    found = doubles([post("ada", one, one, 0, 4) for one in "abc"])
    assert [one.tiers for one in found] == [("a", "b"), ("a", "c"), ("b", "c")]


def test_fair_is_by_weight_and_in_hours():
    found = balance({"ada": 30 * H, "lise": 30 * H}, {"ada": 2, "lise": 1})
    assert [(one.person, one.fair, one.ratio) for one in found.shares] == [("ada", 40 * H, 0.75), ("lise", 20 * H, 1.5)]
    assert found.spread == 2.0


def test_who_had_nothing_is_named_and_leaves_no_ratio():
    found = balance({"ada": 30 * H}, {"ada": 1, "lise": 1})
    assert found.spread is None
    assert [one.person for one in found.idle] == ["lise"]


def test_who_covered_is_in_no_order_and_what_they_had_is_part_of_the_load():
    found = balance({"ada": 20 * H, "max": 10 * H}, {"ada": 1})
    assert [(one.person, one.weight, one.fair, one.ratio) for one in found.shares] == [
        ("ada", 1, 30 * H, 20 / 30),
        ("max", 0, 0 * H, None),
    ]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 5000).map(lambda m: timedelta(minutes=m))),
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 20), min_size=1),
)
def test_fair_shares_add_up_to_the_load(had, weights):
    found = balance(had, weights)
    total = sum(had.values(), timedelta())
    assert abs(sum((one.fair for one in found.shares), timedelta()) - total) < timedelta(milliseconds=1)
    assert {one.person for one in found.shares} == {*had, *weights}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(name):
    assert cell(name) == f"'{name}"


def test_other_cells_stay_as_they_are():
    assert cell("Noé Dubreuil") == "Noé Dubreuil"


def test_parts_of_a_bar_lie_one_after_another():
    assert percents([2 * H, H, 0 * H, H], 8 * H) == [(0.0, 25.0), (25.0, 12.5), (37.5, 0.0), (37.5, 12.5)]
    assert percents([0 * H], 0 * H) == [(0.0, 0.0)]
