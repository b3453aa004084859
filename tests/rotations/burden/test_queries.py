"""One number per person from stored rows, the resolver, call-outs and pages."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oncall.limits.services import set_limit
from oncall.people.models import HoursTerm
from rotations.burden.burden import Load
from rotations.burden.queries import burdens, rota_weights
from rotations.coverage.quality_queries import TooLong
from rotations.schedule import services
from rotations.schedule.models import Role, Schedule
from rotations.schedule.services import Place, Turns
from tests.rotations.burden.conftest import at

NOW = at("2027-03-23T03:10")
H, DAY = timedelta(hours=1), timedelta(days=1)
WEEK = at("2027-03-01T17:00")  # Ada's first: 09:00 in California, in winter


def burden_of(person, start: datetime, end: datetime, now: datetime = NOW):
    return burdens([person], start=start, end=end, now=now)[person.pk]


def test_a_week_on_call_is_seventeen_and_a_half(schedule, ada):
    found = burden_of(ada, WEEK, WEEK + 7 * DAY)
    assert found.load == Load(night=49 * H, weekend=34 * H, plain=85 * H)
    assert found.number == Fraction("17.45")


def test_what_is_to_come_is_what_the_resolver_says(schedule, grace):
    """Grace's next week begins on 29 March, 16:00 UTC."""
    assert burden_of(grace, NOW, at("2027-04-05T16:00")).load.on_call == 168 * H


def test_the_same_hours_of_two_schedules_count_once(schedule, ada, turns):
    other = services.create_schedule(name="Experts", tier=2, now=at("2027-02-01T00:00"))
    services.create_rotation(
        schedule=other, role="primary", name="Experts", turns=turns, people=[ada], now=at("2027-02-01T00:00")
    )
    assert burden_of(ada, WEEK, WEEK + 7 * DAY).load.on_call == 168 * H


@pytest.mark.parametrize(
    ("tier", "needs", "waited"),
    [(None, "nobody", 0 * H), (3, "nobody", 168 * H), (None, "night", 168 * H), (None, "always", 168 * H)],
)
def test_a_duty_that_pages_nobody_is_no_burden(schedule, ada, tier, needs, waited):
    Schedule.objects.filter(pk=schedule.pk).update(tier=tier, needs=needs)
    assert burden_of(ada, WEEK, WEEK + 7 * DAY).load.on_call == waited


def test_turns_of_a_duty_that_pages_nobody_are_no_weight_in_the_rota(schedule, ada, lise, turns):
    Schedule.objects.filter(pk=schedule.pk).update(tier=None)
    watched = services.create_schedule(name="Experts", tier=2, now=at("2027-02-01T00:00"))
    services.create_rotation(
        schedule=watched, role="primary", name="Experts", turns=turns, people=[lise], now=at("2027-02-01T00:00")
    )
    assert rota_weights([ada, lise], since=NOW) == {lise.pk: 1}


def test_a_shadow_carries_nothing(schedule, lise, turns):
    services.create_rotation(
        schedule=schedule, role=Role.SHADOW, name="Learners", turns=turns, people=[lise], now=at("2027-02-01T00:00")
    )
    assert burden_of(lise, WEEK, WEEK + 7 * DAY).number == 0


def test_a_call_out_at_night_in_paris_weighs_its_hours_and_its_page(lise, paged, called_out):
    """03:20 to 05:20 in Paris, out of hours."""
    start = at("2027-03-18T02:20")
    paged(lise, ("sms", start), ("voice", start + timedelta(minutes=1)))
    called_out(lise, start, start + 2 * H)
    found = burden_of(lise, at("2027-03-01T00:00"), NOW)
    assert (found.load.out_of_hours, found.load.in_hours, found.load.asleep) == (2 * H, timedelta(), 1)
    assert found.number == 4


def test_a_call_out_across_nine_oclock_is_cut_by_the_own_calendar(lise, called_out):
    """08:30 to 10:00 in Paris on a Thursday: half an hour outside, an hour inside."""
    called_out(lise, at("2027-03-18T07:30"), at("2027-03-18T09:00"))
    load = burden_of(lise, at("2027-03-01T00:00"), NOW).load
    assert (load.out_of_hours, load.in_hours) == (0.5 * H, 1 * H)


def test_an_open_call_out_counts_up_to_now(lise, called_out):
    called_out(lise, NOW - H, None)
    assert burden_of(lise, NOW - DAY, NOW + DAY).load.out_of_hours == H


def test_adjoining_spans_add_up(schedule, ada, paged, called_out):
    cut = at("2027-03-04T10:00")
    paged(ada, ("voice", cut - timedelta(minutes=1)), ("voice", cut + timedelta(minutes=1)))
    called_out(ada, cut - H, cut + H)
    parts = [burden_of(ada, WEEK, cut), burden_of(ada, cut, WEEK + 7 * DAY)]
    whole = burden_of(ada, WEEK, WEEK + 7 * DAY)
    assert parts[0].load + parts[1].load == whole.load
    assert (whole.load.asleep, whole.load.out_of_hours) == (1, 2 * H)


@pytest.mark.parametrize("channel", ["email", "slack", "push", "null"])
def test_what_makes_no_noise_wakes_nobody(lise, paged, channel):
    paged(lise, (channel, at("2027-03-18T02:20")))
    assert burden_of(lise, at("2027-03-01T00:00"), NOW).load.asleep == 0


def test_a_page_is_judged_by_the_clock_of_a_stay(lise, paged):
    """02:20 UTC is night in Paris, and 19:20 the day before in California, where she is until the 20th."""
    HoursTerm.objects.create(
        person=lise,
        starts_at=at("2027-03-10T00:00"),
        ends_at=at("2027-03-20T00:00"),
        time_zone="America/Los_Angeles",
        country="US",
        created_at=at("2027-03-09T00:00"),
    )
    paged(lise, ("sms", at("2027-03-18T02:20")))
    paged(lise, ("sms", at("2027-03-21T02:20")))
    assert burden_of(lise, at("2027-03-01T00:00"), NOW).load.asleep == 1


def test_the_newest_lasting_hours_hold_after_a_stay(lise, paged):
    for start, end, zone in (
        ("1990-01-01T00:00", None, "Europe/Paris"),
        ("2027-03-05T00:00", None, "America/Los_Angeles"),
        ("2027-03-10T00:00", "2027-03-12T00:00", "Europe/Paris"),
    ):
        HoursTerm.objects.create(
            person=lise,
            starts_at=at(start),
            ends_at=at(end) if end else None,
            time_zone=zone,
            created_at=at("2027-03-01T00:00"),
        )
    for day in ("04", "06", "11", "13"):  # Paris, California, Paris, California
        paged(lise, ("sms", at(f"2027-03-{day}T02:20")))
    assert burden_of(lise, at("2027-03-01T00:00"), NOW).load.asleep == 2


def test_the_weights_are_those_at_the_end_of_the_span(schedule, ada):
    set_limit(name="burden_night", value=Decimal("0.4"), effective_from=WEEK + 7 * DAY)
    before, after = burden_of(ada, WEEK, WEEK + 6 * DAY), burden_of(ada, WEEK + DAY, WEEK + 7 * DAY)
    assert (before.weights.night, after.weights.night) == (Decimal("0.2"), Decimal("0.4"))


def test_the_weight_of_a_person_is_their_highest_in_any_order(schedule, ada, grace, lise, manager, turns):
    other = services.create_schedule(name="Experts", tier=2, now=at("2027-02-01T00:00"))
    services.create_rotation(
        schedule=other,
        role="primary",
        name="Experts",
        turns=turns,
        people=[Place(ada, 3), Place(grace, 1)],
        now=at("2027-02-01T00:00"),
    )
    people = [ada, grace, lise, manager]
    assert rota_weights(people, since=NOW) == {ada.pk: 3, grace.pk: 1, lise.pk: 1}
    assert rota_weights(people, since=NOW, schedule=schedule) == {ada.pk: 1, grace.pk: 1, lise.pk: 1}


def test_the_number_of_queries_does_not_grow_with_people_or_schedules(schedule, ada, grace, lise, paged, called_out):
    def many(people) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            burdens(people, start=NOW - 90 * DAY, end=NOW + DAY, now=NOW)
        return len(seen)

    for one in (ada, lise):
        called_out(one, NOW - 5 * H, NOW - 4 * H)
        HoursTerm.objects.create(
            person=one, starts_at=at("1990-01-01T00:00"), time_zone=one.time_zone, created_at=NOW - 99 * DAY
        )
    few = many([ada])
    for name in ("One", "Two", "Three"):
        other = services.create_schedule(name=name, tier=2, now=at("2027-02-01T00:00"))
        turns = Turns("Europe/Paris", "day", 1, date(2027, 3, 1), time(9))
        services.create_rotation(
            schedule=other, role="primary", name=name, turns=turns, people=[lise, grace], now=at("2027-02-01T00:00")
        )
        paged(lise, ("sms", NOW - 5 * H))
    called_out(grace, NOW - 5 * H, NOW - 4 * H)
    assert many([ada, grace, lise]) == few <= 14


def test_more_than_400_days_are_refused(ada):
    with pytest.raises(TooLong, match=r"^That is 401 days\. Choose 400 days at most\.$"):
        burden_of(ada, NOW - 401 * DAY, NOW)


def test_a_span_of_no_length_is_refused(ada):
    with pytest.raises(ValueError, match=r"^The end is not after the start\. Choose a later end\.$"):
        burden_of(ada, NOW, NOW)
