"""The decision by itself: which step, when the next, and never an end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.escalation.decision import (
    EmptyPolicy,
    Plan,
    Position,
    StepPlan,
    Target,
    back,
    decide,
    fit,
    folded,
    plan_as_json,
    plan_from_json,
)

NOW = datetime(2027, 3, 23, 3, 10, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def step(name: str, wait_s: float = 300) -> StepPlan:
    return StepPlan((Target("person", name, name),), wait_s)


TWO = Plan("P", (step("a", 60), step("b", 120)), rounds=2)


def test_the_first_step_fires_and_the_second_is_due_after_its_wait():
    fire = decide(plan=TWO, position=Position(0, 0), now=NOW, repeat=QUARTER)

    assert (fire.index, fire.after, fire.next_due, fire.end) == (0, Position(1, 0), NOW + timedelta(seconds=60), False)


def test_after_the_last_step_the_next_round_begins():
    fire = decide(plan=TWO, position=Position(1, 0), now=NOW, repeat=QUARTER)

    assert (fire.index, fire.after, fire.next_due) == (1, Position(0, 1), NOW + timedelta(seconds=120))


def test_past_the_last_round_the_last_step_repeats_for_ever():
    fire = decide(plan=TWO, position=Position(0, 2), now=NOW, repeat=QUARTER)

    assert (fire.index, fire.end, fire.next_due, fire.after) == (1, True, NOW + QUARTER, Position(0, 2))


def test_a_policy_without_steps_says_so():
    with pytest.raises(EmptyPolicy, match="reaches nobody"):
        decide(plan=Plan("P", ()), position=Position(), now=NOW, repeat=QUARTER)


plans = st.builds(
    Plan,
    st.just("P"),
    st.lists(st.floats(0, 3600).map(lambda wait: step("x", wait)), min_size=1, max_size=6).map(tuple),
    st.integers(1, 4),
)


@given(plans)
def test_every_step_of_every_round_fires_once_in_order_and_then_the_end(plan):
    position, now, fired = Position(), NOW, []
    for _ in range(len(plan.steps) * plan.rounds):
        fire = decide(plan=plan, position=position, now=now, repeat=QUARTER)
        fired.append(fire.index)
        assert not fire.end
        position, now = fire.after, fire.next_due
    assert fired == list(range(len(plan.steps))) * plan.rounds
    assert decide(plan=plan, position=position, now=now, repeat=QUARTER).end


@given(plans, st.integers(0, 8), st.integers(0, 8))
def test_from_any_position_something_fires_and_is_due_again_later(plan, at_step, at_round):
    """There is no position from which an alarm falls silent, an edited or broken one included."""
    fire = decide(plan=plan, position=Position(at_step, at_round), now=NOW, repeat=QUARTER)

    assert fire.step in plan.steps
    assert fire.next_due >= NOW
    assert fire.next_due > NOW or not fire.end


@given(plans)
def test_a_snapshot_reads_back_as_it_was(plan):
    assert plan_from_json(plan_as_json(plan.name, plan.steps, plan.rounds)) == plan


def test_steps_that_wait_0_s_are_one_with_the_next():
    a, b, c = (Target("person", name, name) for name in "abc")
    steps = [StepPlan((a,), 0), StepPlan((b,), 0), StepPlan((c,), 300), StepPlan((a,), 60)]

    assert folded(steps) == (StepPlan((a, b, c), 300), StepPlan((a,), 60))


def test_a_last_step_that_waits_0_s_stays():
    a, b = (Target("person", name, name) for name in "ab")

    assert folded([StepPlan((a,), 300), StepPlan((b,), 0)]) == (StepPlan((a,), 300), StepPlan((b,), 0))


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (Position(0, 0), Position(0, 0)),  # nothing has fired
        (Position(1, 0), Position(0, 0)),
        (Position(0, 1), Position(1, 0)),
        (Position(1, 1), Position(0, 1)),
        (Position(0, 2), Position(1, 1)),
    ],
)
def test_a_step_back_fires_the_last_one_again(position, expected):
    steps = tuple(StepPlan((Target("person", name, name),), 60) for name in "ab")

    assert back(Plan("P", steps, 2), position) == expected


@pytest.mark.parametrize(
    ("position", "expected"),
    [(Position(0, 0), Position(0, 0)), (Position(1, 0), Position(0, 1)), (Position(4, 1), Position(0, 2))],
)
def test_an_alarm_of_a_longer_policy_goes_on_in_the_next_round_of_a_shorter(position, expected):
    plan = Plan("P", (StepPlan((Target("person", "a", "a"),), 60),), 2)

    assert fit(plan, position) == expected
