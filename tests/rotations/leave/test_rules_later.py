"""Hours that begin within a call-out count from their instant, and what was known of its days stays."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oncall.people import hours
from oncall.people.holidays import Place
from oncall.people.models import HoursTerm, WorkCalendar
from rotations.leave import queries, recompute, reconciling, rules, services, taking
from rotations.leave.models import CallOut, LedgerEntry
from rotations.leave.spans import Kind
from tests.rotations.leave.conftest import at
from tests.rotations.leave.test_rules import DEFAULT, OLD, limit

LOS_ANGELES = {"time_zone": "America/Los_Angeles", "country": "US", "subdivision": ""}


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def term(person, since: datetime, until: datetime | None = None, **fields) -> HoursTerm:
    said = {"time_zone": "Europe/Paris", "country": "FR"} | fields
    return HoursTerm.objects.create(
        person=person, starts_at=since, ends_at=until, created_at=at("00:00"), reason="", **said
    )


@pytest.fixture
def journey(lise):
    """In Los Angeles from 07:00 UTC on Wednesday 2 June 2027, which is midnight there and 09:00 in Paris."""
    return hours.add_term(
        person=lise,
        starts_at=z("2027-06-02T07:00:00"),
        ends_at=z("2027-06-10T07:00:00"),
        calendar=None,
        reason="A journey.",
        by=lise,
        now=z("2027-05-01T00:00:00"),
        **LOS_ANGELES,
    )


def called(person, start: str, end: str) -> CallOut:
    acts: list[tuple[str, Kind]] = [(start, "page"), (start, "acknowledge"), (end, "resolve")]
    for when, kind in acts:
        services.record(person=person, at=z(when), kind=kind, subject="alarm:J", text="", url="", now=z(when))
    return CallOut.objects.live().get()


def test_who_arrives_within_a_call_out_is_judged_by_the_hours_there_from_then_on(journey, lise):
    found = called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    entry = LedgerEntry.objects.get()
    # in Paris from 07:00 until 09:00, in Los Angeles from 00:00 to 05:00
    assert (entry.out_of_hours_s, entry.credit_s) == (7 * 3600, 37800)
    assert entry.rule == (
        "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR), from 2027-06-02"
        " 07:00 UTC outside Default (Mon to Fri 09:00-17:00 America/Los_Angeles, public holidays US), numbers as when"
        " it began, rule 1"
    )
    assert (found.rule["time_zone"], [part["from"] for part in found.rule["later"]]) == (
        "Europe/Paris",
        ["2027-06-02T07:00:00Z"],
    )


def test_the_books_agree_on_a_call_out_with_a_journey_in_it(journey, lise):
    called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    assert LedgerEntry.objects.exists()
    assert reconciling.check(now=z("2027-06-03T00:00:00")) == []


def test_part_time_that_begins_at_midnight_makes_the_rest_of_the_call_out_a_day_off(lise):
    mondays = WorkCalendar.objects.create(name="Mondays", work_days=[1], starts=time(9), ends=time(17))
    term(lise, at("11:00"), calendar=mondays)  # 12:00 in Paris, on a Thursday
    services.add(person=lise, by=lise, starts_at=at("09:00"), ends_at=at("13:00"), reason="Telephone.", now=at("14:00"))
    entry = LedgerEntry.objects.get()
    assert entry.out_of_hours_s == 2 * 3600
    assert [piece["kind"] for piece in entry.slices] == ["work", "day off"]


def test_hours_that_are_the_same_are_not_said_twice(lise):
    term(lise, at("03:00"), time_zone="Europe/Paris")
    assert "later" not in rules.rule_for(lise, at("02:00"), at("04:00"))


def test_limits_of_a_call_out_are_those_of_its_start_also_after_a_journey(journey, lise):
    limit("credit_multiplier", 2, z("2027-06-02T06:00:00"))
    called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    assert LedgerEntry.objects.get().credit_s == 37800  # 7 h at 1.5


def test_a_rule_that_was_kept_before_this_was_known_still_earns_and_is_said(db):
    assert rules.earn(OLD, at("02:20"), at("02:23")).credit_s == 270
    assert rules.in_words(OLD) == DEFAULT


# --- what was known stays


def corrected(call_out: CallOut, start: str, end: str) -> CallOut:
    return services.correct(
        call_out=call_out,
        by=call_out.person,
        starts_at=z(start),
        ends_at=z(end),
        reason="Looked again.",
        now=z("2027-06-03T12:00:00"),
    )


def test_a_call_out_made_longer_into_a_journey_takes_its_hours_there(journey, lise):
    found = called(lise, "2027-06-02T05:00:00", "2027-06-02T06:00:00")
    assert "later" not in found.rule
    found = corrected(found, "2027-06-02T05:00:00", "2027-06-02T08:00:00")
    assert [part["time_zone"] for part in found.rule["later"]] == ["America/Los_Angeles"]


def test_a_call_out_that_now_begins_after_the_arrival_has_the_hours_there_alone(journey, lise):
    found = called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    found = corrected(found, "2027-06-02T08:00:00", "2027-06-02T12:00:00")
    assert (found.rule["time_zone"], "later" in found.rule) == ("America/Los_Angeles", False)


def test_a_journey_that_is_entered_afterwards_changes_no_hours_that_were_known(lise):
    found = called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    before = found.rule
    term(lise, z("2027-06-02T07:00:00"), z("2027-06-10T07:00:00"), **LOS_ANGELES)
    found = corrected(found, "2027-06-02T05:00:00", "2027-06-02T13:00:00")
    assert "later" not in found.rule
    assert {**found.rule, "span": None} == {**before, "span": None}


def test_a_recomputation_takes_a_journey_that_was_entered_afterwards(lise):
    called(lise, "2027-06-02T05:00:00", "2027-06-02T12:00:00")
    assert LedgerEntry.objects.get().out_of_hours_s == 2 * 3600
    term(lise, z("2027-06-02T07:00:00"), z("2027-06-10T07:00:00"), **LOS_ANGELES)
    june: dict[str, Any] = {
        "since": z("2027-06-01T00:00:00"),
        "until": z("2027-07-01T00:00:00"),
        "now": z("2027-07-01T00:00:00"),
    }
    changes = recompute.recompute(by=None, reason="In Los Angeles.", **june)
    assert [change.out_of_hours_s for change in changes] == [5 * 3600]
    assert recompute.recompute(by=None, reason="Again.", **june) == []


@pytest.fixture
def another_library(monkeypatch):
    """A release of the library in which Thursday 25 March 2027 is a holiday, and Whit Monday is none."""

    def between(place: Place, first: date, last: date) -> dict[date, str]:
        found = {date(2027, 3, 25): "Invented", date(2027, 5, 6): "Ascension"}
        return {day: name for day, name in found.items() if first <= day <= last}

    def install() -> None:
        monkeypatch.setattr(Place, "between", between)

    return install


def test_a_new_release_of_the_library_rates_no_kept_call_out_anew(lise, tell, another_library):
    tell("10:00 page A, 10:05 acknowledge A, 11:00 resolve A")  # at work, on a Thursday
    year: dict[str, Any] = {
        "since": z("2027-01-01T00:00:00"),
        "until": z("2028-01-01T00:00:00"),
        "now": z("2027-07-01T00:00:00"),
    }
    whit = {"starts_at": z("2027-05-17T08:00:00"), "ends_at": z("2027-05-17T10:00:00")}
    services.add(person=lise, by=lise, reason="Telephone.", now=z("2027-05-18T08:00:00"), **whit)
    before = [queries.credit_of(one, now=year["now"]).out_of_hours_s for one in CallOut.objects.all()]
    another_library()
    after = [queries.credit_of(one, now=year["now"]).out_of_hours_s for one in CallOut.objects.all()]
    assert sorted(before) == sorted(after) == [0, 7200]
    assert recompute.recompute(by=None, reason="Nothing changed.", **year) == []


def test_a_rule_without_kept_holidays_asks_the_library(db, another_library):
    another_library()
    assert rules.earn(OLD, at("10:00"), at("11:00")).out_of_hours_s == 3600


def test_the_holidays_of_a_call_outs_days_are_kept_with_their_names(lise):
    kept = rules.rule_for(lise, z("2027-05-17T08:00:00"), z("2027-05-17T10:00:00"))["holidays"]
    assert kept == {"2027-05-16": "", "2027-05-17": "Pentecost Monday", "2027-05-18": ""}


# --- leave taken and leave earned

DURING = st.integers(0, 20 * 86400)  # seconds from 25 May 2027
LENGTHS = st.integers(1, 6 * 86400)


@pytest.fixture
def restless(lise, journey):
    """To Los Angeles on 2 June, part time from 3 June, 14:00 UTC, in Santiago until midnight from 11 June, 05:30:07."""
    part_time = WorkCalendar.objects.create(name="Mon to Wed", work_days=[1, 2, 3], starts=time(9), ends=time(17))
    late = WorkCalendar.objects.create(name="Late", work_days=[1, 2, 3, 4, 5], starts=time(16), ends=time(0))
    term(lise, z("2027-06-03T14:00:00"), calendar=part_time)
    term(lise, z("2027-06-11T05:30:07"), calendar=late, time_zone="America/Santiago", country="CL")
    return lise


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(after=DURING, length=LENGTHS)
def test_each_second_is_either_taken_by_leave_or_out_of_hours_and_never_both(restless, after, length):
    start = z("2027-05-25T00:00:00") + timedelta(seconds=after)
    end = start + timedelta(seconds=length)
    taken = sum(piece.seconds for piece in taking.slices_of(restless, start, end))
    worked = rules.earn(rules.rule_for(restless, start, end), start, end).out_of_hours_s
    assert taken + worked == length


def test_leave_is_taken_by_the_calendar_of_the_team_where_that_judges_call_outs(lise, manager):
    limit("out_of_hours_by_team", 1)
    team = lise.teams.get()
    team.calendar = WorkCalendar.objects.create(
        name="Mornings", work_days=[4], starts=time(8), ends=time(10), time_zone="UTC"
    )
    team.save()
    assert sum(piece.seconds for piece in taking.slices_of(lise, at("00:00"), at("23:00"))) == 2 * 3600
