"""Which call-outs send to rest, until when, and what became of it. Rows R32, R33; domain.md 5.7, 5.8."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rotations.leave.rest import Morning, Outcome, Worked, makes_one, morning_after, outcome, rests_due

PARIS, UTC_ZONE = "Europe/Paris", "UTC"
HOUR = timedelta(hours=1)
ZONES = [
    PARIS, UTC_ZONE, "America/Phoenix", "America/Los_Angeles", "America/Santiago", "Asia/Kolkata", "Asia/Beirut",
    "Pacific/Apia", "Pacific/Kiritimati", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Amman",
]  # fmt: skip


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# An end, and the rest it gives: date, start, end, all UTC. Worked out by hand from the zone's offset that day.
TABLE = [
    ("two hours from 03:20",
     PARIS, "2027-06-10T03:20", "2027-06-10", "2027-06-10T03:20", "2027-06-10T10:00"),
    ("an evening: all of the next morning",
     PARIS, "2027-06-10T20:00", "2027-06-11", "2027-06-10T22:00", "2027-06-11T10:00"),
    ("one minute before noon",
     PARIS, "2027-06-10T09:59", "2027-06-10", "2027-06-10T09:59", "2027-06-10T10:00"),
    ("noon itself",
     PARIS, "2027-06-10T10:00", "2027-06-11", "2027-06-10T22:00", "2027-06-11T10:00"),
    ("midnight itself",
     PARIS, "2027-06-10T22:00", "2027-06-11", "2027-06-10T22:00", "2027-06-11T10:00"),
    ("winter",
     PARIS, "2027-01-14T04:20", "2027-01-14", "2027-01-14T04:20", "2027-01-14T11:00"),
    ("the sample week: 04:20 on Friday",
     PARIS, "2027-03-26T03:20", "2027-03-26", "2027-03-26T03:20", "2027-03-26T11:00"),
    ("before clocks go forward that night",
     PARIS, "2027-03-28T00:30", "2027-03-28", "2027-03-28T00:30", "2027-03-28T10:00"),
    ("the evening before they go forward",
     PARIS, "2027-03-27T20:00", "2027-03-28", "2027-03-27T23:00", "2027-03-28T10:00"),
    ("the evening before they go back",
     PARIS, "2027-10-30T19:00", "2027-10-31", "2027-10-30T22:00", "2027-10-31T11:00"),
    ("in the hour that comes twice",
     PARIS, "2027-10-31T01:30", "2027-10-31", "2027-10-31T01:30", "2027-10-31T11:00"),
    ("Phoenix knows no summer time",
     "America/Phoenix", "2027-07-02T02:00", "2027-07-02", "2027-07-02T07:00", "2027-07-02T19:00"),
    ("a zone whose clocks skip midnight: from 01:00 on",
     "Asia/Beirut", "2027-03-27T18:00", "2027-03-28", "2027-03-27T22:00", "2027-03-28T09:00"),
    ("a zone that skipped a day",
     "Pacific/Apia", "2011-12-30T06:00", "2011-12-31", "2011-12-30T10:00", "2011-12-30T22:00"),
    ("fourteen hours ahead",
     "Pacific/Kiritimati", "2027-06-10T13:00", "2027-06-11", "2027-06-10T13:00", "2027-06-10T22:00"),
    ("a weekend rests too",
     PARIS, "2027-06-12T04:00", "2027-06-12", "2027-06-12T04:00", "2027-06-12T10:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "end", "day", "starts", "ends"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_rest_is_what_is_left_until_the_next_noon_and_no_more_than_that_date(zone, end, day, starts, ends):
    assert morning_after(z(end), zone=ZoneInfo(zone)) == Morning(date.fromisoformat(day), z(starts), z(ends))


@given(
    end=st.datetimes(datetime(2011, 1, 1), datetime(2037, 1, 1)),
    zone=st.sampled_from([ZoneInfo(name) for name in ZONES]),
)
def test_a_rest_is_never_empty_begins_not_before_the_end_and_ends_at_the_first_noon_after_it(end, zone):
    end = end.replace(tzinfo=UTC)
    morning = morning_after(end, zone=zone)
    assert end <= morning.starts_at < morning.ends_at <= end + 36 * HOUR + 25 * HOUR
    assert morning.ends_at.astimezone(zone).time().isoformat() == "12:00:00"
    assert morning.starts_at.astimezone(zone).date() == morning.ends_at.astimezone(zone).date() == morning.date
    before = morning.ends_at - timedelta(seconds=1)
    assert morning_after(before, zone=zone).date == morning.date  # no noon lies between
    assert morning_after(morning.ends_at, zone=zone).date > morning.date


@given(
    end=st.datetimes(datetime(2011, 1, 1), datetime(2037, 1, 1)),
    later=st.timedeltas(timedelta(), timedelta(days=3)),
    zone=st.sampled_from([ZoneInfo(name) for name in ZONES]),
)
def test_who_worked_longer_rests_not_earlier(end, later, zone):
    first = morning_after(end.replace(tzinfo=UTC), zone=zone)
    second = morning_after(end.replace(tzinfo=UTC) + later, zone=zone)
    assert (first.starts_at, first.ends_at, first.date) <= (second.starts_at, second.ends_at, second.date)


# Which call-outs make one


def worked(start: str, end: str, *, s: int = 60, begun: tuple[str, ...] = (), over: int = 0) -> Worked:
    pages = tuple(z(f"2027-06-10T{page}") for page in begun or (start,))
    return Worked(z(f"2027-06-10T{start}"), z(f"2027-06-10T{end}"), ZoneInfo(PARIS), s, pages, over)


SHIFT = [(z("2027-06-10T05:00"), z("2027-06-10T08:00"))]


@pytest.mark.parametrize(
    ("call", "rests"),
    [
        (worked("01:20", "03:20"), True),
        (worked("09:00", "10:00", s=0), False),  # in work hours alone
        (worked("01:20", "03:20", s=900, over=900), False),  # not more than the limit
        (worked("01:20", "03:20", s=901, over=900), True),
        (worked("05:00", "06:00"), False),  # paged as the own shift began
        (worked("07:59", "11:00"), False),  # and worked on after it
        (worked("08:00", "09:00"), True),  # it was over
        (worked("04:59", "07:00"), True),
        (worked("04:00", "07:00", begun=("04:00", "05:30")), True),  # one page before it
        (worked("05:30", "09:00", begun=("05:30", "08:30")), True),  # one page after it
        (worked("05:30", "07:00", begun=("05:30", "06:30")), False),
    ],
)
def test_any_time_out_of_hours_sends_to_rest_unless_all_pages_came_in_the_own_triage_shift(call, rests):
    assert makes_one(call, SHIFT) is rests


def test_call_outs_of_one_night_share_a_rest_that_begins_at_the_last_end():
    [due] = rests_due([worked("03:00", "04:00"), worked("00:10", "00:40"), worked("01:00", "02:00")], []).values()
    assert (due.morning.starts_at, due.by.starts_at) == (z("2027-06-10T04:00"), z("2027-06-10T03:00"))
    assert due.began_at == z("2027-06-10T00:40")


def test_an_evening_and_the_night_after_it_share_the_rest_of_the_next_date():
    evening = Worked(z("2027-06-09T18:00"), z("2027-06-09T20:00"), ZoneInfo(PARIS), 60, (z("2027-06-09T18:00"),))
    assert list(rests_due([evening, worked("01:00", "02:00")], [])) == [(date(2027, 6, 10), 0)]


def test_what_ends_after_a_rest_was_given_up_makes_another_of_that_date():
    calls = [worked("00:10", "00:40"), worked("03:00", "04:00")]
    due = rests_due(calls, [], [(date(2027, 6, 10), z("2027-06-10T01:00"))])
    first, second = due[date(2027, 6, 10), 0], due[date(2027, 6, 10), 1]
    assert (first.morning.starts_at, first.began_at) == (z("2027-06-10T00:40"), z("2027-06-10T00:40"))
    assert (second.morning.starts_at, second.began_at) == (z("2027-06-10T04:00"), z("2027-06-10T04:00"))


# What became of it: the rest of 10 June, from 05:20 to 12:00 in Paris


def became(**changes: object) -> Outcome:
    about = {
        "began_at": z("2027-06-10T03:20"),
        "zone": ZoneInfo(PARIS),
        "call_outs": [],
        "shifts": [],
        "known_at": z("2027-06-10T03:20"),
        "now": z("2027-06-11T10:00"),
    } | changes
    morning = Morning(date(2027, 6, 10), z("2027-06-10T03:20"), z("2027-06-10T10:00"))
    return outcome(morning, **about)  # type: ignore[arg-type]


def shift(start: str, end: str) -> list[tuple[datetime, datetime]]:
    return [(z(f"2027-06-10T{start}"), z(f"2027-06-10T{end}"))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("honoured", "")),
        ({"now": z("2027-06-10T09:59")}, ("pending", "")),
        ({"now": z("2027-06-10T10:00")}, ("honoured", "")),
        ({"given_up": "a review"}, ("broken", "given up: a review")),
        ({"given_up": "a review", "now": z("2027-06-10T06:00")}, ("broken", "given up: a review")),
        ({"call_outs": [z("2027-06-10T05:00")]}, ("broken", "called out at 07:00")),
        ({"call_outs": [z("2027-06-10T04:59")]}, ("honoured", "")),  # 06:59: that was the night
        ({"call_outs": [z("2027-06-10T10:00")]}, ("honoured", "")),  # noon: the rest is over
        (
            {"call_outs": [z("2027-06-10T08:00")], "began_at": z("2027-06-10T09:00")},
            ("honoured", ""),
        ),  # it made the rest
        ({"shifts": shift("06:00", "08:30")}, ("broken", "on shift 08:00 to 10:30")),
        ({"shifts": shift("03:00", "05:00")}, ("honoured", "")),  # to 07:00
        ({"shifts": shift("04:00", "05:02")}, ("honoured", "")),  # two minutes, in which they were let go
        ({"shifts": shift("04:00", "05:03")}, ("broken", "on shift 07:00 to 07:03")),
        ({"shifts": shift("09:00", "22:00")}, ("broken", "on shift 11:00 to 12:00")),
        ({"shifts": shift("09:00", "22:00"), "now": z("2027-06-10T08:00")}, ("pending", "")),  # not yet
        (
            {"shifts": shift("05:00", "07:30"), "known_at": z("2027-06-10T07:30")},
            ("broken", "on shift 07:00 to 09:30, before the call-out was known"),
        ),
        ({"known_at": z("2027-06-10T12:00")}, ("honoured", "known only when it was over")),
    ],
)
def test_a_rest_is_broken_by_giving_it_up_and_by_a_call_out_or_shift_from_seven_on(changes, expected):
    assert became(**changes) == Outcome(*expected)
