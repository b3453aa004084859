from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from rotations.changes import services as changes
from rotations.coverage import queries
from rotations.coverage.services import refresh_due
from rotations.night.models import Window
from rotations.schedule import services
from rotations.schedule.services import Layer, Turns

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
BEFORE = datetime(2027, 2, 1, tzinfo=UTC)


def z(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def dentist(schedule, grace):
    return changes.override(
        schedule=schedule,
        role="primary",
        person=grace,
        starts_at=z("2027-03-23T20:00"),
        ends_at=z("2027-03-23T23:00"),
        reason="dentist",
        by=grace,
        now=NOW,
    )


def test_who_is_on_call_since_when_until_when_and_why(schedule, ada):
    (duty,) = queries.on_call(schedule=schedule, at=NOW)
    assert (duty.person, duty.role) == (ada, "primary")
    assert (duty.since, duty.until) == (z("2027-03-22T16:00"), z("2027-03-29T16:00"))
    assert duty.why == "1st of 3 in Triage West, week from Mon 22 Mar"


def test_an_override_says_so_and_the_shift_resumes_after_it(schedule, ada, grace, dentist):
    (over,) = queries.on_call(schedule=schedule, at=z("2027-03-23T20:00"))
    assert (over.person, over.why) == (grace, "override by Grace Hopper: dentist")
    (after,) = queries.on_call(schedule=schedule, at=z("2027-03-23T23:00"))
    assert (after.person, after.since) == (ada, z("2027-03-23T23:00"))


def test_somebody_who_left_is_not_on_call(schedule, ada):
    ada.is_active = False
    ada.save()
    assert queries.on_call(schedule=schedule, at=NOW) == []


def test_a_role_that_nobody_holds_answers_nobody(schedule):
    assert queries.on_call(schedule=schedule, at=NOW, role="secondary") == []


def test_before_the_first_handoff_nobody_is_on_and_the_first_is_next(schedule, ada):
    before = z("2027-02-01T00:00")
    assert queries.on_call(schedule=schedule, at=before) == []
    duty = queries.next_on_call(schedule=schedule, at=before)
    assert duty is not None
    assert (duty.person, duty.since) == (ada, z("2027-03-01T17:00"))


def test_next_is_whoever_follows_the_one_on_call(schedule, grace):
    duty = queries.next_on_call(schedule=schedule, at=NOW)
    assert duty is not None
    assert (duty.person, duty.since, duty.until) == (grace, z("2027-03-29T16:00"), z("2027-04-05T16:00"))


def test_next_may_be_an_override(schedule, grace, dentist):
    duty = queries.next_on_call(schedule=schedule, at=NOW)
    assert duty is not None
    assert (duty.person, duty.since) == (grace, z("2027-03-23T20:00"))


def test_next_passes_over_who_has_left(schedule, grace, lise):
    grace.is_active = False
    grace.save()
    duty = queries.next_on_call(schedule=schedule, at=NOW)
    assert duty is not None
    assert (duty.person, duty.since) == (lise, z("2027-04-05T16:00"))


def test_alone_in_the_order_nobody_is_next(schedule, ada):
    services.set_participants(rotation=schedule.rotations.get(), people=[ada], now=NOW)
    assert queries.next_on_call(schedule=schedule, at=NOW) is None


def test_shifts_are_whole_and_in_order_with_overrides_applied(schedule, ada, grace, dentist):
    found = queries.shifts(schedule=schedule, start=z("2027-03-23T21:00"), end=z("2027-03-29T16:00:01"))
    assert [(shift.person, shift.starts_at, shift.ends_at) for shift in found] == [
        (grace, z("2027-03-23T20:00"), z("2027-03-23T23:00")),
        (ada, z("2027-03-23T23:00"), z("2027-03-29T16:00")),
        (grace, z("2027-03-29T16:00"), z("2027-04-05T16:00")),
    ]


def test_a_shift_keeps_its_id_whatever_is_asked_and_cut_pieces_have_their_own(schedule, dentist):
    week = queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=7))
    month = queries.shifts(schedule=schedule, start=NOW - timedelta(days=10), end=NOW + timedelta(days=20))
    assert len({shift.id for shift in month}) == len(month)
    assert {shift.id for shift in week} <= {shift.id for shift in month}


def test_list_and_instant_give_the_same_answer(schedule, dentist):
    found = queries.shifts(schedule=schedule, start=z("2027-02-27T00:00"), end=z("2027-04-20T00:00"))
    for hours in range(0, 52 * 24, 5):
        at = z("2027-02-27T00:00") + timedelta(hours=hours)
        listed = [shift.person for shift in found if shift.starts_at <= at < shift.ends_at]
        assert [duty.person for duty in queries.on_call(schedule=schedule, at=at)] == listed


def test_every_schedule_and_role_is_answered_also_when_nobody_is_on(schedule, ada, grace):
    later = Turns("UTC", "day", 1, date(2028, 1, 1), time(8))
    services.create_rotation(schedule=schedule, role="shadow", name="Learners", turns=later, people=[grace], now=NOW)
    services.create_schedule(name="Empty", now=NOW)
    found = queries.everyone_on_call(at=NOW)
    assert [
        (one.schedule.name, [(role.role, [duty.person for duty in role.people]) for role in one.roles]) for one in found
    ] == [("Empty", []), ("Triage", [("primary", [ada]), ("shadow", [])])]


@pytest.mark.usefixtures("dentist")
def test_an_override_covers_one_role_of_one_schedule(schedule, turns, grace, lise):
    services.create_rotation(schedule=schedule, role="secondary", name="Backup", turns=turns, people=[lise], now=NOW)
    other = services.create_schedule(name="Tier 2", now=NOW)
    services.create_rotation(schedule=other, role="primary", name="Tier 2", turns=turns, people=[lise], now=NOW)
    at = z("2027-03-23T21:00")
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=at)] == [grace]
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=at, role="secondary")] == [lise]
    assert [duty.person for duty in queries.on_call(schedule=other, at=at)] == [lise]


@pytest.mark.usefixtures("dentist")
@pytest.mark.parametrize("schedules", [1, 5])
def test_questions_cost_a_constant_number_of_queries(schedule, turns, grace, schedules, django_assert_max_num_queries):
    for number in range(schedules):
        extra = services.create_schedule(name=f"Extra {number}", now=NOW)
        services.create_rotation(schedule=extra, role="primary", name="x", turns=turns, people=[grace], now=NOW)
    with django_assert_max_num_queries(8):
        queries.on_call(schedule=schedule, at=NOW)
    with django_assert_max_num_queries(8):
        queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=365))
    with django_assert_max_num_queries(8):
        queries.everyone_on_call(at=NOW)
    with django_assert_max_num_queries(16):  # who is alone has nobody next for long
        queries.ahead(at=NOW, until=NOW + timedelta(days=7))


@pytest.mark.parametrize("schedules", [1, 5])
def test_stored_shifts_answer_in_one_query(schedule, turns, grace, schedules, django_assert_num_queries):
    for number in range(schedules):
        extra = services.create_schedule(name=f"Extra {number}", now=NOW)
        services.create_rotation(schedule=extra, role="primary", name="x", turns=turns, people=[grace], now=NOW)
    refresh_due(now=NOW)
    with django_assert_num_queries(1):
        queries.on_call(schedule=schedule, at=NOW)
    with django_assert_num_queries(2):
        queries.shifts(schedule=schedule, start=NOW, end=NOW + timedelta(days=300))
    with django_assert_num_queries(3):
        queries.everyone_on_call(at=NOW)
    with django_assert_num_queries(6):
        queries.ahead(at=NOW, until=NOW + timedelta(days=7))


def test_layers_of_one_level_stand_side_by_side_and_a_higher_one_wins(schedule, turns, ada, grace, lise):
    beside = replace(turns, unit="day", first_on=date(2027, 3, 22))
    services.create_rotation(schedule=schedule, role="primary", name="Beside", turns=beside, people=[lise], now=BEFORE)
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=NOW)] == [ada, lise]
    above = replace(turns, unit="day", first_on=date(2027, 3, 1), weekdays=(1,))
    services.create_rotation(
        schedule=schedule, role="primary", name="Mondays", turns=above, people=[grace], now=BEFORE, layer=Layer(level=1)
    )
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=NOW)] == [grace]
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=z("2027-03-23T16:00"))] == [ada, lise]


def test_a_layer_with_a_window_counts_only_inside_it(schedule, turns, ada):
    west = Layer(window=Window.objects.get(name="west"))
    services.edit_rotation(
        rotation=schedule.rotations.get(), name="Triage West", turns=turns, people=[ada], now=BEFORE, layer=west
    )
    (duty,) = queries.on_call(schedule=schedule, at=NOW)
    assert (duty.since, duty.until) == (z("2027-03-22T22:28"), z("2027-03-23T06:30"))  # 15:28 to 23:30 in California
    assert queries.on_call(schedule=schedule, at=z("2027-03-23T06:30")) == []


def test_who_is_absent_leaves_a_gap_and_nobody_falls_into_it(schedule, turns, ada, grace):
    services.create_rotation(
        schedule=schedule, role="primary", name="Above", turns=turns, people=[grace], now=BEFORE, layer=Layer(level=1)
    )
    changes.add_absence(
        person=grace,
        kind="travel",
        starts_at=z("2027-03-23T12:00"),
        ends_at=z("2027-03-23T18:00"),
        note="",
        by=grace,
        now=NOW,
    )
    assert queries.on_call(schedule=schedule, at=z("2027-03-23T12:00")) == []
    assert [duty.person for duty in queries.on_call(schedule=schedule, at=z("2027-03-23T18:00"))] == [grace]
