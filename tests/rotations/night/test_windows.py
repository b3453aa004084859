"""Windows on their own: what a wall time in a night is, how bounds combine, what is refused, what tiles."""

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.night.expression import parse
from rotations.night.windows import BadWindow, Book, ClockWindow, NightWindow, UnknownWindow, occurrence

SUMMIT = SimpleNamespace(latitude=-30.2446, longitude=-70.7494)
STOCKHOLM = SimpleNamespace(latitude=59.3, longitude=18.1)
HOUR = timedelta(hours=1)


def nightly(name: str, starts: str, ends: str) -> NightWindow:
    return NightWindow(name, parse(starts), parse(ends))


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "zone", "day", "expected"),
    [
        (22 * 60 + 30, "America/Los_Angeles", date(2027, 1, 10), utc(2027, 1, 11, 6, 30)),
        (22 * 60 + 30, "America/Los_Angeles", date(2027, 6, 10), utc(2027, 6, 11, 5, 30)),
        (7 * 60, "Europe/Paris", date(2027, 6, 10), utc(2027, 6, 11, 5, 0)),
        (24 * 60, "America/Los_Angeles", date(2027, 6, 10), utc(2027, 6, 11, 7, 0)),
        (0, "America/Los_Angeles", date(2027, 6, 10), utc(2027, 6, 11, 7, 0)),
        (12 * 60, "UTC", date(2027, 6, 10), utc(2027, 6, 10, 12, 0)),
        (12 * 60 - 1, "UTC", date(2027, 6, 10), utc(2027, 6, 11, 11, 59)),
        (0, "Pacific/Kiritimati", date(2027, 6, 10), utc(2027, 6, 11, 10, 0)),
        (2 * 60 + 30, "Europe/Paris", date(2027, 3, 27), utc(2027, 3, 28, 1, 0)),  # skipped
        (2 * 60 + 30, "Europe/Paris", date(2027, 10, 30), utc(2027, 10, 31, 0, 30)),  # twice: the first
        # 04:30 Pacific is 11:30 UTC in summer and 12:30 in winter: twice in this night, and in that one not at all.
        (4 * 60 + 30, "America/Los_Angeles", date(2027, 3, 13), utc(2027, 3, 13, 12, 30)),
        (4 * 60 + 30, "America/Los_Angeles", date(2027, 11, 6), utc(2027, 11, 7, 12, 30)),
    ],
)
def test_a_wall_time_of_a_night_is_the_first_from_noon_utc_on(minutes, zone, day, expected):
    assert occurrence(minutes, zone, day) == expected


def test_max_is_the_latest_and_min_the_earliest():
    book = Book([nightly("w", "min(20:00 UTC, 19:00 UTC)", "max(20:30 UTC, 21:30 UTC, 21:00 UTC) + 5 min")], SUMMIT)

    assert book.on_night("w", date(2027, 1, 1)) == (utc(2027, 1, 1, 19), utc(2027, 1, 1, 21, 35))


def test_a_bound_may_be_the_own_other_bound():
    book = Book([nightly("w", "20:00 UTC", "w.start + 8 h")], SUMMIT)

    assert book.on_night("w", date(2027, 1, 1)) == (utc(2027, 1, 1, 20), utc(2027, 1, 2, 4))


def test_a_window_whose_end_is_not_after_its_start_is_empty_that_night():
    book = Book([nightly("w", "20:00 UTC", "20:00 UTC"), nightly("v", "w.start", "w.end + 1 min")], SUMMIT)

    assert book.on_night("w", date(2027, 1, 1)) is None
    assert book.spans("w", utc(2027, 1, 1), utc(2027, 2, 1)) == []
    assert book.on_night("v", date(2027, 1, 1)) == (utc(2027, 1, 1, 20), utc(2027, 1, 1, 20, 1))


def test_where_the_sun_does_not_come_so_low_the_window_is_empty():
    book = Book([nightly("w", "max(20:00 UTC, evening_12)", "04:00 UTC")], STOCKHOLM)

    assert book.on_night("w", date(2027, 6, 20)) is None
    assert book.on_night("w", date(2027, 12, 20)) == (utc(2027, 12, 20, 20), utc(2027, 12, 21, 4))


@pytest.mark.parametrize(
    ("windows", "where", "words"),
    [
        ([("a", "b.start", "sunrise"), ("b", "a.start", "sunrise")], ("a", "start"), "a.start → b.start → a.start"),
        ([("a", "a.end - 8 h", "a.start + 8 h")], ("a", "start"), "a.start → a.end → a.start"),
        ([("a", "a.start", "sunrise")], ("a", "start"), "circle: a.start → a.start"),
        ([("a", "sunset", "c.end"), ("b", "sunset", "sunrise")], ("a", "end"), "no window “c”. There are a, b."),
        ([("a", "sunset", "clock.end")], ("a", "end"), "“clock” follows the clock and has no bound of a night"),
        ([("a", "sunset - 700 min - 30 min", "sunrise")], ("a", "start"), "moved by 730 min altogether; 720 at most"),
        (
            [("a", "sunset - 400 min", "sunrise"), ("b", "a.start - 400 min", "sunrise")],
            ("b", "start"),
            "b.start is moved by 800 min",
        ),
    ],
)
def test_windows_that_cannot_be_told_together_are_refused(windows, where, words):
    clock = ClockWindow("clock", "UTC", time(9), time(17), frozenset({1}))

    with pytest.raises(BadWindow) as caught:
        Book([*(nightly(*window) for window in windows), clock], SUMMIT)

    assert (caught.value.window, caught.value.bound) == where
    assert words in str(caught.value)


def test_an_unknown_window_is_refused_with_those_there_are():
    book = Book([nightly("west", "sunset", "sunrise")], SUMMIT)

    with pytest.raises(UnknownWindow, match=r"There is no window “east”\. There are west\."):
        book.spans("east", utc(2027, 1, 1), utc(2027, 1, 2))


def test_what_follows_from_a_window_is_known_near_and_far():
    windows = [
        ("a", "sunset", "sunrise"),
        ("b", "a.end", "sunrise"),
        ("c", "b.end", "sunrise"),
        ("d", "sunset", "sunrise"),
    ]
    book = Book([nightly(*window) for window in windows], SUMMIT)

    assert book.depending_on("a") == ["b", "c"]
    assert book.depending_on("d") == []


OFFICE = ClockWindow("office", "Europe/Paris", time(9), time(17, 30), frozenset({1, 2, 3, 4, 5}))
NIGHTS = ClockWindow("nights", "Europe/Paris", time(22), time(6), frozenset({5}))
SUNDAYS = ClockWindow("sundays", "Europe/Paris", time(0), time(0), frozenset({7}))


@pytest.mark.parametrize(
    ("window", "start", "end", "expected"),
    [
        # Friday 26 March in winter time, Monday 29 in summer time
        (
            OFFICE,
            utc(2027, 3, 26, 12),
            utc(2027, 3, 29, 12),
            [(utc(2027, 3, 26, 8), utc(2027, 3, 26, 16, 30)), (utc(2027, 3, 29, 7), utc(2027, 3, 29, 15, 30))],
        ),
        (OFFICE, utc(2027, 3, 26, 16, 30), utc(2027, 3, 29, 7), []),
        (NIGHTS, utc(2027, 3, 27, 4), utc(2027, 3, 27, 5), [(utc(2027, 3, 26, 21), utc(2027, 3, 27, 5))]),
        (SUNDAYS, utc(2027, 3, 28), utc(2027, 3, 28, 1), [(utc(2027, 3, 27, 23), utc(2027, 3, 28, 22))]),  # 23 h
    ],
)
def test_a_clock_window_follows_the_wall_clock(window, start, end, expected):
    assert Book([window], SUMMIT).spans(window.name, start, end) == expected


BOOK = Book(
    [
        nightly("west", "evening_12 - 75 min", "europe.start + 30 min"),
        nightly("europe", "max(22:30 America/Los_Angeles, 07:00 Europe/Paris)", "morning_12 + 30 min"),
        nightly("long", "12:30 UTC", "long.start + 12 h"),
        nightly("overlong", "sunset", "11:59 UTC + 12 h"),
        nightly("pacific", "04:30 America/Los_Angeles", "04:30 America/Los_Angeles + 11 h"),
        OFFICE,
        SUNDAYS,
    ],
    SUMMIT,
)
NAMES = st.sampled_from(sorted(BOOK.windows))
INSTANTS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))


@given(NAMES, INSTANTS, st.integers(0, 40 * 24 * 60))
def test_spans_are_ordered_disjoint_and_touch_what_is_asked(name, start, minutes):
    end = start + timedelta(minutes=minutes)
    spans = BOOK.spans(name, start, end)

    edges = [edge for span in spans for edge in span]
    assert edges == sorted(edges)
    assert all(since < until and since < end and until > start for since, until in spans)
    assert len(spans) <= (end - start) / timedelta(hours=20) + 2


@given(NAMES, INSTANTS, st.integers(1, 30 * 24 * 60), st.floats(0, 1))
def test_a_part_of_a_span_of_time_has_the_same_spans(name, start, minutes, share):
    end = start + timedelta(minutes=minutes)
    middle = start + (end - start) * share
    whole = BOOK.spans(name, start, end)

    parts = BOOK.spans(name, start, middle) + BOOK.spans(name, middle, end)
    assert sorted(set(parts)) == whole
    assert BOOK.span_at(name, middle) in [*whole, None] or middle == end


def test_a_night_that_is_still_open_when_the_next_begins_keeps_the_time():
    spans = BOOK.spans("overlong", utc(2027, 6, 20), utc(2027, 6, 23))

    assert [(since, until) for since, until in spans if since.day == 21] == [
        (utc(2027, 6, 21, 23, 59), utc(2027, 6, 22, 23, 59))
    ]


def test_nothing_touches_nothing():
    assert BOOK.spans("west", utc(2027, 1, 2), utc(2027, 1, 1)) == []
