from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.leave.credit import Hours, Span, credit, union

PARIS, LOS_ANGELES, PHOENIX = "Europe/Paris", "America/Los_Angeles", "America/Phoenix"
CHRISTMAS = {date(2026, 12, 25): "Noël"}
SEED = Decimal("1.5")


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    return z(start), z(end)


# zone, spans in UTC, seconds out of hours, seconds of leave; worked out by hand, the local times stand beside each
CASES = {
    "3 min at 02:20 earn 270 s": (PARIS, [span("2027-03-25T01:20", "2027-03-25T01:23")], 180, 270),
    "Thu 02:20 to 04:20 earns 3.0 h": (PARIS, [span("2027-03-25T01:20", "2027-03-25T03:20")], 7200, 10800),
    "03:20 for 2 h earns 3 h": (PARIS, [span("2027-03-25T02:20", "2027-03-25T04:20")], 7200, 10800),
    "08:00 to 10:00 counts until 09:00": (PARIS, [span("2027-03-25T07:00", "2027-03-25T09:00")], 3600, 5400),
    "16:30 to 18:00 counts from 17:00": (PARIS, [span("2027-03-25T15:30", "2027-03-25T17:00")], 3600, 5400),
    "09:00 to 17:00 earns nothing": (PARIS, [span("2027-03-25T08:00", "2027-03-25T16:00")], 0, 0),
    "08:00 to 18:00 counts both edges": (PARIS, [span("2027-03-25T07:00", "2027-03-25T17:00")], 7200, 10800),
    "the second before 09:00": (PARIS, [span("2027-03-25T07:59:59", "2027-03-25T08:00:00")], 1, 2),
    "the second from 09:00": (PARIS, [span("2027-03-25T08:00:00", "2027-03-25T08:00:01")], 0, 0),
    "the second from 17:00": (PARIS, [span("2027-03-25T16:00:00", "2027-03-25T16:00:01")], 1, 2),
    "Thu 22:00 to Fri 10:00, 1 h of it work": (PARIS, [span("2027-03-25T21:00", "2027-03-26T09:00")], 39600, 59400),
    "Sat 12:00 to 14:00": (PARIS, [span("2027-03-27T11:00", "2027-03-27T13:00")], 7200, 10800),
    "Fri 16:00 to Mon 10:00 over the change": (PARIS, [span("2027-03-26T15:00", "2027-03-29T08:00")], 226800, 340200),
    "Sun 01:30 to 03:30, clocks forward": (PARIS, [span("2027-03-28T00:30", "2027-03-28T01:30")], 3600, 5400),
    "Sun 02:00 to 03:00, clocks back": (PARIS, [span("2027-10-31T00:00", "2027-10-31T02:00")], 7200, 10800),
    "Mon 08:00 CEST, the day after": (PARIS, [span("2027-03-29T06:00", "2027-03-29T08:00")], 3600, 5400),
    "Pacific Sun 01:30 to 03:30, forward": (LOS_ANGELES, [span("2027-03-14T09:30", "2027-03-14T10:30")], 3600, 5400),
    "Pacific Sun 01:00 to 02:00, back": (LOS_ANGELES, [span("2027-11-07T08:00", "2027-11-07T10:00")], 7200, 10800),
    "Pacific Mon 07:30 to 09:30 PDT": (LOS_ANGELES, [span("2027-03-15T14:30", "2027-03-15T16:30")], 5400, 8100),
    "Pacific Fri 16:00 to Mon 10:00": (LOS_ANGELES, [span("2027-03-13T00:00", "2027-03-15T17:00")], 226800, 340200),
    "Pacific Fri 17:00 to Mon 09:00, back": (
        LOS_ANGELES,
        [span("2027-11-06T00:00", "2027-11-08T17:00")],
        234000,
        351000,
    ),
    "Phoenix Mon 07:30 to 09:30, no change": (PHOENIX, [span("2027-03-15T14:30", "2027-03-15T16:30")], 5400, 8100),
    "Phoenix Thu 16:00 to 18:00 in July": (PHOENIX, [span("2027-07-01T23:00", "2027-07-02T01:00")], 3600, 5400),
    "Lord Howe Sun 01:30 to 03:00, half an hour forward": (
        "Australia/Lord_Howe",
        [span("2027-10-02T15:00", "2027-10-02T16:00")],
        3600,
        5400,
    ),
    "Santiago Sat 23:30 to Sun 01:30, midnight skipped": (
        "America/Santiago",
        [span("2027-09-05T03:30", "2027-09-05T04:30")],
        3600,
        5400,
    ),
    "Christmas Friday 10:00 to 11:00": (PARIS, [span("2026-12-25T09:00", "2026-12-25T10:00")], 3600, 5400),
    "Boxing Day Saturday": (PARIS, [span("2026-12-26T09:00", "2026-12-26T10:00")], 3600, 5400),
    "Christmas Eve 16:00 to Christmas 00:00": (PARIS, [span("2026-12-24T15:00", "2026-12-24T23:00")], 25200, 37800),
    "two alarms that overlap": (
        PARIS,
        [span("2027-03-25T01:20", "2027-03-25T02:20"), span("2027-03-25T01:50", "2027-03-25T03:20")],
        7200,
        10800,
    ),
    "the same alarm twice": (PARIS, [span("2027-03-25T01:20", "2027-03-25T01:23")] * 2, 180, 270),
    "two seconds apart make three": (
        PARIS,
        [span("2027-03-25T01:00:00", "2027-03-25T01:00:01"), span("2027-03-25T02:00:00", "2027-03-25T02:00:01")],
        2,
        3,
    ),
    "30 h from Wed 12:00 to Thu 18:00, 13 h of it work": (
        PARIS,
        [span("2027-03-24T11:00", "2027-03-25T17:00")],
        61200,
        91800,
    ),
    "no time at all": (PARIS, [span("2027-03-25T01:20", "2027-03-25T01:20")], 0, 0),
}


def hours(zone: str = PARIS, **fields) -> Hours:
    return Hours(ZoneInfo(zone), holidays=CHRISTMAS, **fields)


@pytest.mark.parametrize(("zone", "spans", "worked", "earned"), CASES.values(), ids=CASES)
def test_an_hour_out_of_hours_earns_an_hour_and_a_half(zone, spans, worked, earned):
    result = credit(spans, hours=hours(zone), multiplier=SEED)
    assert (result.out_of_hours_s, result.credit_s) == (worked, earned)


def test_a_christmas_that_is_no_holiday_there_is_a_day_of_work():
    result = credit([span("2026-12-25T09:00", "2026-12-25T10:00")], hours=Hours(ZoneInfo(PARIS)), multiplier=SEED)
    assert result.out_of_hours_s == 0


def test_a_part_time_calendar_leaves_its_free_day_out_of_hours():
    mon_to_wed = hours(work_days=frozenset({1, 2, 3}), starts=time(8), ends=time(12))
    result = credit([span("2027-03-25T09:00", "2027-03-25T10:00")], hours=mon_to_wed, multiplier=SEED)
    assert [(piece.kind, piece.seconds) for piece in result.slices] == [("day off", 3600)]


def test_each_slice_says_what_it_is():
    spans = [span("2027-03-25T07:00", "2027-03-26T00:00"), span("2026-12-25T09:00", "2026-12-25T09:30")]
    result = credit(spans, hours=hours(), multiplier=SEED)
    assert [(piece.local_date.isoformat(), piece.kind, piece.name, piece.seconds) for piece in result.slices] == [
        ("2026-12-25", "holiday", "Noël", 1800),
        ("2027-03-25", "night", "", 3600),  # 08:00 to 09:00
        ("2027-03-25", "work", "", 28800),
        ("2027-03-25", "evening", "", 25200),  # 17:00 to 24:00
        ("2027-03-26", "night", "", 3600),  # 00:00 to 01:00
    ]


def test_half_a_second_stays_exact_until_it_is_posted():
    result = credit([span("2027-03-25T01:00:00", "2027-03-25T01:00:01")], hours=hours(), multiplier=SEED)
    assert (result.exact_s, result.credit_s) == (Fraction(3, 2), 2)


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="before it starts"):
        credit([span("2027-03-25T02:00", "2027-03-25T01:00")], hours=hours(), multiplier=SEED)


seconds = st.integers(0, 86400 * 400)  # from 1 January 2027: every clock change of a year
zones = st.sampled_from([PARIS, LOS_ANGELES, PHOENIX, "America/Santiago", "Australia/Lord_Howe", "Europe/London"])
START = datetime(2027, 1, 1, tzinfo=UTC)


@st.composite
def some_spans(draw: st.DrawFn) -> list[Span]:
    starts = draw(st.lists(seconds, min_size=1, max_size=5))
    return [
        (START + timedelta(seconds=start), START + timedelta(seconds=start + draw(st.integers(0, 200_000))))
        for start in starts
    ]


def outside(spans: Sequence[Span], calendar: Hours) -> int:
    """Count, second by second on the person's own wall clock, with steps of a minute on whole minutes."""
    covered = union(spans)
    total, step = 0, timedelta(minutes=1)
    for start, end in covered:
        instant = start
        while instant < end:
            local = instant.astimezone(calendar.zone)
            at_work = local.isoweekday() in calendar.work_days and calendar.starts <= local.time() < calendar.ends
            total += 0 if at_work else 60
            instant += step
    return total


@given(
    zone=zones,
    start=st.integers(0, 1440 * 400),
    minutes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 2000)), min_size=1, max_size=3),
)
def test_credit_is_the_time_outside_the_calendar_counted_minute_by_minute(zone, start, minutes):
    first = START + timedelta(minutes=start)
    spans = [(first + timedelta(minutes=a), first + timedelta(minutes=a + b)) for a, b in minutes]
    calendar = Hours(ZoneInfo(zone))
    result = credit(spans, hours=calendar, multiplier=SEED)
    assert result.out_of_hours_s == outside(spans, calendar)
    assert result.exact_s == Fraction(3, 2) * result.out_of_hours_s


@given(zone=zones, spans=some_spans(), cut=st.floats(0, 1))
def test_splitting_a_span_never_changes_the_sum(zone, spans, cut):
    (start, end), *rest = spans
    middle = start + timedelta(seconds=int((end - start).total_seconds() * cut))
    calendar = Hours(ZoneInfo(zone))
    whole = credit(spans, hours=calendar, multiplier=SEED)
    split = credit([(start, middle), (middle, end), *rest], hours=calendar, multiplier=SEED)
    assert split == whole


@given(zone=zones, spans=some_spans())
def test_neither_order_nor_repetition_changes_anything_and_slices_tile_the_spans(zone, spans):
    calendar = Hours(ZoneInfo(zone))
    result = credit(spans, hours=calendar, multiplier=SEED)
    assert credit([*reversed(spans), *spans], hours=calendar, multiplier=SEED) == result
    covered = sum((end - start).total_seconds() for start, end in union(spans))
    assert sum(piece.seconds for piece in result.slices) == covered
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(result.slices))
