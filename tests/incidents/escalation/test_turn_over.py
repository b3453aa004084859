"""Who is called when somebody takes over while a step waits: the decision by itself (domain.md 5.10)."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.escalation.decision import Held, Plan, Position, StepPlan, Target, present, turn_over

BOUNDARY = datetime(2027, 3, 29, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ADA, GRACE = "ada", "grace"


def held(*, called_at, outgoing=ADA):
    return Held(BOUNDARY, outgoing, called_at)


def turn(*, now, on_call=(GRACE,), held=(), tried=(), changes_at=None):
    return turn_over(
        now=now, on_call=on_call, held=held, tried=tried, changes_at=changes_at, after=MINUTE, lasts=60 * MINUTE
    )


def test_who_is_on_call_and_untried_by_the_step_is_called():
    found = turn(now=BOUNDARY, tried=[ADA])

    assert (found.call, found.also, found.keep) == (("grace",), (), frozenset({"grace"}))


def test_who_was_tried_by_the_step_is_not_called_again():
    assert turn(now=BOUNDARY + MINUTE, tried=[GRACE]).call == ()


def test_who_is_on_call_twice_is_called_once():
    assert turn(now=BOUNDARY, on_call=[GRACE, GRACE]).call == ("grace",)


@pytest.mark.parametrize("called_at", [None, BOUNDARY - MINUTE])
def test_without_a_step_since_the_boundary_the_outgoing_person_is_never_called_again(called_at):
    found = turn(now=BOUNDARY + 5 * MINUTE, held=[held(called_at=called_at)], tried=[ADA, GRACE])

    assert (found.also, found.keep) == ((), frozenset({"grace"}))


def test_a_step_after_the_boundary_is_looked_at_a_minute_later():
    at = BOUNDARY + 10 * MINUTE
    found = turn(now=at, held=[held(called_at=at)], tried=[GRACE])

    assert (found.also, found.look_at) == ((), BOUNDARY + 11 * MINUTE)


@pytest.mark.parametrize(
    ("fired_after", "looked_after", "also"),
    [(10, 11, ("ada",)), (10, 59, ("ada",)), (10, 60, ()), (58, 59, ("ada",)), (59, 60, ()), (70, 71, ())],
)
def test_the_outgoing_person_is_called_too_within_the_hour_and_not_after(fired_after, looked_after, also):
    found = turn(
        now=BOUNDARY + looked_after * MINUTE, held=[held(called_at=BOUNDARY + fired_after * MINUTE)], tried=[GRACE]
    )

    assert found.also == also


def test_who_is_still_on_call_in_the_overlap_is_called_as_on_call():
    at = BOUNDARY + 10 * MINUTE
    found = turn(now=at + MINUTE, on_call=[ADA, GRACE], held=[held(called_at=at)], tried=[ADA, GRACE])

    assert (found.call, found.also, found.keep) == ((), (), frozenset({"ada", "grace"}))


def test_the_next_look_is_whatever_comes_first():
    at = BOUNDARY + 10 * MINUTE
    waits = [held(called_at=at)]

    sooner = turn(now=at, held=waits, changes_at=at + MINUTE / 2)
    later = turn(now=at, held=waits, changes_at=at + 2 * MINUTE)

    assert (sooner.look_at, later.look_at) == (at + MINUTE / 2, at + MINUTE)


def test_when_nothing_changes_there_is_nothing_to_look_at():
    assert turn(now=BOUNDARY).look_at is None


def steps(count: int) -> Plan:
    return Plan("P", tuple(StepPlan((Target("schedule", str(n), "S"),), 60) for n in range(count)), rounds=2)


@pytest.mark.parametrize(
    ("position", "index"),
    [(Position(0, 0), None), (Position(1, 0), 0), (Position(2, 0), 1), (Position(0, 1), 2), (Position(0, 2), 2)],
)
def test_the_present_step_is_the_one_that_fired_last(position, index):
    assert present(steps(3), position) == index


def test_a_plan_without_steps_has_no_present_step():
    assert present(Plan("P", ()), Position(0, 1)) is None
