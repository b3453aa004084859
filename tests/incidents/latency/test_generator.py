"""Generated nights: like real ones in number, the same for one seed, and taken by the reader of reports."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from statistics import mean, median

import pytest
from django.core.management import CommandError, call_command

from incidents.latency import demo_nights, reading, recording
from incidents.latency.generator import Plan, by_chance, generate
from rotations.night import sun

JUNE = sun.night(date(2026, 6, 14), latitude=-30.2446, longitude=-70.7494)
CUT = datetime(2026, 6, 15, 2, 10, tzinfo=UTC), datetime(2026, 6, 15, 4, 40, tzinfo=UTC)
READERS = {"visit": reading.read_visit, "delivery": reading.read_delivery, "next_visit": reading.read_next_visit}


class Summit:
    latitude, longitude = -30.2446, -70.7494


@pytest.fixture(scope="module")
def quiet():
    return generate(JUNE, seed=1)


@pytest.fixture(scope="module")
def cut():
    return generate(JUNE, seed=1, plan=Plan(cut=CUT))


def visits(night):
    return {one.body["visit_id"]: one for one in night if one.kind == "visit" and one.body["on_sky"]}


def deliveries(night):
    return {one.body["visit_id"]: one for one in night if one.kind == "delivery"}


def end(record):
    return datetime.fromisoformat(record.body["end_readout"])


def test_a_night_of_one_seed_is_always_the_same(quiet):
    assert generate(JUNE, seed=1) == quiet
    assert generate(JUNE, seed=2) != quiet


def test_a_long_night_has_the_numbers_of_the_survey(quiet):
    ends = sorted(map(end, visits(quiet).values()))
    sent = [one.body["sent"] for one in deliveries(quiet).values() if one.body["sent"]]

    assert 900 <= len(ends) <= 1065
    assert 36 <= median((later - earlier).total_seconds() for earlier, later in zip(ends, ends[1:], strict=False)) <= 38
    assert 9_000 <= mean(sent) <= 11_000


def test_every_record_is_taken_by_the_reader_of_reports(quiet, cut):
    for record in [*quiet, *cut]:
        if record.kind != "beat":
            READERS[record.kind](record.body, latest=record.at + timedelta(seconds=1))


def test_records_stand_as_they_arrive(quiet):
    assert [one.at for one in quiet] == sorted(one.at for one in quiet)


def test_no_visit_is_reported_before_it_is_there(quiet):
    assert all(one.at >= end(one) for one in quiet if one.kind == "visit")


def test_nothing_is_heard_while_the_link_is_cut_and_observing_goes_on(cut):
    heard = [one for one in cut if CUT[0] <= one.at < CUT[1]]

    assert {one.kind for one in heard} <= {"delivery"}  # of visits from before, from this side of the link
    assert len(heard) <= 3
    assert len([one for one in visits(cut).values() if CUT[0] <= end(one) < CUT[1]]) == 243


def test_what_the_cut_held_up_is_caught_up_in_the_morning_within_24_hours(cut):
    held_up = [id for id, one in visits(cut).items() if CUT[0] <= end(one) < CUT[1]]
    sent = deliveries(cut)

    assert {sent[id].body["sent_within_limit"] for id in held_up} == {0}
    assert all(sent[id].body["sent"] > 0 for id in held_up)
    for id in held_up:
        waited = datetime.fromisoformat(sent[id].body["first_sent_at"]) - end(visits(cut)[id])
        assert timedelta(hours=10) < waited < timedelta(hours=24)


def test_a_crash_ends_failed_at_its_stage():
    night = generate(JUNE, seed=3, plan=Plan(crash=CUT, crash_stage="isr"))
    hit = [id for id, one in visits(night).items() if CUT[0] <= end(one) < CUT[1]]
    found = Counter(
        (one.body["sent"], one.body["stage"], one.body["ended"])
        for id, one in deliveries(night).items()
        if id in hit and visits(night)[id].body["survey_block"] != "BLOCK-T539"
    )

    assert list(found) == [(0, "isr", "failed")]


def test_a_closed_dome_ends_observing_and_is_said(quiet):
    night = generate(JUNE, seed=1, plan=Plan(closed=CUT))

    assert [one for one in visits(night).values() if CUT[0] <= end(one) < CUT[1]] == []
    said = [one.body["dome_open"] for one in night if one.kind == "beat" and CUT[0] <= one.at < CUT[1]]
    assert set(said) == {False}
    assert len(said) == 150


def test_some_next_visits_are_never_taken(quiet):
    assert 4 <= len([one for one in quiet if one.kind == "next_visit" and "visit_id" not in one.body]) <= 12


def test_about_300_nights_of_a_year_are_observed():
    nights = [sun.night_at(date(2026, 1, 1) + timedelta(days=n), Summit()) for n in range(365)]

    observed = [by_chance(night, seed=int(sun.written(night.day_obs))) for night in nights]

    assert 300 <= len([plan for plan in observed if plan]) <= 350


def test_the_cut_of_the_demo_is_in_the_last_june_that_is_over():
    assert demo_nights.cut_of(date(2026, 11, 22)) == date(2026, 6, 14)
    assert demo_nights.cut_of(date(2026, 6, 16)) == date(2025, 6, 14)
    assert demo_nights.plan_of(date(2026, 6, 14), today=date(2026, 11, 22), night=JUNE) == Plan(cut=CUT)


def test_tonight_comes_as_it_goes_and_each_record_once(quiet):
    live = demo_nights.Live(Summit())
    dusk, later = datetime(2026, 6, 14, 23, 30, tzinfo=UTC), datetime(2026, 6, 14, 23, 35, tzinfo=UTC)

    first = live.due(dusk)
    second = live.due(later)

    assert max(one.at for one in first) <= dusk
    assert {one.kind for one in second} == {"visit", "delivery", "next_visit", "beat"}
    assert all(dusk < one.at <= later for one in second)
    assert [one.at.minute for one in second if one.kind == "beat"] == [34, 35]  # older ones would be lies
    assert live.due(later) == []


def test_the_past_year_leaves_out_what_is_done_and_what_is_still_coming():
    today = date(2026, 11, 22)

    days = list(demo_nights.past(today, done={date(2026, 11, 20)}))

    assert (days[0], days[-1], len(days)) == (date(2026, 11, 19), date(2025, 11, 21), 364)


@pytest.mark.django_db
def test_a_generated_night_is_a_file_that_can_be_read(capsys):
    span = "2026-06-15T02:10:00Z/2026-06-15T04:40:00Z"

    call_command("generate_night", "20260614", "--seed", "1", "--cut", span)

    assert list(recording.read(capsys.readouterr().out.splitlines())) == generate(JUNE, seed=1, plan=Plan(cut=CUT))


@pytest.mark.django_db
@pytest.mark.parametrize("args", [["2026"], ["20260614", "--cut", "now"], ["20260614", "--late", "x/y"]])
def test_a_night_that_cannot_be_generated_is_said(args):
    with pytest.raises(CommandError, match=r"YYYYMMDD|two instants"):
        call_command("generate_night", *args)
