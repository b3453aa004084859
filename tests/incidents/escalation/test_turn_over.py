"""Who is called when somebody takes over while a step waits: the decision by itself (domain.md 5.10)."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.escalation.decision import Duty, Held, Plan, Position, StepPlan, Target, present, turn_over

BOUNDARY = datetime(2027, 3, 29, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)
ADA, GRACE = "ada", "grace"
HELD = Held(BOUNDARY, incoming=GRACE, outgoing=ADA)


def turn(*, stepped_at, now, on_call, held=(), called=(), changes_at=None):
    return turn_over(
        stepped_at=stepped_at,
        now=now,
        on_call=on_call,
        held=held,
        called=called,
        changes_at=changes_at,
        after=MINUTE,
        lasts=60 * MINUTE,
    )


def test_who_came_on_call_since_the_step_is_called():
    found = turn(stepped_at=BOUNDARY - MINUTE, now=BOUNDARY, on_call=[Duty(GRACE, BOUNDARY)], called=[ADA])

    assert (found.call, found.also, found.keep) == (("grace",), (), frozenset({"grace"}))


def test_who_was_on_call_when_the_step_fired_is_not_called_again():
    found = turn(stepped_at=BOUNDARY, now=BOUNDARY + MINUTE, on_call=[Duty(GRACE, BOUNDARY)], called=[])

    assert found.call == ()


def test_who_was_called_by_the_step_is_not_called_again_when_their_own_shift_begins():
    found = turn(stepped_at=BOUNDARY - MINUTE, now=BOUNDARY, on_call=[Duty(GRACE, BOUNDARY)], called=[GRACE])

    assert found.call == ()


def test_a_step_before_the_boundary_never_calls_the_outgoing_person_again():
    on_call = [Duty(GRACE, BOUNDARY)]
    found = turn(stepped_at=BOUNDARY - MINUTE, now=BOUNDARY + 5 * MINUTE, on_call=on_call, held=[HELD], called=[ADA])

    assert (found.also, found.keep) == ((), frozenset({"grace"}))


def test_a_step_after_the_boundary_is_looked_at_a_minute_later():
    at = BOUNDARY + 10 * MINUTE
    found = turn(stepped_at=at, now=at, on_call=[Duty(GRACE, BOUNDARY)], held=[HELD], called=[GRACE])

    assert (found.also, found.look_at) == ((), BOUNDARY + 11 * MINUTE)


@pytest.mark.parametrize(
    ("fired_after", "looked_after", "also"),
    [(10, 11, ("ada",)), (10, 59, ("ada",)), (10, 60, ()), (58, 59, ("ada",)), (59, 60, ()), (70, 71, ())],
)
def test_the_outgoing_person_is_called_too_within_the_hour_and_not_after(fired_after, looked_after, also):
    found = turn(
        stepped_at=BOUNDARY + fired_after * MINUTE,
        now=BOUNDARY + looked_after * MINUTE,
        on_call=[Duty(GRACE, BOUNDARY)],
        held=[HELD],
        called=[GRACE],
    )

    assert found.also == also


def test_where_the_incoming_person_is_not_on_call_nobody_holds_their_pager():
    on_call = [Duty("lise", BOUNDARY + MINUTE)]
    at = BOUNDARY + 10 * MINUTE
    found = turn(stepped_at=at, now=at + MINUTE, on_call=on_call, held=[HELD], called=["lise"])

    assert found.also == ()


def test_who_is_still_on_call_in_the_overlap_is_called_as_on_call():
    at = BOUNDARY + 10 * MINUTE
    on_call = [Duty(ADA, BOUNDARY - WEEK), Duty(GRACE, BOUNDARY)]
    found = turn(stepped_at=at, now=at + MINUTE, on_call=on_call, held=[HELD], called=[ADA, GRACE])

    assert (found.call, found.also, found.keep) == ((), (), frozenset({"ada", "grace"}))


def test_the_next_look_is_whatever_comes_first():
    at = BOUNDARY + 10 * MINUTE
    on_call = [Duty(GRACE, BOUNDARY)]

    sooner = turn(stepped_at=at, now=at, on_call=on_call, held=[HELD], changes_at=at + MINUTE / 2)
    later = turn(stepped_at=at, now=at, on_call=on_call, held=[HELD], changes_at=at + 2 * MINUTE)

    assert (sooner.look_at, later.look_at) == (at + MINUTE / 2, at + MINUTE)


def test_when_nothing_changes_there_is_nothing_to_look_at():
    assert turn(stepped_at=BOUNDARY, now=BOUNDARY, on_call=[Duty(GRACE, BOUNDARY)]).look_at is None


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
