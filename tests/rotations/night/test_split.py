"""The default split, night by night through 2027, with the windows as they are seeded (domain.md 2.3, 4 and 5.11)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oncall.people.queries import observing_site
from rotations.night import queries, sun
from rotations.night.windows import mismatched, nights_of_year

pytestmark = pytest.mark.django_db

PACIFIC, PARIS, LONDON, SANTIAGO = (
    ZoneInfo(name) for name in ("America/Los_Angeles", "Europe/Paris", "Europe/London", "America/Santiago")
)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NIGHTS = nights_of_year(2027)
UNUSUAL = [
    *(date(2027, 3, 14) + timedelta(days=number) for number in range(13)),  # to 26 March
    *(date(2027, 10, 30) + timedelta(days=number) for number in range(8)),  # to 6 November
]


@pytest.fixture
def book(db):
    return queries.book()


def hours(span) -> float:
    return (span[1] - span[0]) / HOUR


def is_awake(span, zone: ZoneInfo) -> bool:
    """True within 07:00 to 24:00 of one local day."""
    first, last = (instant.astimezone(zone) for instant in span)
    midnight = datetime.combine(first.date() + timedelta(days=1), time(), zone)
    return first.time() >= time(7) and last.astimezone(UTC) <= midnight.astimezone(UTC)


@pytest.mark.parametrize("pair", [("west", "europe"), ("west-uk", "uk")])
def test_every_observing_minute_of_every_night_is_covered(book, pair):
    site = observing_site()
    for day in NIGHTS:
        dark = sun.night_at(day, site).observing
        assert dark is not None
        west, europe = (book.on_night(name, day) for name in pair)
        assert west[0] <= dark[0], day
        assert europe[0] <= west[1], day
        assert dark[1] <= europe[1], day


@pytest.mark.parametrize(("name", "zone"), [("west", PACIFIC), ("europe", PARIS), ("west-uk", PACIFIC), ("uk", LONDON)])
def test_nobody_works_outside_seven_to_midnight_local(book, name, zone):
    assert [day for day in NIGHTS if not is_awake(book.on_night(name, day), zone)] == []


def test_west_and_europe_overlap_by_half_an_hour_every_night(book):
    overlaps = {book.on_night("west", day)[1] - book.on_night("europe", day)[0] for day in NIGHTS}

    assert overlaps == {30 * MINUTE}


def test_west_and_the_uk_overlap_by_half_an_hour_but_not_where_clocks_disagree(book):
    overlaps = {day: book.on_night("west-uk", day)[1] - book.on_night("uk", day)[0] for day in NIGHTS}

    assert [day for day, overlap in overlaps.items() if overlap == timedelta()] == UNUSUAL
    assert {overlap for day, overlap in overlaps.items() if day not in UNUSUAL} == {30 * MINUTE}


@pytest.mark.parametrize(("name", "shortest", "longest"), [("west", 7.28, 8.49), ("europe", 2.55, 5.73)])
def test_the_shortest_and_the_longest_shift(book, name, shortest, longest):
    lengths = [hours(book.on_night(name, day)) for day in NIGHTS]

    assert min(lengths) == pytest.approx(shortest, abs=0.02)  # a minute
    assert max(lengths) == pytest.approx(longest, abs=0.02)


def test_a_year_has_one_span_each_night(book):
    spans = book.spans("west", sun.noon_of(date(2027, 1, 1)), sun.noon_of(date(2028, 1, 1)))

    assert [sun.day_obs(start) for start, _ in spans] == NIGHTS


@pytest.mark.parametrize("other", ["Europe/Paris", "Europe/London"])
def test_the_21_nights_on_which_clocks_disagree_are_found_by_arithmetic(other):
    found = mismatched(NIGHTS, one="America/Los_Angeles", other=other, longitude=-70.7494)

    assert found == UNUSUAL
    assert len(found) == 21


@pytest.mark.parametrize(
    ("day", "name", "zone", "start", "end"),
    [
        (22, "west", PACIFIC, "15:28", "23:30"),
        (22, "europe", PARIS, "07:00", "11:26"),
        (24, "west-uk", PACIFIC, "15:26", "00:00"),
        (24, "uk", LONDON, "07:00", "10:28"),
        (26, "west", PACIFIC, "15:24", "23:30"),
        (26, "europe", PARIS, "07:00", "11:29"),
        (27, "west", PACIFIC, "15:22", "23:00"),
        (27, "europe", PARIS, "07:30", "12:29"),
        (28, "west", PACIFIC, "15:21", "23:00"),
        (22, "early-night-chile", SANTIAGO, "20:43", "00:00"),
    ],
)
def test_the_sample_week(book, day, name, zone, start, end):
    span = book.on_night(name, date(2027, 3, day))

    for instant, text in zip(span, (start, end), strict=True):
        local = instant.astimezone(zone)
        expected = local.replace(hour=int(text[:2]), minute=int(text[3:]))
        assert abs(local - expected) <= 2 * MINUTE, (local, text)
