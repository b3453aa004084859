"""Spans of visits that were not in time."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from incidents.latency.budget import Counts
from incidents.latency.outages import Outage, Seen, outages, within

BEGIN = datetime(2027, 6, 21, 2, 10, tzinfo=UTC)
CADENCE = timedelta(seconds=37)
WORDS = {"g": "in_time", "d": "delayed", "f": "failed", "p": "pending", "u": "unknown"}


def night(letters: str) -> list[Seen]:
    """One visit each 37 s from 02:10: g in time, d delayed, f failed, p pending, u unknown; a dot: none taken."""
    return [
        Seen(2027062000001 + n, BEGIN + n * CADENCE, WORDS[letter]) for n, letter in enumerate(letters) if letter != "."
    ]


def spans(seen: list[Seen], **said) -> list[tuple[int, int, int]]:
    """Return (first, last, not in time) of each outage, with visits counted from 1."""
    found = outages(seen, ends_after=5, gap=timedelta(hours=1), cadence=CADENCE, **said)
    return [(one.first - 2027062000000, one.last - 2027062000000, one.visits) for one in found]


def test_a_night_in_time_has_none():
    assert spans(night("ggggggg")) == []
    assert spans([]) == []


def test_it_lasts_from_the_first_lost_visit_until_one_cadence_after_the_last():
    (cut,) = outages(night("g" + "f" * 243 + "ggggg"), ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)

    assert cut == Outage(
        starts_at=datetime(2027, 6, 21, 2, 10, 37, tzinfo=UTC),
        ends_at=datetime(2027, 6, 21, 4, 40, 28, tzinfo=UTC),
        first=2027062000002,
        last=2027062000244,
        counts=Counts(failed=243),
        goes_on=False,
    )


def test_four_visits_in_time_do_not_end_it_and_five_do():
    assert spans(night("dggggd" + "ggggg" + "d")) == [(1, 6, 2), (12, 12, 1)]


def test_visits_in_time_between_are_counted_apart():
    (one,) = outages(night("dgfgp" + "ggggg"), ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)

    assert one.counts == Counts(in_time=2, delayed=1, failed=1, pending=1)
    assert one.visits == 3


def test_a_pause_of_more_than_an_hour_parts_two():
    assert spans(night("ff" + "." * 97 + "ff")) == [(1, 2, 2), (100, 101, 2)]
    assert spans(night("ff" + "." * 96 + "ff")) == [(1, 100, 4)]


def test_the_last_of_the_night_goes_on_until_five_visits_in_time():
    found = outages(night("dggggg" + "ddgggg"), ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)

    assert [one.goes_on for one in found] == [False, True]


def test_at_worst_what_is_pending_fails_and_what_is_unknown_costs_nothing():
    (one,) = outages(night("dppuf"), ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)

    assert one.at_worst == Counts(delayed=1, failed=3)


def test_what_has_an_instant_in_common_with_a_span():
    found = outages(night("dd" + "ggggg" + "dd"), ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)
    end_of_first = BEGIN + timedelta(seconds=74)

    assert within(found, end_of_first, end_of_first + timedelta(minutes=1)) == []
    assert within(found, end_of_first - timedelta(seconds=1), end_of_first) == found[:1]


nights = st.text("gdfpu.", max_size=60).map(night)


@given(nights, st.randoms(use_true_random=False))
def test_order_and_doubles_do_not_matter(seen, chance: random.Random):
    shuffled = [*seen, *seen]
    chance.shuffle(shuffled)

    assert spans(shuffled) == spans(seen)


@given(nights)
def test_every_visit_not_in_time_lies_in_exactly_one_outage(seen):
    found = outages(seen, ends_after=5, gap=timedelta(hours=1), cadence=CADENCE)

    assert sum(one.visits for one in found) == sum(one.verdict != "in_time" for one in seen)
    assert all(one.ends_at <= other.starts_at for one, other in zip(found, found[1:], strict=False))
