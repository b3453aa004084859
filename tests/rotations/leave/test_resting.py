"""Rests are made, moved and withdrawn with the call-outs; what became of them. Rows R32, R33; domain.md 5.7, 5.8."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oncall.limits import queries as limits
from oncall.limits.models import Limit
from oncall.people.models import Team, WorkCalendar
from rotations.changes import services
from rotations.changes.models import Absence
from rotations.coverage.services import refresh_due
from rotations.leave import queries, resting
from rotations.leave import services as leave
from rotations.leave.models import CallOut, Rest
from rotations.schedule.models import Schedule
from rotations.schedule.services import Turns, create_rotation, create_schedule
from tests.rotations.conftest import BEFORE
from tests.rotations.leave.conftest import at
from tests.rotations.leave.resting_cast import (
    NIGHT,
    absences,
    call,
    hang_up,
    kept,
    make,
    on,
    rested,
    turns,
)

HOUR = timedelta(hours=1)

# Made, moved, withdrawn


def test_two_hours_from_0320_in_paris_give_the_morning_off_until_noon_and_an_absence_at_once(tell, lise, experts):
    tell(NIGHT)
    assert rested() == [("lise", at("04:20"), at("11:00"))]
    absence = Absence.objects.get()
    assert (absence.kind, absence.source, absence.by) == ("rest", "rest", None)
    assert absences() == [(at("04:20"), at("11:00"))]
    assert [on(experts, at(hour)) for hour in ("04:19", "04:20", "10:59", "11:00")] == [["lise"], [], [], ["lise"]]


def test_an_open_call_out_sends_nobody_to_rest(tell, experts):
    tell("02:20 page A, 02:25 acknowledge A")
    assert rested() == []
    assert on(experts, at("02:26")) == ["lise"]


def test_settling_again_touches_nothing(tell, lise, experts):
    tell(NIGHT)
    edition = Schedule.objects.get(pk=experts.pk).edition
    before = (Rest.objects.values().get(), Absence.objects.values().get())
    leave.settle(person=lise, now=at("05:00"))
    leave.settle(person=lise, now=at("12:00"))
    assert (Rest.objects.values().get(), Absence.objects.values().get()) == before
    assert Schedule.objects.get(pk=experts.pk).edition == edition


def test_a_second_call_out_of_the_night_moves_the_start_and_changes_nothing_that_was(tell, experts):
    tell(NIGHT)
    tell("05:00 page B, 05:01 acknowledge B, 05:30 resolve B")
    assert rested() == [("lise", at("05:30"), at("11:00"))]
    assert absences() == [(at("04:20"), at("05:01"))]  # at work again
    assert kept(at("05:30")) == 0  # it rang a moment ago, so it comes in a minute
    kept(at("05:31"))
    assert absences() == [(at("04:20"), at("05:01")), (at("05:31"), at("11:00"))]
    assert Rest.objects.get().call_out == CallOut.objects.get(starts_at=at("05:00"))
    assert Rest.objects.get().began_at == at("04:20")


def test_an_evening_gives_the_next_morning(tell, experts):
    tell("18:00 page A, 18:01 acknowledge A, 20:00 resolve A")  # 19:00 to 21:00 in Paris
    assert rested() == [("lise", at("23:00"), at("11:00") + timedelta(days=1))]
    assert on(experts, at("22:59")) == ["lise"]
    assert on(experts, at("23:00")) == []


def test_where_the_teams_hours_judge_the_morning_off_is_on_the_persons_own_clock(tell, lise, experts):
    Limit.objects.filter(name="out_of_hours_by_team").update(value=1)
    limits.forget()
    pacific = WorkCalendar.objects.create(
        name="Pacific", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17), time_zone="America/Los_Angeles"
    )
    Team.objects.create(name="Pacific", slug="pacific", calendar=pacific).members.add(lise)
    tell(NIGHT)
    assert rested() == [("lise", at("04:20"), at("11:00"))]
    assert CallOut.objects.get().rule["time_zone"] == "America/Los_Angeles"
    assert Rest.objects.get().time_zone == "Europe/Paris"


def test_working_hours_make_none(tell, experts):
    tell("09:00 page A, 09:01 acknowledge A, 10:00 resolve A")  # Thursday 10:00 to 11:00 in Paris
    assert rested() == []


def test_not_more_than_the_limit_makes_none(tell, experts):
    Limit.objects.filter(name="rest_over_s").update(value=7200)
    limits.forget()
    tell(NIGHT)
    assert rested() == []


def test_a_forgotten_call_out_sends_to_rest_a_minute_after_it_is_found(tell, lise, experts):
    tell("01:00 page A, 01:05 acknowledge A")
    found = CallOut.objects.get().lapses_at
    assert found is not None
    leave.close_forgotten(now=found)
    [(_, start, end)] = rested()
    assert start < found
    assert start == CallOut.objects.get().ends_at
    assert absences() == []  # nobody knows yet whether they are called again at once
    kept(found + timedelta(seconds=60))
    assert absences() == [(found + timedelta(seconds=60), end)]
    assert on(experts, found) == ["lise"]
    assert on(experts, found + timedelta(seconds=60)) == []


def test_one_that_is_over_when_it_is_found_is_only_recorded(tell, lise, experts):
    tell("01:00 page A, 01:05 acknowledge A")
    leave.settle(person=lise, now=at("23:00"))
    assert len(rested()) == 1
    assert (absences(), Rest.objects.get().next_due) == ([], None)


def test_a_resolve_that_is_undone_takes_the_rest_back_and_the_next_one_gives_it_again(tell, experts):
    tell(NIGHT)
    tell("04:30 undone A")
    assert rested() == []
    assert on(experts, at("04:31")) == ["lise"]
    tell("05:00 resolve A")
    assert rested() == [("lise", at("05:00"), at("11:00"))]
    kept(at("05:01"))
    assert absences() == [(at("04:20"), at("04:30")), (at("05:01"), at("11:00"))]
    assert Rest.objects.count() == 1  # the same morning


def test_a_correction_into_working_hours_takes_it_back_from_then_on(tell, lise, experts):
    tell("06:30 page A, 06:31 acknowledge A, 09:00 resolve A")  # 07:30 to 10:00 in Paris
    assert rested() == [("lise", at("09:00"), at("11:00"))]
    about: dict[str, Any] = {
        "starts_at": at("08:00"),
        "ends_at": at("09:00"),
        "now": at("10:00"),
    }
    leave.correct(call_out=CallOut.objects.get(), by=lise, reason="Only from nine.", **about)
    assert rested() == []
    assert absences() == [(at("09:00"), at("10:00"))]
    assert on(experts, at("10:00")) == ["lise"]


def test_a_correction_moves_it(tell, lise, experts):
    tell("19:00 page A, 19:01 acknowledge A, 20:00 resolve A")
    late: dict[str, Any] = {"starts_at": at("19:00"), "ends_at": at("23:30"), "reason": "Until half past midnight."}
    leave.correct(call_out=CallOut.objects.get(), by=lise, now=at("23:40"), **late)
    tomorrow = at("11:00") + timedelta(days=1)
    assert rested() == [("lise", at("23:30"), tomorrow)]
    assert absences() == [(at("23:00"), tomorrow)]  # it had begun, and what was stays


def test_one_that_somebody_else_ended_takes_off_call_a_minute_later(tell, experts):
    tell("02:20 page A, 02:25 acknowledge A, 04:20 over A")
    assert rested() == [("lise", at("04:20"), at("11:00"))]
    assert on(experts, at("04:21")) == ["lise"]
    assert kept(at("04:20")) == 0
    kept(at("04:21"))
    assert absences() == [(at("04:21"), at("11:00"))]


def test_while_a_page_calls_them_nobody_is_taken_off_call(tell, lise, experts):
    tell("02:20 page A, 02:25 acknowledge A")
    ringing = call(lise, at("04:19"))
    tell("04:20 resolve A")
    kept(at("04:21"))
    assert (absences(), len(rested())) == ([], 1)
    hang_up(ringing, at("04:22"))
    kept(at("04:27"))
    assert absences() == [(at("04:27"), at("11:00"))]


def test_a_page_that_calls_whoever_rests_puts_them_on_call_again_until_it_ends(tell, lise, experts):
    tell(NIGHT)
    kept(at("04:21"))
    ringing = call(lise, at("05:00"))
    assert kept(at("05:00")) == 1
    assert on(experts, at("05:00")) == ["lise"]
    hang_up(ringing, at("05:05"))
    kept(at("05:06"))
    assert absences() == [(at("04:20"), at("05:00")), (at("05:06"), at("11:00"))]


def test_whoever_snoozed_it_is_not_taken_off_call_until_that_is_over(tell, experts):
    tell("02:20 page A, 02:25 acknowledge A, 02:30 snoozed A")
    kept(at("02:35"))
    assert (absences(), on(experts, at("02:35"))) == ([], ["lise"])
    tell("03:00 over A")
    kept(at("03:00"))
    assert absences() == []
    kept(at("03:01"))
    assert absences() == [(at("03:01"), at("11:00"))]


# One's own triage shift


def test_pages_in_the_own_triage_shift_send_nobody_to_rest_but_earn(tell, lise, ada):
    make("Triage Europe", lise, ada, tier=1)
    tell("05:30 page A, 05:31 acknowledge A, 06:30 resolve A")
    assert rested() == []
    assert queries.balance(lise).credit_s == 5400


@pytest.mark.parametrize("tier", [2, 3, None])
def test_an_own_shift_of_another_tier_does(tell, lise, ada, tier):
    make("Europe", lise, ada, tier=tier)
    tell("05:30 page A, 05:31 acknowledge A, 06:30 resolve A")
    assert rested() == [("lise", at("06:30"), at("11:00"))]


def test_what_was_answered_in_the_own_triage_shift_sends_nobody_to_rest_though_it_rang_before(tell, lise, ada):
    early = Turns("Europe/Paris", "day", 1, date(2027, 3, 22), time(7))  # Thursday from 06:00 UTC is Lise's
    triage = create_schedule(name="Triage Europe", now=BEFORE, tier=1)
    people = [ada, ada, ada, lise]
    create_rotation(schedule=triage, role="primary", name="Early", turns=early, people=people, now=BEFORE)
    tell("05:58 page A, 06:05 acknowledge A, 06:40 resolve A")
    assert rested() == []
    tell("05:50 page B, 05:59 acknowledge B, 06:50 resolve B")
    assert rested() == [("lise", at("06:50"), at("11:00"))]


def test_a_page_after_the_own_triage_shift_was_given_away_does(tell, lise, ada):
    triage = make("Triage Europe", lise, ada, tier=1)
    span = {"starts_at": at("05:00"), "ends_at": at("08:00"), "reason": "", "by": ada, "now": at("01:00")}
    services.override(schedule=triage, role="primary", person=ada, replaces=lise, **span)
    tell("05:30 page A, 05:31 acknowledge A, 06:30 resolve A")
    assert rested() == [("lise", at("06:30"), at("11:00"))]


def test_what_was_the_own_triage_shift_stays_so_when_it_is_given_away_later(tell, lise, ada):
    triage = make("Triage Europe", lise, ada, tier=1)
    tell("05:30 page A, 05:31 acknowledge A, 06:30 resolve A")
    refresh_due(now=at("06:31"))
    span = {"starts_at": at("05:00"), "ends_at": at("12:00"), "reason": "", "by": ada, "now": at("07:00")}
    services.override(schedule=triage, role="primary", person=ada, replaces=lise, **span)
    refresh_due(now=at("07:01"))
    leave.settle(person=lise, now=at("08:00"))
    assert rested() == []


def test_a_shadow_of_triage_has_no_own_shift(tell, lise, ada):
    triage = make("Triage Europe", ada, tier=1)
    create_rotation(schedule=triage, role="shadow", name="New", turns=turns(), people=[lise], now=BEFORE)
    tell("05:30 page A, 05:31 acknowledge A, 06:30 resolve A")
    assert len(rested()) == 1


# What became of it


def test_a_rest_without_work_is_honoured_and_one_with_a_call_out_broken(tell, lise, experts):
    tell(NIGHT)
    refresh_due(now=at("04:21"))
    assert [one.outcome.state for one in resting.rests_of(lise, at("00:00"), at("23:00"), now=at("12:00"))] == [
        "honoured"
    ]
    tell("06:10 page B, 06:11 acknowledge B, 07:00 resolve B")  # 07:10 in Paris
    [line] = resting.rests_of(lise, at("00:00"), at("23:00"), now=at("12:00"))
    assert (line.outcome.state, line.outcome.why) == ("broken", "called out at 07:10")


def test_a_pause_that_is_taken_out_of_a_call_out_breaks_nothing(tell, lise):
    tell("05:00 page A, 05:01 acknowledge A, 09:00 resolve A")  # 06:00 to 10:00 in Paris
    leave.split(
        call_out=CallOut.objects.get(),
        by=lise,
        pause_starts_at=at("06:30"),
        pause_ends_at=at("07:30"),
        reason="Breakfast.",
        now=at("09:30"),
    )
    [line] = resting.rests_of(lise, at("00:00"), at("23:00"), now=at("12:00"))
    assert (line.outcome.state, line.outcome.why) == ("honoured", "")


def test_a_shift_held_because_it_was_known_too_late_breaks_it(tell, lise, experts):
    refresh_due(now=at("00:30"))
    tell("01:00 page A, 01:05 acknowledge A")
    leave.settle(person=lise, now=at("23:00"))
    [line] = resting.rests_of(lise, at("00:00"), at("23:00"), now=at("23:00"))
    assert line.outcome.state == "broken"
    assert line.outcome.why == "on shift 07:00 to 12:00, before the call-out was known"


def test_what_became_of_many_costs_two_queries(tell, lise, experts):
    tell(NIGHT)
    tell("18:00 page B, 18:01 acknowledge B, 20:00 resolve B")
    rests = list(Rest.objects.select_related("person"))
    assert len(rests) == 2
    with CaptureQueriesContext(connection) as asked:
        resting.lines(rests, now=at("23:00"))
    assert len(asked) == 2
