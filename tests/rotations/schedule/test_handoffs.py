from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.night.wall import wall_instant
from rotations.schedule.handoffs import (
    EVERY_DAY,
    MOMENT,
    EmptyRotation,
    Given,
    Plan,
    shift_at,
    shifts_at,
    shifts_between,
)

ZONES = sorted(available_timezones())
WORK_DAYS = frozenset({1, 2, 3, 4, 5})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def weekly(zone: str = "America/Los_Angeles", people: tuple[str, ...] = ("a", "b", "c"), **fields) -> Plan:
    plan: dict[str, Any] = {
        "unit": "week", "every": 1, "first_on": date(2027, 3, 1), "handoff_time": time(9), "order": Given(people)
    }  # fmt: skip
    return Plan(zone=ZoneInfo(zone), **plan | fields)


every_day, alone = st.just(EVERY_DAY), st.just(1)


@st.composite
def plans(draw, weekdays=every_day, at_once=alone):
    """Any rotation, in any zone."""
    on = draw(at_once)
    return Plan(
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        unit=draw(st.sampled_from(["hour", "day", "week", "month"])),
        every=draw(st.integers(1, 30)),
        first_on=draw(st.dates(date(1990, 1, 1), date(2050, 12, 31))),
        handoff_time=draw(st.one_of(st.sampled_from([time(0), time(1, 30), time(2, 30)]), st.times())),
        order=Given(tuple("abcdefg"[: draw(st.integers(on, 7))])),
        weekdays=draw(weekdays),
        at_once=on,
    )


any_days = st.frozensets(st.integers(1, 7), min_size=1)
layers = plans(any_days, st.integers(1, 4))
instants = st.datetimes(datetime(1990, 1, 2), datetime(2050, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


def test_the_first_in_the_order_takes_the_turn_that_starts_at_the_first_handoff():
    shift = shift_at(utc(2027, 3, 1, 17), plan=weekly())  # 09:00 PST
    assert shift is not None
    assert (shift.participant, shift.turn, shift.place) == ("a", 0, 0)
    assert shift.starts_at == utc(2027, 3, 1, 17)


def test_before_the_first_handoff_nobody_is_on():
    assert shift_at(utc(2027, 3, 1, 16, 59, 59), plan=weekly()) is None


def test_a_handoff_belongs_to_the_incoming_person():
    assert shift_at(utc(2027, 3, 8, 16, 59, 59), plan=weekly()).participant == "a"  # type: ignore[union-attr]
    assert shift_at(utc(2027, 3, 8, 17), plan=weekly()).participant == "b"  # type: ignore[union-attr]


def test_the_week_in_which_clocks_go_forward_lasts_167_hours():
    shift = shift_at(utc(2027, 3, 10), plan=weekly())
    assert shift is not None
    assert (shift.starts_at, shift.ends_at) == (utc(2027, 3, 8, 17), utc(2027, 3, 15, 16))
    assert shift.ends_at - shift.starts_at == timedelta(hours=167)


def test_the_week_in_which_clocks_go_back_lasts_169_hours():
    shift = shift_at(utc(2027, 11, 4), plan=weekly())
    assert shift is not None
    assert (shift.starts_at, shift.ends_at) == (utc(2027, 11, 1, 16), utc(2027, 11, 8, 17))


def test_turns_come_in_order_and_begin_again():
    plan = weekly(unit="day", first_on=date(2027, 3, 22))
    found = shifts_between(utc(2027, 3, 22, 16), utc(2027, 3, 27, 16), plan=plan)
    assert [shift.participant for shift in found] == ["a", "b", "c", "a", "b"]


def test_every_second_week_lasts_two_weeks():
    shift = shift_at(utc(2027, 6, 1), plan=weekly(every=2))  # weeks 14 to 15 from 1 March: the seventh pair
    assert shift is not None
    assert (shift.starts_at, shift.ends_at) == (utc(2027, 5, 24, 16), utc(2027, 6, 7, 16))
    assert (shift.turn, shift.participant) == (6, "a")


def test_a_day_that_a_zone_skipped_passes_its_turn_over():
    plan = weekly("Pacific/Apia", unit="day", first_on=date(2011, 12, 28), handoff_time=time(0))
    found = shifts_between(utc(2011, 12, 28, 10), utc(2012, 1, 1, 10), plan=plan)
    assert [(shift.turn, shift.participant) for shift in found] == [(0, "a"), (1, "b"), (3, "a"), (4, "b")]


def test_an_order_without_people_is_refused():
    with pytest.raises(EmptyRotation, match="Put people in its order"):
        shift_at(utc(2027, 3, 10), plan=weekly(people=()))
    with pytest.raises(EmptyRotation):
        shifts_between(utc(2027, 3, 10), utc(2027, 3, 11), plan=weekly(people=()))


def test_a_turn_of_no_length_is_refused():
    with pytest.raises(ValueError, match="must last 1 or more"):
        weekly(every=0)


def test_a_span_that_ends_before_it_starts_has_no_shifts():
    assert shifts_between(utc(2027, 3, 11), utc(2027, 3, 10), plan=weekly()) == []


def test_hours_follow_the_wall_clock_and_the_repeated_hour_belongs_to_one_shift():
    plan = weekly("Europe/Paris", unit="hour", first_on=date(2027, 10, 31), handoff_time=time(1))
    found = shifts_between(utc(2027, 10, 30, 23), utc(2027, 10, 31, 3), plan=plan)
    assert [(shift.participant, shift.ends_at - shift.starts_at) for shift in found] == [
        ("a", timedelta(hours=1)),
        ("b", timedelta(hours=2)),  # 02:00 to 03:00, twice
        ("c", timedelta(hours=1)),
    ]


def test_the_hour_that_clocks_skip_is_passed_over_with_its_turn():
    plan = weekly("Europe/Paris", unit="hour", first_on=date(2027, 3, 28), handoff_time=time(1))
    found = shifts_between(utc(2027, 3, 28, 0), utc(2027, 3, 28, 3), plan=plan)
    assert [(shift.starts_at.hour, shift.turn, shift.participant) for shift in found] == [
        (0, 0, "a"),
        (1, 2, "c"),
        (2, 3, "a"),
    ]


def test_a_month_without_the_day_is_relieved_on_its_last_and_the_next_is_not_moved_by_it():
    """F23"""
    plan = weekly("UTC", unit="month", first_on=date(2028, 1, 31), handoff_time=time(8))
    assert [plan.handoff(turn) for turn in range(-2, 4)] == [
        utc(2027, 11, 30, 8),
        utc(2027, 12, 31, 8),
        utc(2028, 1, 31, 8),
        utc(2028, 2, 29, 8),
        utc(2028, 3, 31, 8),
        utc(2028, 4, 30, 8),
    ]


def test_turns_before_the_first_handoff_are_counted_when_asked_for():
    found = shifts_between(utc(2027, 2, 10), utc(2027, 3, 3), plan=weekly(), backwards=True)
    assert [(shift.turn, shift.participant) for shift in found] == [(-3, "a"), (-2, "b"), (-1, "c"), (0, "a")]
    assert shifts_between(utc(2027, 2, 10), utc(2027, 3, 3), plan=weekly()) == found[-1:]


def test_days_that_are_not_allowed_have_nobody_and_use_up_no_turn():
    plan = weekly("UTC", unit="day", weekdays=WORK_DAYS)
    found = shifts_between(utc(2027, 3, 4, 9), utc(2027, 3, 10, 9), plan=plan)
    assert [(shift.starts_at.day, shift.ends_at.day, shift.participant, shift.origin) for shift in found] == [
        (4, 5, "a", "turn 3"),
        (5, 6, "b", "turn 4"),
        (8, 9, "c", "turn 5"),  # Monday
        (9, 10, "a", "turn 6"),
    ]
    assert shift_at(utc(2027, 3, 6, 9), plan=plan) is None
    assert shift_at(utc(2027, 3, 8, 8, 59), plan=plan) is None


def test_a_turn_of_two_days_is_cut_in_two_by_a_weekend():
    plan = weekly("UTC", unit="day", every=2, weekdays=WORK_DAYS)
    found = shifts_between(utc(2027, 3, 1, 9), utc(2027, 3, 10), plan=plan)
    assert [(shift.starts_at.day, shift.ends_at.day, shift.turn, shift.origin) for shift in found] == [
        (1, 3, 0, "turn 0"),
        (3, 5, 1, "turn 1"),
        (5, 6, 2, "turn 2"),
        (8, 9, 2, "turn 2 piece 2"),
        (9, 11, 3, "turn 3"),
    ]


def test_a_piece_has_its_name_whatever_span_is_asked_for():
    plan = weekly("UTC", unit="month", weekdays=frozenset({1}))
    found = shifts_between(utc(2027, 3, 1, 9), utc(2027, 4, 1), plan=plan)
    assert [shift.origin for shift in found] == ["turn 0", *(f"turn 0 piece {number}" for number in (2, 3, 4, 5))]
    assert [shifts_at(shift.starts_at, plan=plan) for shift in found] == [[shift] for shift in found]


def test_hours_that_start_on_other_days_use_up_no_turn():
    plan = weekly("UTC", unit="hour", every=7, handoff_time=time(0), weekdays=frozenset({1, 3}))
    found = shifts_between(utc(2027, 3, 1), utc(2027, 3, 5), plan=plan)
    assert [(shift.starts_at, shift.ends_at, shift.participant) for shift in found] == [
        (utc(2027, 3, 1, 0), utc(2027, 3, 1, 7), "a"),
        (utc(2027, 3, 1, 7), utc(2027, 3, 1, 14), "b"),
        (utc(2027, 3, 1, 14), utc(2027, 3, 1, 21), "c"),
        (utc(2027, 3, 1, 21), utc(2027, 3, 2, 4), "a"),  # it starts on Monday
        (utc(2027, 3, 3, 1), utc(2027, 3, 3, 8), "b"),
        (utc(2027, 3, 3, 8), utc(2027, 3, 3, 15), "c"),
        (utc(2027, 3, 3, 15), utc(2027, 3, 3, 22), "a"),
        (utc(2027, 3, 3, 22), utc(2027, 3, 4, 5), "b"),
    ]


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_a_first_day_that_is_not_allowed_waits_for_the_first_that_is(unit):
    plan = weekly("UTC", unit=unit, first_on=date(2027, 3, 6), weekdays=WORK_DAYS)  # a Saturday
    assert shifts_between(utc(2027, 3, 1), utc(2027, 3, 8, 9), plan=plan) == []
    shift = shift_at(utc(2027, 3, 8, 9), plan=plan)
    assert shift is not None
    assert (shift.turn, shift.participant, shift.starts_at, shift.origin) == (0, "a", utc(2027, 3, 8, 9), "turn 0")


def test_stewards_serve_four_weeks_of_which_one_starts_every_two():
    stewards = weekly("UTC", people=("a", "b", "c", "d"), every=2, at_once=2)
    found = shifts_between(utc(2027, 3, 1, 9), utc(2027, 4, 12, 9), plan=stewards)
    assert [(shift.participant, shift.starts_at, shift.ends_at, shift.origin) for shift in found] == [
        ("a", utc(2027, 3, 1, 9), utc(2027, 3, 15, 9), "turn 0"),  # nobody is on before the first handoff
        ("b", utc(2027, 3, 1, 9), utc(2027, 3, 29, 9), "turn 1"),
        ("c", utc(2027, 3, 15, 9), utc(2027, 4, 12, 9), "turn 2"),
        ("d", utc(2027, 3, 29, 9), utc(2027, 4, 26, 9), "turn 3"),
    ]


def test_a_handoff_moved_for_one_cycle_leaves_the_others_where_they_are():
    plan = weekly("UTC", moved={1: utc(2027, 3, 10, 15)})
    found = shifts_between(utc(2027, 3, 1, 9), utc(2027, 3, 22, 9), plan=plan)
    assert [(shift.participant, shift.starts_at, shift.ends_at) for shift in found] == [
        ("a", utc(2027, 3, 1, 9), utc(2027, 3, 10, 15)),
        ("b", utc(2027, 3, 10, 15), utc(2027, 3, 15, 9)),
        ("c", utc(2027, 3, 15, 9), utc(2027, 3, 22, 9)),
    ]


def test_a_term_ends_at_the_handoff_that_was_moved():
    plan = weekly("UTC", at_once=2, moved={2: utc(2027, 3, 16, 9)})
    found = shifts_between(utc(2027, 3, 16), utc(2027, 3, 17), plan=plan)
    assert [(shift.participant, shift.starts_at.day, shift.ends_at.day) for shift in found] == [
        ("b", 1, 16),
        ("c", 8, 22),
        ("a", 16, 29),
    ]


def test_neighbouring_handoffs_are_moved_together():
    plan = weekly("UTC", moved={1: utc(2027, 3, 14, 9), 2: utc(2027, 3, 21, 9)})
    assert [plan.handoff(turn).day for turn in range(4)] == [1, 14, 21, 22]


@pytest.mark.parametrize(
    "at", [utc(2027, 3, 1, 9), utc(2027, 2, 1), utc(2027, 3, 15, 9), utc(2028, 1, 1), datetime(2027, 3, 9)]
)
def test_a_handoff_moved_past_its_neighbours_is_refused(at):
    with pytest.raises(ValueError, match="between the one before it, 2027-03-01 09:00 UTC, and the one after it"):
        weekly("UTC", moved={1: at})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"at_once": 0}, "must be 1 or more"),
        ({"at_once": 4}, "4 at once need as many people, and this order has 3"),
        ({"at_once": 2, "order": Given(("a", "b", "a"))}, "a would be on twice at the same time"),
        ({"at_once": 3, "order": Given(("a", "b", "a", "c"))}, "a would be on twice at the same time"),
        ({"weekdays": frozenset()}, "at least one weekday"),
        ({"weekdays": frozenset({0, 1})}, "from 1 for Monday to 7 for Sunday"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused(fields, says):
    with pytest.raises(ValueError, match=says):
        weekly(**fields)


def test_beyond_the_calendar_is_refused_in_words():
    plan = weekly("UTC", unit="month", every=10_000)
    assert shift_at(utc(2027, 3, 1), plan=plan, backwards=True) is not None
    for refused in (lambda: plan.handoff(10), lambda: plan.handoff(-3), lambda: plan.handoff(10**12)):
        with pytest.raises(ValueError, match="beyond the calendar, years 1 to 9999"):
            refused()


def test_the_last_day_of_the_century_is_reached_in_every_zone():
    for zone in ZONES:
        for unit in ("hour", "day", "week", "month"):
            plan = weekly(zone, unit=unit, first_on=date(1990, 1, 1))
            shift = shift_at(utc(2100, 12, 31, 12), plan=plan)
            assert shift is not None
            assert shift.starts_at <= utc(2100, 12, 31, 12) < shift.ends_at


@given(plan=plans(), start=instants, days=st.integers(1, 120))
def test_shifts_tile_time_and_turns_come_in_order(plan, start, days):
    """F22"""
    end = start + timedelta(days=days)
    found = shifts_between(start, end, plan=plan, backwards=True)
    assert all(shift.starts_at < shift.ends_at for shift in found)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    assert found[0].starts_at <= start < found[0].ends_at
    assert found[-1].starts_at < end <= found[-1].ends_at
    assert all(shift.participant == plan.order.cycle[shift.turn % len(plan.order.cycle)] for shift in found)
    for one, other in pairwise(found):
        passed_over = range(one.turn + 1, other.turn)
        assert all(plan.handoff(turn) == plan.handoff(turn + 1) for turn in passed_over)
        assert one.turn < other.turn


@given(plan=layers, start=instants, days=st.integers(1, 120))
def test_before_the_first_handoff_nobody_is_on_and_after_it_all_is_as_if_counted_backwards(plan, start, days):
    first, end = plan.handoff(0), start + timedelta(days=days)
    counted = shifts_between(start, end, plan=plan, backwards=True)
    found = shifts_between(start, end, plan=plan)
    clipped = [
        (max(first, one.starts_at), one.ends_at, one.turn, one.participant) for one in counted if one.ends_at > first
    ]
    assert sorted((one.starts_at, one.ends_at, one.turn, one.participant) for one in found) == sorted(
        one for one in clipped if one[0] < end
    )


@given(plan=layers, instant=instants, days=st.integers(0, 90), backwards=st.booleans())
def test_the_shifts_at_an_instant_are_those_that_a_list_shows(plan, instant, days, backwards):
    span = timedelta(days=days)
    found = shifts_between(instant - span, instant + span + MOMENT, plan=plan, backwards=backwards)
    here = [shift for shift in found if shift.starts_at <= instant < shift.ends_at]
    assert shifts_at(instant, plan=plan, backwards=backwards) == here
    assert shift_at(instant, plan=plan, backwards=backwards) == (here[0] if here else None)


@given(plan=plans(at_once=st.integers(1, 4)), instant=instants)
def test_at_every_instant_so_many_different_people_are_on_as_are_to_be(plan, instant):
    here = shifts_at(instant, plan=plan, backwards=True)
    assert len({shift.participant for shift in here}) == len(here) == plan.at_once
    assert {shift.turn for shift in here} == set(range(min(s.turn for s in here), max(s.turn for s in here) + 1))


@given(plan=layers, start=instants)
def test_every_shift_has_a_name_of_its_own(plan, start):
    found = shifts_between(start, start + timedelta(days=100), plan=plan, backwards=True)
    assert len({shift.origin for shift in found}) == len(found)


@given(plan=plans(any_days), start=instants)
def test_only_allowed_days_are_covered_and_those_wholly(plan, start):
    days = [start.astimezone(plan.zone).date() + timedelta(days=number) for number in range(10)]
    if plan.unit == "hour":  # those days are of slots, not from handoff to handoff
        plan = replace(plan, unit="day")
    for day in days:
        starts, ends = (wall_instant(one, plan.handoff_time, plan.zone) for one in (day, day + timedelta(days=1)))
        for instant in (starts, ends - timedelta(seconds=1)):
            if starts <= instant < ends:
                covered = bool(shifts_at(instant, plan=plan, backwards=True))
                assert covered == (day.isoweekday() in plan.weekdays)


@given(plan=plans(), start=instants)
def test_both_ends_of_a_shift_stand_at_the_handoff_on_the_wall_clock_unless_it_is_skipped(plan, start):
    if plan.unit == "hour":
        plan = replace(plan, every=24)
    for shift in shifts_between(start, start + timedelta(days=100), plan=plan, backwards=True):
        for instant in (shift.starts_at, shift.ends_at):
            local = instant.astimezone(plan.zone)
            before = (instant - timedelta(seconds=1)).astimezone(plan.zone)
            skipped = local.utcoffset() > before.utcoffset()  # type: ignore[operator]
            assert local.time() == plan.handoff_time.replace(microsecond=0) or skipped
