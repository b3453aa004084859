"""Spans in words and in whole days."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from rotations.changes.month import away, days_of, month_before, next_month
from rotations.changes.words import clipped, left_of, length_words, own_words, span_words, whole_days

PARIS = ZoneInfo("Europe/Paris")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=UTC)


def test_a_span_in_words_names_the_second_day_only_where_it_is_another():
    assert span_words(at(22, 20), at(22, 23)) == "Mon 22 Mar 20:00 to 23:00 UTC"
    assert span_words(at(22, 20), at(23, 1)) == "Mon 22 Mar 20:00 to Tue 23 Mar 01:00 UTC"
    assert own_words(at(22, 20), at(22, 22), zone=PARIS) == "Mon 22 Mar 21:00 to 23:00 (your time)"


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([], "0 min"),
        ([(at(22, 20), at(22, 20, 45))], "45 min"),
        ([(at(22, 20), at(22, 23)), (at(23, 20), at(24, 0, 30))], "7 h 30 min"),
    ],
)
def test_lengths_are_added(spans, words):
    assert length_words(spans) == words


def test_spans_are_cut_to_a_span_and_those_outside_left_out():
    spans = [(at(22, 0), at(22, 6)), (at(22, 20), at(23, 6)), (at(23, 6), at(23, 7))]
    assert clipped(spans, at(22, 6), at(23, 6)) == [(at(22, 20), at(23, 6))]


def test_what_is_left_of_a_span():
    taken = [(at(22, 5), at(22, 6)), (at(22, 1), at(22, 3)), (at(22, 2), at(22, 4)), (at(22, 9), at(22, 11))]
    assert left_of(at(22, 0), at(22, 10), taken) == [
        (at(22, 0), at(22, 1)),
        (at(22, 4), at(22, 5)),
        (at(22, 6), at(22, 9)),
    ]
    assert left_of(at(22, 2), at(22, 3), taken) == []


def test_a_whole_day_is_as_long_as_it_is_there():
    assert whole_days(date(2027, 3, 28), date(2027, 3, 28), zone=PARIS) == (at(27, 23), at(28, 22))  # clocks go forward
    apia = ZoneInfo("Pacific/Apia")  # skipped 30 December 2011
    start, end = whole_days(date(2011, 12, 29), date(2011, 12, 30), zone=apia)
    assert (end - start).total_seconds() == 86400


def test_a_month_has_its_days_between_its_neighbours():
    days = days_of(date(2028, 2, 17), zone=PARIS)
    assert (len(days), days[0].day, days[-1].day) == (29, date(2028, 2, 1), date(2028, 2, 29))
    assert (month_before(date(2028, 1, 31)), next_month(date(2027, 12, 1))) == (date(2027, 12, 1), date(2028, 1, 1))


def test_absences_together_take_some_or_all_of_a_day():
    days = days_of(date(2027, 3, 1), zone=ZoneInfo("UTC"))[21:25]  # 22 to 25 March
    spans = [(at(22, 12), at(23, 12)), (at(23, 9), at(24, 0))]
    assert away(days, spans) == ["some", "all", "", ""]
