"""The vectors and the table of domain.md 2.3, of astropy: another program on another theory of the sun."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.night import sun

SUMMIT = SimpleNamespace(latitude=-30.2446, longitude=-70.7494)
STOCKHOLM = SimpleNamespace(latitude=59.3, longitude=18.1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVERY_DAY = st.dates(date(1990, 1, 1), date(2099, 12, 31))


def observing(day: date) -> tuple[datetime, datetime]:
    span = sun.night_at(day, SUMMIT).observing
    assert span is not None
    return span


def at(text: str) -> datetime:
    return datetime.strptime(f"2027 {text}", "%Y %d %b %H:%M").replace(tzinfo=UTC)


VECTORS = {
    date(2027, 3, 20): {
        "sunset": "20 Mar 22:54", "evening_12": "20 Mar 23:45", "evening_18": "21 Mar 00:14",
        "morning_18": "21 Mar 09:26", "morning_12": "21 Mar 09:55", "sunrise": "21 Mar 10:46",
    },
    date(2027, 6, 20): {
        "sunset": "20 Jun 21:50", "evening_12": "20 Jun 22:46", "evening_18": "20 Jun 23:16",
        "morning_18": "21 Jun 10:13", "morning_12": "21 Jun 10:42", "sunrise": "21 Jun 11:39",
    },
    date(2027, 12, 21): {
        "sunset": "21 Dec 23:44", "evening_12": "22 Dec 00:45", "evening_18": "22 Dec 01:21",
        "morning_18": "22 Dec 08:01", "morning_12": "22 Dec 08:37", "sunrise": "22 Dec 09:38",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "name", "expected"), [(day, name, text) for day, row in VECTORS.items() for name, text in row.items()]
)
def test_the_vectors_hold_to_a_minute(day, name, expected):
    found = getattr(sun.night_at(day, SUMMIT), name)

    assert abs(found - at(expected)) <= MINUTE


# From -12 to -12 degrees in the middle of each month of 2026, in UTC.
MONTHS = [
    ("01-15", "00:47", "08:57"), ("02-15", "00:25", "09:29"), ("07-15", "22:55", "10:42"), ("08-15", "23:11", "10:22"),
    ("09-15", "23:27", "09:48"), ("10-15", "23:46", "09:10"), ("11-15", "00:14", "08:40"), ("12-15", "00:41", "08:34"),
]  # fmt: skip


@pytest.mark.parametrize(("day", "evening", "morning"), MONTHS)
def test_the_table_of_months_holds_to_a_few_minutes(day, evening, morning):
    start, end = observing(date.fromisoformat(f"2026-{day}"))

    for found, text in ((start, evening), (end, morning)):
        expected = found.replace(hour=int(text[:2]), minute=int(text[3:]))
        assert abs(found - expected) <= 3 * MINUTE


def test_the_longest_and_the_shortest_night_of_2027():
    lengths = {}
    for number in range(365):
        day = date(2027, 1, 1) + timedelta(days=number)
        start, end = observing(day)
        lengths[day] = end - start

    assert max(lengths.values()) == lengths[date(2027, 6, 20)] == timedelta(hours=11, minutes=56)
    assert min(lengths.values()) == lengths[date(2027, 12, 21)] == timedelta(hours=7, minutes=52)
    assert sum(lengths.values(), timedelta()) / HOUR == pytest.approx(3672, abs=2)


@given(EVERY_DAY)
def test_at_the_summit_a_night_is_in_order_and_lies_between_two_noons(day):
    night = sun.night_at(day, SUMMIT)
    instants = [getattr(night, name) for name in sun.INSTANTS]

    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert [noon, *instants] == sorted([noon, *instants])
    assert instants[-1] < noon + timedelta(days=1)
    assert all(instant.second == instant.microsecond == 0 for instant in instants)


@given(EVERY_DAY, st.floats(-60, 60), st.floats(-180, 180))
def test_anywhere_a_night_is_in_order_around_its_solar_midnight(day, latitude, longitude):
    night = sun.night(day, latitude=latitude, longitude=longitude)
    instants = [getattr(night, name) for name in sun.INSTANTS]
    evening, morning = ([one for one in half if one] for half in (instants[:4], instants[4:]))

    midnight = sun.solar_midnight(day, longitude)
    assert evening == sorted(evening)
    assert morning == sorted(morning)
    assert all(midnight - 13 * HOUR < one < midnight + HOUR for one in evening)
    assert all(midnight - HOUR < one < midnight + 13 * HOUR for one in morning)


def test_where_the_sun_does_not_go_so_low_there_is_no_instant():
    night = sun.night_at(date(2027, 6, 20), STOCKHOLM)

    assert night.sunset is not None  # midsummer: it sets, and it does not get dark
    assert (night.evening_12, night.morning_12, night.observing) == (None, None, None)
    assert not night.is_dark(datetime(2027, 6, 20, 23, tzinfo=UTC))


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2027, 3, 20, 11, 59, 59, tzinfo=UTC), date(2027, 3, 19)),
        (datetime(2027, 3, 20, 12, tzinfo=UTC), date(2027, 3, 20)),
        (datetime(2027, 3, 21, 11, 59, tzinfo=UTC), date(2027, 3, 20)),
        (datetime.fromisoformat("2027-03-20T08:30:00-04:00"), date(2027, 3, 20)),  # 12:30 UTC
    ],
)
def test_day_obs_changes_at_noon_utc(instant, expected):
    assert sun.day_obs(instant) == expected


def test_a_day_obs_is_written_as_eight_digits():
    assert sun.written(date(2027, 3, 4)) == "20270304"
    assert sun.read("20270304") == date(2027, 3, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("20270230", "There is no day 30 in 2027-02"),
        ("20271301", "There is no month 13"),
        ("20270001", "There is no month 00"),
        ("19891231", "The year 1989 is out of reach"),
        ("21000101", "The year 2100 is out of reach"),
        ("2027-03-20", "Write a night as YYYYMMDD"),
        ("tonight", "Write a night as YYYYMMDD"),
        ("２０２７０３２０", "Write a night as YYYYMMDD"),
        ("", "Write a night as YYYYMMDD"),
    ],
)
def test_what_is_no_night_is_refused_with_words(text, words):
    with pytest.raises(sun.NoSuchNight, match=words):
        sun.read(text)


@pytest.mark.parametrize(
    ("instant", "dark"),
    [
        (datetime(2027, 12, 22, 0, 44, tzinfo=UTC), False),
        (datetime(2027, 12, 22, 0, 45, tzinfo=UTC), True),
        (datetime(2027, 12, 22, 8, 36, tzinfo=UTC), True),
        (datetime(2027, 12, 22, 8, 37, tzinfo=UTC), False),
        (datetime(2027, 12, 22, 17, 0, tzinfo=UTC), False),
    ],
)
def test_observing_minutes_lie_between_the_twelve_degree_twilights(instant, dark):
    assert sun.is_dark(instant, SUMMIT) is dark


def test_observing_spans_are_whole_and_touch_what_is_asked():
    spans = sun.observing_spans(
        datetime(2027, 12, 22, 8, 36, tzinfo=UTC), datetime(2027, 12, 23, 0, 50, tzinfo=UTC), SUMMIT
    )

    assert [start.day for start, _ in spans] == [22, 23]
    assert spans[0] == (datetime(2027, 12, 22, 0, 45, tzinfo=UTC), datetime(2027, 12, 22, 8, 37, tzinfo=UTC))


def test_the_day_between_two_nights_has_no_observing_span():
    noon = datetime(2027, 6, 21, 12, tzinfo=UTC)

    assert sun.observing_spans(noon, noon + 8 * HOUR, SUMMIT) == []
