"""The one table of what may become of an incident, and nothing beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.command.lifecycle import BADGES, LIVE, MOVES, STATES, Facts, NotAllowed, after

EVERY_MOVE = ("investigate", "identify", "mitigate", "resolve", "close", "reopen", "false_alarm", "merge")
ALLOWED = {
    "investigating": {"identify", "mitigate", "resolve", "false_alarm", "merge"},
    "identified": {"investigate", "mitigate", "resolve", "false_alarm", "merge"},
    "mitigated": {"investigate", "identify", "resolve", "merge"},
    "resolved": {"reopen", "close"},
    "closed": {"reopen"},
    "false_alarm": {"reopen"},
    "merged": {"reopen"},
}  # written by hand from the domain, not from the table
LEADS_TO = {
    "investigate": "investigating",
    "identify": "identified",
    "mitigate": "mitigated",
    "resolve": "resolved",
    "close": "closed",
    "reopen": "investigating",
    "false_alarm": "false_alarm",
    "merge": "merged",
}


@pytest.mark.parametrize("state", sorted(STATES))
@pytest.mark.parametrize("move", EVERY_MOVE)
def test_what_may_be_pressed_and_what_it_is_then(state, move):
    facts = Facts(severity=3)
    if move not in ALLOWED[state]:
        with pytest.raises(NotAllowed):
            after(state, move, facts)
        return

    assert after(state, move, facts) == LEADS_TO[move]


@given(
    state=st.text() | st.sampled_from(sorted(STATES)),
    move=st.text() | st.sampled_from(EVERY_MOVE),
    facts=st.builds(Facts, severity=st.integers(1, 5), review_done=st.booleans(), primary_live=st.booleans()),
)
def test_nothing_else_is_ever_allowed(state, move, facts):
    try:
        found = after(state, move, facts)
    except (NotAllowed, KeyError):
        return

    assert move in ALLOWED[state]
    assert found == LEADS_TO[move]


@pytest.mark.parametrize("severity", [1, 2])
def test_a_major_incident_is_closed_when_its_review_is(severity):
    with pytest.raises(NotAllowed, match="Finish the review first"):
        after("resolved", "close", Facts(severity=severity))


@pytest.mark.parametrize("severity", [1, 2])
def test_a_reviewed_major_incident_can_be_closed(severity):
    assert after("resolved", "close", Facts(severity=severity, review_done=True)) == "closed"


def test_nothing_is_merged_into_what_is_over():
    with pytest.raises(NotAllowed, match="still worked on"):
        after("identified", "merge", Facts(severity=3, primary_live=False))


def test_a_refusal_names_what_may_be_done_instead():
    with pytest.raises(NotAllowed, match=r"resolved cannot be pressed “mitigate”\. It may: close, reopen\."):
        after("resolved", "mitigate", Facts(severity=3))


def test_every_state_can_be_left():
    assert {state for state, _ in MOVES} == STATES


def test_the_live_states_are_those_somebody_works_in():
    assert {"investigating", "identified", "mitigated"} == LIVE


def test_each_state_has_one_sign_on_every_screen_and_none_is_that_of_what_nobody_knows():
    assert set(BADGES) == STATES
    assert "unknown" not in BADGES.values()
    assert (BADGES["resolved"], BADGES["closed"]) == ("resolved", "resolved")
