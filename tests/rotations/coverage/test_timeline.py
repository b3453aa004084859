from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.coverage.timeline import (
    Day,
    frame_around,
    initials,
    lanes,
    part_of_day,
    span_words,
)

PACIFIC, PARIS, LONDON = ZoneInfo("America/Los_Angeles"), ZoneInfo("Europe/Paris"), ZoneInfo("Europe/London")
SANTIAGO, APIA, LORD_HOWE = ZoneInfo("America/Santiago"), ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe")


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_week_begins_on_monday_and_at_midnight_of_the_zone():
    frame = frame_around(date(2027, 3, 24), reach="week", zone=PACIFIC)
    assert (frame.first, frame.last) == (date(2027, 3, 22), date(2027, 3, 28))
    assert (frame.starts_at, frame.ends_at) == (z("2027-03-22T07:00"), z("2027-03-29T07:00"))
    assert frame.words == "22 to 28 Mar 2027"
    assert (frame.before, frame.after) == (date(2027, 3, 21), date(2027, 3, 29))


@pytest.mark.parametrize(
    ("reach", "day", "first", "last", "words"),
    [
        ("fortnight", date(2027, 3, 24), date(2027, 3, 22), date(2027, 4, 4), "22 Mar to 4 Apr 2027"),
        ("month", date(2027, 2, 28), date(2027, 2, 1), date(2027, 2, 28), "Feb 2027"),
        ("month", date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29), "Feb 2028"),
        ("month", date(2027, 12, 31), date(2027, 12, 1), date(2027, 12, 31), "Dec 2027"),
        ("week", date(2028, 1, 1), date(2027, 12, 27), date(2028, 1, 2), "27 Dec 2027 to 2 Jan 2028"),
    ],
)
def test_a_frame_is_whole_weeks_or_a_whole_month(reach, day, first, last, words):
    frame = frame_around(day, reach=reach, zone=PARIS)
    assert (frame.first, frame.last, frame.words) == (first, last, words)


def test_a_day_of_23_hours_is_drawn_narrower_and_marked():
    frame = frame_around(date(2027, 3, 28), reach="week", zone=PARIS)  # 167 hours
    assert [round(day.width, 2) for day in frame.days] == [14.37] * 6 + [13.77]
    (change,) = frame.changes
    assert (change.at, change.by, change.sign) == (z("2027-03-28T01:00"), timedelta(hours=1), "+1 h")
    assert change.words == "Sun 28 Mar: clocks go forward 1 h, the day has 23 h."
    assert round(change.x, 2) == 87.43  # 146 of 167 hours


def test_the_same_week_in_utc_has_equal_days_and_no_mark():
    frame = frame_around(date(2027, 3, 28), reach="week", zone=ZoneInfo("UTC"))
    assert [round(day.width, 2) for day in frame.days] == [14.29] * 7
    assert frame.changes == []


@pytest.mark.parametrize(
    ("zone", "day", "at", "sign", "words"),
    [
        (PACIFIC, date(2027, 11, 7), "2027-11-07T09:00", "−1 h", "Sun 7 Nov: clocks go back 1 h, the day has 25 h."),
        # Santiago skips midnight: the day itself begins at 01:00.
        (SANTIAGO, date(2027, 9, 5), "2027-09-05T04:00", "+1 h", "Sun 5 Sep: clocks go forward 1 h, the day has 23 h."),
        (
            LORD_HOWE,
            date(2027, 10, 3),
            "2027-10-02T15:30",
            "+30 min",
            "Sun 3 Oct: clocks go forward 30 min, the day has 23 h 30 min.",
        ),
    ],
)
def test_where_clocks_change_is_said(zone, day, at, sign, words):
    (change,) = frame_around(day, reach="week", zone=zone).changes
    assert (change.at, change.sign, change.words) == (z(at), sign, words)


def test_a_day_that_a_zone_left_out_is_not_there():
    days = [day.date.day for day in frame_around(date(2011, 12, 28), reach="week", zone=APIA).days]
    assert days == [26, 27, 28, 29, 31, 1]


@given(
    st.dates(date(1990, 1, 1), date(2050, 12, 31)),
    st.sampled_from(["week", "fortnight", "month"]),
    st.sampled_from(
        [PACIFIC, PARIS, SANTIAGO, APIA, LORD_HOWE, ZoneInfo("Africa/Casablanca"), ZoneInfo("Antarctica/Troll")]
    ),
)
def test_days_tile_the_frame_in_every_zone(day, reach, zone):
    frame = frame_around(day, reach=reach, zone=zone)
    assert frame.days[0].starts_at == frame.starts_at
    assert frame.days[-1].ends_at == frame.ends_at
    assert all(one.ends_at == other.starts_at for one, other in zip(frame.days, frame.days[1:], strict=False))
    assert abs(sum(one.width for one in frame.days) - 100) < 0.01


def test_what_lies_across_the_edge_is_cut_there():
    frame = frame_around(date(2027, 3, 22), reach="week", zone=ZoneInfo("UTC"))
    assert frame.cut(z("2027-03-01T00:00"), z("2027-03-23T00:00")) == (0.0, 14.2857)
    assert frame.cut(z("2027-03-28T12:00"), z("2027-04-10T00:00")) == (92.8571, 7.1429)
    assert frame.cut(z("2027-03-15T00:00"), z("2027-03-22T00:00")) is None
    assert frame.cut(z("2027-03-29T00:00"), z("2027-03-30T00:00")) is None


def test_what_is_very_short_can_still_be_seen_also_at_the_right_edge():
    frame = frame_around(date(2027, 3, 22), reach="month", zone=ZoneInfo("UTC"))
    assert frame.cut(z("2027-03-31T23:59"), z("2027-04-01T00:00")) == (99.6, 0.4)


def test_spans_that_overlap_take_lanes_of_their_own_and_a_free_lane_is_used_again():
    spans = [(0, 4), (2, 6), (4, 8), (5, 7), (6, 9)]
    start = z("2027-03-22T00:00")
    assert lanes([(start + timedelta(hours=a), start + timedelta(hours=b)) for a, b in spans]) == [0, 1, 0, 2, 1]


@pytest.mark.parametrize(
    ("start", "end", "zone", "words"),
    [
        ("2027-03-22T22:28", "2027-03-23T06:30", PACIFIC, "Mon 22 Mar 15:28 to 23:30 PDT"),
        ("2027-03-24T22:28", "2027-03-25T07:00", PACIFIC, "Wed 24 Mar 15:28 to 24:00 PDT"),
        ("2027-03-22T16:00", "2027-03-29T16:00", PACIFIC, "Mon 22 Mar 09:00 to Mon 29 Mar 09:00 PDT"),
        ("2027-03-27T22:30", "2027-03-28T06:00", PARIS, "Sat 27 Mar 23:30 CET to Sun 28 Mar 08:00 CEST"),
        ("2027-11-07T08:30", "2027-11-07T09:30", PACIFIC, "Sun 7 Nov 01:30 PDT to 01:30 PST"),
    ],
)
def test_a_span_is_said_on_one_clock(start, end, zone, words):
    assert span_words(z(start), z(end), zone) == words


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2027-03-20T00:00", "2027-03-25T00:00", "all day"),
        ("2027-03-22T00:00", "2027-03-23T00:00", "all day"),
        ("2027-03-20T00:00", "2027-03-22T09:00", "until 09:00"),
        ("2027-03-22T15:28", "2027-03-23T00:00", "from 15:28"),
        ("2027-03-22T15:28", "2027-03-22T23:30", "15:28 to 23:30"),
    ],
)
def test_a_list_says_what_of_a_span_lies_in_a_day(start, end, words):
    day = Day(date(2027, 3, 22), z("2027-03-22T00:00"), z("2027-03-23T00:00"), 0, 100)
    assert part_of_day(z(start), z(end), day, ZoneInfo("UTC")) == words


def test_a_narrow_bar_bears_initials():
    assert [initials(name) for name in ("Alba Moreno", "Ada", "Noé du Breuil")] == ["AM", "A", "NB"]
