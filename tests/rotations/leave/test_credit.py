from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.leave.credit import Hours, Span, Terms, credit, credit_in_turn, union

PARIS, LOS_ANGELES, PHOENIX = "Europe/Paris", "America/Los_Angeles", "America/Phoenix"
CHRISTMAS = {date(2026, 12, 25): "Noël"}
SEED = Terms(Decimal("1.5"))


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
    result = credit(spans, hours=hours(zone), terms=SEED)
    assert (result.out_of_hours_s, result.credit_s) == (worked, earned)


def test_a_christmas_that_is_no_holiday_there_is_a_day_of_work():
    result = credit([span("2026-12-25T09:00", "2026-12-25T10:00")], hours=Hours(ZoneInfo(PARIS)), terms=SEED)
    assert result.out_of_hours_s == 0


def test_a_part_time_calendar_leaves_its_free_day_out_of_hours():
    mon_to_wed = hours(work_days=frozenset({1, 2, 3}), starts=time(8), ends=time(12))
    result = credit([span("2027-03-25T09:00", "2027-03-25T10:00")], hours=mon_to_wed, terms=SEED)
    assert [(piece.kind, piece.seconds) for piece in result.slices] == [("day off", 3600)]


def test_each_slice_says_what_it_is():
    spans = [span("2027-03-25T07:00", "2027-03-26T00:00"), span("2026-12-25T09:00", "2026-12-25T09:30")]
    result = credit(spans, hours=hours(), terms=SEED)
    assert [(piece.local_date.isoformat(), piece.kind, piece.name, piece.seconds) for piece in result.slices] == [
        ("2026-12-25", "holiday", "Noël", 1800),
        ("2027-03-25", "night", "", 3600),  # 08:00 to 09:00
        ("2027-03-25", "work", "", 28800),
        ("2027-03-25", "evening", "", 25200),  # 17:00 to 24:00
        ("2027-03-26", "night", "", 3600),  # 00:00 to 01:00
    ]


@pytest.mark.parametrize(("starts", "ends", "worked"), [("02:30", "10:00", 1800), ("00:00", "02:30", 5400)])
def test_a_work_day_begins_and_ends_once_where_clocks_go_back_over_its_hour(starts, ends, worked):
    """Sunday 31 October 2027: 02:00 to 03:00 comes twice in Paris, two hours of UTC; the first 02:30 counts."""
    sunday = hours(work_days=frozenset({7}), starts=time.fromisoformat(starts), ends=time.fromisoformat(ends))
    found = credit([span("2027-10-31T00:00", "2027-10-31T02:00")], hours=sunday, terms=SEED)
    assert found.out_of_hours_s == worked


def test_half_a_second_stays_exact_until_it_is_posted():
    result = credit([span("2027-03-25T01:00:00", "2027-03-25T01:00:01")], hours=hours(), terms=SEED)
    assert (result.exact_s, result.credit_s) == (Fraction(3, 2), 2)


def test_a_span_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="before it starts"):
        credit([span("2027-03-25T02:00", "2027-03-25T01:00")], hours=hours(), terms=SEED)


NIGHT_SHIFT = span("2027-03-25T01:00", "2027-03-25T02:00")
ROUGH = Terms(Decimal("1.5"), by_kind={"night": Decimal(2), "holiday": Decimal("2.5")})
HOUR_AT_LEAST = Terms(Decimal("1.5"), by_kind={"night": Decimal(2)}, minimum_s=3600)
QUARTERS = Terms(Decimal("1.5"), rounding_s=900)
NOT_IN_SHIFT = Terms(Decimal("1.5"), uncredited=[NIGHT_SHIFT])

# terms, spans in UTC (Paris is an hour ahead), seconds out of hours, seconds of leave
TERMS = {
    "a night at 2, the evening before at 1.5": (ROUGH, [span("2027-03-25T22:00", "2027-03-26T00:00")], 7200, 12600),
    "a holiday at 2.5, whatever the hour": (ROUGH, [span("2026-12-25T01:00", "2026-12-25T02:00")], 3600, 9000),
    "a weekend night is a weekend": (ROUGH, [span("2027-03-27T01:00", "2027-03-27T02:00")], 3600, 5400),
    "3 min count for an hour of the night": (HOUR_AT_LEAST, [span("2027-03-25T01:20", "2027-03-25T01:23")], 180, 7200),
    "3 min count for an hour of the evening": (
        HOUR_AT_LEAST,
        [span("2027-03-25T19:00", "2027-03-25T19:03")],
        180,
        5400,
    ),
    # 60 s of evening, 60 s of night, and 3480 s as when they were called: 90 + 120 + 5220
    "what is missing counts as when they were called": (
        HOUR_AT_LEAST,
        [span("2027-03-25T22:59", "2027-03-25T23:01")],
        120,
        5430,
    ),
    "no minimum beyond an hour": (HOUR_AT_LEAST, [span("2027-03-25T01:00", "2027-03-25T03:00")], 7200, 14400),
    "no minimum for hours of work alone": (HOUR_AT_LEAST, [span("2027-03-25T10:00", "2027-03-25T10:03")], 0, 0),
    "no minimum for no time at all": (HOUR_AT_LEAST, [span("2027-03-25T01:20", "2027-03-25T01:20")], 0, 0),
    "270 s are rounded up to a quarter": (QUARTERS, [span("2027-03-25T01:20", "2027-03-25T01:23")], 180, 900),
    "a quarter stays one": (QUARTERS, [span("2027-03-25T01:20", "2027-03-25T01:30")], 600, 900),
    "nothing stays nothing": (QUARTERS, [span("2027-03-25T10:00", "2027-03-25T11:00")], 0, 0),
    "the own shift earns nothing": (NOT_IN_SHIFT, [span("2027-03-25T01:10", "2027-03-25T01:20")], 600, 0),
    "what reaches out of the own shift does": (
        NOT_IN_SHIFT,
        [span("2027-03-25T01:30", "2027-03-25T02:30")],
        3600,
        2700,
    ),
}


@pytest.mark.parametrize(("terms", "spans", "worked", "earned"), TERMS.values(), ids=TERMS)
def test_each_limit_does_what_it_says(terms, spans, worked, earned):
    result = credit(spans, hours=hours(), terms=terms)
    assert (result.out_of_hours_s, result.credit_s) == (worked, earned)


def test_leave_makes_hours_of_work_a_day_off():
    on_leave = hours(off=[span("2027-03-25T09:00", "2027-03-25T12:00")])
    result = credit([span("2027-03-25T07:30", "2027-03-25T13:00")], hours=on_leave, terms=SEED)
    assert [(piece.kind, piece.name, piece.seconds, float(piece.exact_s)) for piece in result.slices] == [
        ("night", "", 1800, 2700),  # 08:30 to 09:00
        ("work", "", 3600, 0),
        ("day off", "on leave", 10800, 16200),  # 10:00 to 13:00
        ("work", "", 3600, 0),
    ]


def test_each_slice_says_what_it_is_multiplied_with():
    result = credit([span("2027-03-25T01:30", "2027-03-25T02:30")], hours=hours(), terms=NOT_IN_SHIFT)
    assert [(piece.name, float(piece.multiplier), float(piece.exact_s)) for piece in result.slices] == [
        ("own shift", 0, 0),
        ("", 1.5, 2700),
    ]


seconds = st.integers(0, 86400 * 400)  # from 1 January 2027: every clock change of a year
zones = st.sampled_from([PARIS, LOS_ANGELES, PHOENIX, "America/Santiago", "Australia/Lord_Howe", "Europe/London"])
START = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = st.dates(date(2026, 12, 31), date(2028, 2, 10))


# No edge within an hour that clocks repeat: there a wall time means its first occurrence (rotations/night/wall.py),
# which a look at the clock cannot tell.
EDGES = st.just(0) | st.integers(240, 1379) | st.just(1440)


@st.composite
def calendars(draw: st.DrawFn) -> Hours:
    """Any days, any hours on whole minutes (also until midnight, also none), some holidays."""
    starts, ends = sorted(draw(st.lists(EDGES, min_size=2, max_size=2, unique=True)))
    return Hours(
        ZoneInfo(draw(zones)),
        frozenset(draw(st.sets(st.integers(1, 7)))),
        time(*divmod(starts, 60)),
        time(*divmod(ends % 1440, 60)),
        dict.fromkeys(draw(st.sets(DAYS, max_size=5)), "a holiday"),
    )


@st.composite
def some_spans(draw: st.DrawFn) -> list[Span]:
    starts = draw(st.lists(seconds, min_size=1, max_size=5))
    return [
        (START + timedelta(seconds=start), START + timedelta(seconds=start + draw(st.integers(0, 200_000))))
        for start in starts
    ]


def outside(spans: Sequence[Span], calendar: Hours) -> int:
    """Count seconds minute by minute, each minute once, by what a clock and a calendar on the wall say of it."""
    minutes = set()
    for start, end in spans:
        instant = start
        while instant < end:
            minutes.add(instant)
            instant += timedelta(minutes=1)
    return 60 * sum(not at_work(instant.astimezone(calendar.zone), calendar) for instant in minutes)


def at_work(local: datetime, calendar: Hours) -> bool:
    if local.isoweekday() not in calendar.work_days or local.date() in calendar.holidays:
        return False
    return (
        f"{calendar.starts}" <= f"{local:%H:%M:%S}" < (f"{calendar.ends}" if calendar.ends != time(0) else "24:00:00")
    )


@given(
    calendar=calendars(),
    start=st.integers(0, 1440 * 400),
    minutes=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 2000)), min_size=1, max_size=3),
)
def test_credit_is_one_and_a_half_times_the_time_outside_the_calendar_counted_minute_by_minute(
    calendar, start, minutes
):
    first = START + timedelta(minutes=start)
    spans = [(first + timedelta(minutes=a), first + timedelta(minutes=a + b)) for a, b in minutes]
    result = credit(spans, hours=calendar, terms=SEED)
    assert result.out_of_hours_s == outside(spans, calendar)
    assert result.exact_s == Fraction(3, 2) * result.out_of_hours_s


@given(calendar=calendars(), spans=some_spans(), cuts=st.lists(st.floats(0, 1), max_size=4))
def test_splitting_a_span_never_changes_the_sum(calendar, spans, cuts):
    (start, end), *rest = spans
    edges = [start, *sorted(start + timedelta(seconds=int((end - start).total_seconds() * cut)) for cut in cuts), end]
    whole = credit(spans, hours=calendar, terms=SEED)
    assert credit([*pairwise(edges), *rest], hours=calendar, terms=SEED) == whole


@given(calendar=calendars(), spans=some_spans(), cut=st.floats(0, 1))
def test_two_call_outs_of_a_split_span_earn_together_what_it_earned(calendar, spans, cut):
    """To the second out of hours, and exactly in leave. What is posted rounds half a second up once per call-out, so
    two call-outs of an odd number of seconds each may be posted a second more together than one of both.
    """
    start, end = spans[0]
    middle = start + timedelta(seconds=int((end - start).total_seconds() * cut))
    parts = [credit([part], hours=calendar, terms=SEED) for part in ((start, middle), (middle, end))]
    whole = credit([(start, end)], hours=calendar, terms=SEED)
    assert sum(part.out_of_hours_s for part in parts) == whole.out_of_hours_s
    assert sum(part.exact_s for part in parts) == whole.exact_s


@given(calendar=calendars(), spans=some_spans())
def test_no_second_counts_twice_in_whatever_order_and_however_often_it_comes(calendar, spans):
    result = credit(spans, hours=calendar, terms=SEED)
    assert credit([*reversed(spans), *spans], hours=calendar, terms=SEED) == result
    covered = sum((end - start).total_seconds() for start, end in union(spans))
    assert sum(piece.seconds for piece in result.slices) == covered
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(result.slices))


@given(
    calendars_=st.lists(calendars(), min_size=1, max_size=3), spans=some_spans(), turns=st.lists(seconds, max_size=2)
)
def test_where_hours_change_each_second_is_judged_by_those_that_hold_in_it(calendars_, spans, turns):
    edges = [START + timedelta(seconds=one) for one in sorted(turns)][: len(calendars_) - 1]
    found = credit_in_turn(spans, turns=list(zip([START, *edges], calendars_, strict=False)), terms=SEED)
    windows = pairwise([START - timedelta(days=1), *edges, START + timedelta(days=500)])
    parts = [
        credit([(max(a, low), min(b, high)) for a, b in spans if max(a, low) < min(b, high)], hours=hours, terms=SEED)
        for (low, high), hours in zip(windows, calendars_, strict=False)
    ]
    assert found.exact_s == sum(part.exact_s for part in parts)
    assert sum(piece.seconds for piece in found.slices) == sum((b - a).total_seconds() for a, b in union(spans))
