"""Quiet hours: when they are over, what waits for it, in every zone and through every change of clocks."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.paging.ladder import Rung
from oncall.paging.quiet import LOUD, Hours, hush, quiet_until

PARIS = Hours(time(22), time(7), "Europe/Paris")
ZONES = ["America/Santiago", "Europe/Paris", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
zones = st.sampled_from(ZONES)
minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
hours = st.builds(Hours, minutes, minutes, zones).filter(lambda h: h.starts != h.ends)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
channels = st.sampled_from(["sms", "voice", "email", "slack", "push"])
rungs = st.builds(Rung, st.integers(0, 3600).map(float), channels, st.just("c"), st.just("a"))
ladders = st.lists(rungs, min_size=1, max_size=6).map(lambda some: sorted(some, key=lambda rung: rung.after))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rung(after: float, channel: str) -> Rung:
    return Rung(after, channel, "c", "a")


@pytest.mark.parametrize(
    ("instant", "until"),
    [
        ("2027-01-15 20:59:59", None),  # 21:59:59 in Paris
        ("2027-01-15 21:00:00", "2027-01-16 06:00:00"),
        ("2027-01-16 02:10:00", "2027-01-16 06:00:00"),
        ("2027-01-16 05:59:59", "2027-01-16 06:00:00"),
        ("2027-01-16 06:00:00", None),  # half-open: at seven it is over
    ],
)
def test_hours_over_midnight_are_half_open(instant, until):
    assert quiet_until(at(instant), hours=PARIS) == (at(until) if until else None)


def test_hours_within_one_day_do_not_pass_midnight():
    siesta = Hours(time(13), time(15), "America/Santiago")  # UTC-3 in January
    assert quiet_until(at("2027-01-15 17:00"), hours=siesta) == at("2027-01-15 18:00")
    assert quiet_until(at("2027-01-15 18:00"), hours=siesta) is None


def test_morning_stays_at_seven_on_the_wall_in_the_night_clocks_change():
    assert quiet_until(at("2027-03-27 22:00"), hours=PARIS) == at("2027-03-28 05:00")  # forward: an hour less of quiet
    assert quiet_until(at("2027-10-30 22:00"), hours=PARIS) == at("2027-10-31 06:00")  # back: an hour more


def test_an_end_that_clocks_skip_is_the_next_instant_that_exists():
    until = Hours(time(22), time(2, 30), "Europe/Paris")  # 02:00-03:00 does not exist on 28 March 2027
    assert quiet_until(at("2027-03-28 00:30"), hours=until) == at("2027-03-28 01:00")


def test_an_end_that_comes_twice_is_its_first_occurrence():
    until = Hours(time(22), time(2, 30), "Europe/Paris")  # 02:30 comes at 00:30 and at 01:30 UTC on 31 October 2027
    assert quiet_until(at("2027-10-31 00:10"), hours=until) == at("2027-10-31 00:30")
    assert quiet_until(at("2027-10-31 00:45"), hours=until) is None


def test_a_zone_whose_clocks_skip_midnight_begins_its_quiet_at_the_change():
    midnight = Hours(time(0), time(7), "America/Santiago")  # 00:00-01:00 does not exist on 5 September 2027
    assert quiet_until(at("2027-09-05 03:59:59"), hours=midnight) is None
    assert quiet_until(at("2027-09-05 04:00:00"), hours=midnight) == at("2027-09-05 10:00")


def test_calls_and_texts_wait_until_morning_with_their_spacing_and_mail_goes_at_once():
    ladder = [rung(0, "email"), rung(0, "sms"), rung(60, "voice"), rung(180, "voice")]
    moved, until = hush(ladder, begins_at=at("2027-01-16 03:00"), hours=PARIS)  # 04:00 in Paris, three hours to go
    assert until == at("2027-01-16 06:00")
    assert [(one.channel, one.after, one.held) for one in moved] == [
        ("email", 0, False), ("sms", 10800, True), ("voice", 10860, True), ("voice", 10980, True),
    ]  # fmt: skip


def test_only_what_falls_into_quiet_hours_waits():
    ladder = [rung(0, "sms"), rung(60, "voice"), rung(180, "voice")]
    moved, until = hush(ladder, begins_at=at("2027-01-15 20:59:30"), hours=PARIS)  # 30 s before ten
    assert until == at("2027-01-16 06:00")
    assert [one.after for one in moved] == [0, 32430, 32550]  # 06:00:00 and, two minutes after it, 06:02:00 UTC


def test_a_page_by_day_is_left_as_it_is():
    ladder = [rung(0, "sms"), rung(60, "voice")]
    assert hush(ladder, begins_at=at("2027-01-16 12:00"), hours=PARIS) == (ladder, None)


@given(hours, instants)
def test_quiet_ends_later_and_at_an_instant_that_is_not_quiet(hours, instant):
    until = quiet_until(instant, hours=hours)
    if until is not None:
        assert instant < until <= instant + timedelta(hours=26)
        assert quiet_until(until, hours=hours) is None


@given(ladders, hours, instants)
def test_no_rung_is_lost_brought_forward_or_reordered_among_its_kind(ladder, hours, instant):
    moved, _ = hush(ladder, begins_at=instant, hours=hours)
    loud, quiet = ([one for one in moved if (one.channel in LOUD) is noise] for noise in (True, False))
    was_loud, was_quiet = ([one for one in ladder if (one.channel in LOUD) is noise] for noise in (True, False))
    assert quiet == was_quiet
    assert [one.channel for one in loud] == [one.channel for one in was_loud]
    assert all(now.after >= before.after for now, before in zip(loud, was_loud, strict=True))
    gaps = [b.after - a.after for a, b in zip(loud, loud[1:], strict=False)]
    was = [b.after - a.after for a, b in zip(was_loud, was_loud[1:], strict=False)]
    assert all(now >= before for now, before in zip(gaps, was, strict=True))  # no burst in the morning


@given(ladders, zones, instants)
def test_nothing_loud_leaves_in_quiet_hours(ladder, zone, instant):
    night = Hours(time(22), time(7), zone)
    moved, _ = hush(ladder, begins_at=instant, hours=night)
    for one in moved:
        if one.channel in LOUD:
            assert quiet_until(instant + timedelta(seconds=one.after), hours=night) is None
