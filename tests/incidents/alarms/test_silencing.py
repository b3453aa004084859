"""When a silence holds and what it holds: spans that repeat across changes of clocks, and what fits a matcher."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.alarms.silencing import (
    BadMatcher,
    BadSpan,
    Matcher,
    Said,
    are_apart,
    check,
    first_into_the_night,
    fits,
    like,
    matcher,
    occurrences,
    sev1_hidden,
)
from rotations.night.wall import instant_of

PACIFIC, SANTIAGO, PARIS = (ZoneInfo(name) for name in ("America/Los_Angeles", "America/Santiago", "Europe/Paris"))
DAY = timedelta(days=1)


def utc(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


def repeated(start, end, *, repeats="daily", until, zone=PARIS, free=timedelta(0)):
    return occurrences(start, end, repeats=repeats, until=until, zone=zone, free=free, instant=instant_of)


def test_what_does_not_repeat_is_one_span():
    assert repeated(utc(1, 9), utc(1, 11), repeats="", until=None) == [(utc(1, 9), utc(1, 11))]


def test_each_day_begins_at_the_same_wall_time_when_clocks_go_forward():
    """Paris is an hour ahead of UTC until 28 March 2027, 01:00 UTC, and two after it."""
    found = repeated(utc(27, 8), utc(27, 9), until=date(2027, 3, 28))

    assert found == [(utc(27, 8), utc(27, 9)), (utc(28, 7), utc(28, 8))]


def test_a_span_over_the_skipped_hour_is_an_hour_shorter():
    """22:00 to 04:00 in Paris: six hours, and five in the night to 28 March."""
    found = repeated(utc(26, 21), utc(27, 3), until=date(2027, 3, 27))

    assert [end - start for start, end in found] == [timedelta(hours=6), timedelta(hours=5)]


def test_each_week_begins_on_the_same_weekday():
    found = repeated(utc(1, 9), utc(1, 10), repeats="weekly", until=date(2027, 3, 15))

    assert [start for start, _ in found] == [utc(1, 9), utc(8, 9), utc(15, 9)]


def test_an_hour_that_clocks_skip_holds_nothing():
    """02:00 to 02:30 does not exist in Paris on 28 March 2027."""
    found = repeated(utc(27, 1), utc(27, 1, 30), until=date(2027, 3, 29))

    assert found == [(utc(27, 1), utc(27, 1, 30)), (utc(29, 0), utc(29, 0, 30))]


def test_a_day_of_25_hours_is_refused_in_words():
    """Noon to noon, in the week in which Los Angeles goes back: 7 November 2027."""
    start = datetime(2027, 11, 5, 19, tzinfo=UTC)

    with pytest.raises(BadSpan, match="On 06 Nov it would last longer than 24 h"):
        repeated(start, start + DAY, until=date(2027, 11, 7), zone=PACIFIC)


@pytest.mark.parametrize(
    ("start", "end", "repeats", "until", "words"),
    [
        (utc(1, 9), utc(1, 9), "", None, "It ends before it begins"),
        (utc(1, 9), utc(2, 9, 1), "", None, "longer than 24 h"),
        (utc(1, 9), utc(1, 10), "daily", None, "Say until which day it repeats"),
        (utc(2, 9), utc(2, 10), "daily", date(2027, 3, 1), "before the first time"),
        (utc(1, 9), utc(1, 10), "weekly", date(2028, 3, 3), "for a year at most"),
    ],
)
def test_a_span_that_cannot_be_kept_is_refused_in_words(start, end, repeats, until, words):
    with pytest.raises(BadSpan, match=words):
        repeated(start, end, repeats=repeats, until=until)


@pytest.mark.parametrize(
    ("hours", "words"), [(24, "22 Mar at 09:00 and begin again on 22 Mar at 09:00"), (23.5, "08:30")]
)
def test_times_that_leave_no_hour_free_between_them_are_refused(hours, words):
    with pytest.raises(BadSpan, match=f"{words}.*At least 60 min between must be free"):
        repeated(utc(21, 8), utc(21, 8) + timedelta(hours=hours), until=date(2027, 3, 23), free=timedelta(hours=1))


def test_an_hour_free_between_two_times_is_enough():
    found = repeated(utc(21, 8), utc(22, 7), until=date(2027, 3, 22), free=timedelta(hours=1))

    assert found == [(utc(21, 8), utc(22, 7)), (utc(22, 8), utc(23, 7))]


@pytest.mark.parametrize(
    ("some", "others", "apart"),
    [
        ([("source", "A")], [("source", "B")], True),
        ([("source", "A")], [("source", "A")], False),
        ([("source", "A*")], [("source", "B*")], False),  # nobody can be sure
        ([("source", "A")], [("title", "B")], False),
        ([("source", "A"), ("stage", "isr")], [("stage", "psf"), ("source", "A")], True),
        ([("product", "Data")], [("product", "Data/APDB")], False),
        ([("product", "Data")], [("product", "Database")], True),
        ([("severity", "1-2")], [("severity", "2-5")], False),
        ([("severity", "1")], [("severity", "2-5")], True),
        ([("label:site", "usdf")], [("label:site", "summit")], True),
    ],
)
def test_two_silences_are_apart_where_nothing_can_fit_both(some, others, apart):
    assert are_apart([Matcher(*one) for one in some], [Matcher(*one) for one in others]) is apart


@given(
    first=st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31)),
    length=st.integers(1, 23 * 60 * 60 - 1),
    days=st.integers(0, 60),
    zone=st.sampled_from([PACIFIC, SANTIAGO, PARIS, ZoneInfo("UTC"), ZoneInfo("Australia/Lord_Howe")]),
    repeats=st.sampled_from(["daily", "weekly"]),
)
def test_occurrences_never_overlap_and_never_last_longer_than_a_day(first, length, days, zone, repeats):
    start = instant_of(first.replace(microsecond=0), zone)
    spans = repeated(
        start, start + timedelta(seconds=length), repeats=repeats, until=first.date() + timedelta(days=days), zone=zone
    )

    assert all(start < end <= start + DAY for start, end in spans)
    assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False))


@given(
    first=st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31)),
    days=st.integers(0, 60),
    zone=st.sampled_from([PACIFIC, SANTIAGO, PARIS]),
)
def test_every_day_has_its_occurrence_at_the_wall_time_of_the_first(first, days, zone):
    """But for the days on which that time is skipped: then it is the next that exists, an hour later."""
    first = first.replace(hour=9, minute=30, second=0, microsecond=0)  # no zone here changes its clocks by day
    start = instant_of(first, zone)
    until = first.date() + timedelta(days=days)
    spans = repeated(start, start + timedelta(hours=1), until=until, zone=zone)

    walls = [begins.astimezone(zone).replace(tzinfo=None) for begins, _ in spans]
    assert walls == [first + timedelta(days=nth) for nth in range(days + 1)]


SAID = Said("Prometheus", "APDB is slow", 3, "Data/Alerts/APDB", "ap_pipe", {"site": "usdf", "node": "n12"})


@pytest.mark.parametrize(
    ("field", "value", "answer"),
    [
        ("source", "Prometheus", True),
        ("source", "Prom*", True),
        ("source", "prometheus", False),
        ("source", "Prom", False),
        ("product", "Data/Alerts", True),
        ("product", "Data/Alerts/APDB", True),
        ("product", "Data/Al", False),
        ("product", "Data/*/APDB", True),
        ("stage", "ap_pipe", True),
        ("title", "*slow", True),
        ("title", "APDB ?? slow", True),
        ("title", "APDB ? slow", False),
        ("severity", "3", True),
        ("severity", "2-4", True),
        ("severity", "4-5", False),
        ("label:site", "usdf", True),
        ("label:node", "n??", True),
        ("label:rack", "*", False),
    ],
)
def test_a_matcher_fits_what_it_says(field, value, answer):
    assert fits([matcher(field, value)], SAID) is answer


def test_all_matchers_must_fit():
    assert not fits([Matcher("source", "Prometheus"), Matcher("stage", "isr")], SAID)


def test_no_matcher_fits_nothing():
    assert not fits([], SAID)


@given(st.text(alphabet="ab", max_size=30))
def test_a_text_without_wildcards_is_like_itself_alone(text):
    assert like(text, text)
    assert not like(text, text + "a")


@given(st.text(alphabet="ab", max_size=12), st.text(alphabet="ab", max_size=12), st.text(alphabet="ab", max_size=12))
def test_a_star_stands_for_any_text(before, between, after):
    assert like(f"{before}*{after}", before + between + after)


@pytest.mark.parametrize(
    "kept", [[], [Matcher("title", "*")], [Matcher("severity", "1-5")], [Matcher("source", "**?*")]]
)
def test_what_would_hold_everything_is_refused(kept):
    with pytest.raises(BadMatcher, match="This would hold every alarm"):
        check(kept)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("colour", "red", "“colour” is nothing to match"),
        ("label:", "x", "is nothing to match"),
        ("title", "  ", "title has no value"),
        ("title", "a\x00", "title has no value"),
        ("severity", "6", "“6” is no severity"),
        ("severity", "4-2", "is no severity"),
        ("severity", "12", "is no severity"),
        ("title", "x" * 201, "too long"),
    ],
)
def test_a_matcher_that_says_nothing_is_refused_in_words(field, value, words):
    with pytest.raises(BadMatcher, match=words):
        matcher(field, value)


NIGHT = (utc(1, 23), utc(2, 10))


@pytest.mark.parametrize(
    ("span", "is_dark"),
    [
        ((utc(1, 20), utc(1, 23)), False),  # to the minute of sunset
        ((utc(1, 20), utc(1, 23, 1)), True),
        ((utc(2, 3), utc(2, 4)), True),
        ((utc(2, 10), utc(2, 12)), False),
        ((utc(1, 20), utc(2, 12)), True),
    ],
)
def test_any_minute_between_sunset_and_sunrise_is_of_the_night(span, is_dark):
    assert first_into_the_night([span], [NIGHT]) == (span if is_dark else None)


@pytest.mark.parametrize(
    ("since", "until", "hidden"),
    [
        (None, None, False),
        (utc(1, 9), None, True),
        (utc(1, 10, 1), None, False),
        (utc(1, 9), utc(1, 10), False),
        (utc(1, 9), utc(1, 10, 1), True),
    ],
)
def test_sev1_is_hidden_while_somebody_answers_for_it(since, until, hidden):
    assert sev1_hidden(utc(1, 10), since=since, until=until) is hidden
