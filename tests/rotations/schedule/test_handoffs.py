from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.schedule.handoffs import EmptyRotation, Plan, shift_at, shifts_between

ZONES = [
    "America/Los_Angeles",
    "America/Santiago",
    "Europe/Paris",
    "Europe/London",
    "America/Phoenix",
    "Australia/Lord_Howe",
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def weekly(zone: str = "America/Los_Angeles", people: tuple[str, ...] = ("a", "b", "c"), **fields) -> Plan:
    plan: dict[str, Any] = {"unit": "week", "every": 1, "first_on": date(2027, 3, 1), "handoff_time": time(9)} | fields
    return Plan(zone=ZoneInfo(zone), participants=people, **plan)


plans = st.builds(
    Plan,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    unit=st.sampled_from(["day", "week"]),
    every=st.integers(1, 5),
    first_on=st.dates(date(2024, 1, 1), date(2032, 12, 31)),
    handoff_time=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    participants=st.integers(1, 5).map(lambda n: tuple("abcde"[:n])),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))


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


@given(plan=plans, start=instants, days=st.integers(1, 120))
def test_shifts_tile_time_from_the_first_handoff_on(plan, start, days):
    end = start + timedelta(days=days)
    found = shifts_between(start, end, plan=plan)
    assert all(shift.starts_at < shift.ends_at for shift in found)
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found))
    if found:
        assert found[0].starts_at <= max(start, plan.handoff(0))
        assert found[-1].ends_at >= end
        assert all(shift.starts_at < end and start < shift.ends_at for shift in found)
    else:
        assert end <= plan.handoff(0)


@given(plan=plans, instant=instants)
def test_the_shift_at_an_instant_is_the_one_that_a_list_shows(plan, instant):
    found = shifts_between(instant, instant + timedelta(microseconds=1), plan=plan)
    assert found == ([shift] if (shift := shift_at(instant, plan=plan)) else [])


@given(plan=plans, start=instants)
def test_everybodys_turn_comes_in_order(plan, start):
    found = shifts_between(start, start + timedelta(days=60), plan=plan)
    assert all(shift.participant == plan.participants[shift.turn % len(plan.participants)] for shift in found)
    assert all(other.turn == one.turn + 1 for one, other in pairwise(found))


@given(plan=plans, start=instants)
def test_both_ends_of_a_shift_stand_at_the_handoff_on_the_wall_clock_unless_it_is_skipped(plan, start):
    for shift in shifts_between(start, start + timedelta(days=200), plan=plan):
        for instant in (shift.starts_at, shift.ends_at):
            local = instant.astimezone(plan.zone)
            before = (instant - timedelta(seconds=1)).astimezone(plan.zone)
            skipped = local.utcoffset() > before.utcoffset()  # type: ignore[operator]
            assert local.time() == plan.handoff_time or skipped
