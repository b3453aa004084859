"""The life of a phone: every move from every state, and that no order of moves leads where it must not."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from oncall.phones import states
from oncall.phones.states import Move, Side, State

ALLOWED = {
    ("requested", "approve", "issuer"): "approved",
    ("requested", "refuse", "issuer"): "refused",
    ("requested", "withdraw", "owner"): "withdrawn",
    ("approved", "refuse", "issuer"): "refused",
    ("approved", "withdraw", "owner"): "withdrawn",
    ("approved", "issue", "issuer"): "issued",
    ("issued", "lose", "owner"): "lost",
    ("issued", "lose", "issuer"): "lost",
    ("issued", "take_back", "issuer"): "returned",
    ("lost", "take_back", "issuer"): "returned",
}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_a_move_leads_where_the_table_says_or_nowhere(state, move, side):
    wanted = ALLOWED.get((state, move, side))
    if wanted is None:
        with pytest.raises((states.Impossible, states.NotTheirs)):
            states.after(state, move, side=side)
        return

    assert states.after(state, move, side=side) == wanted


def test_what_is_offered_in_a_state_is_what_can_be_done():
    assert states.moves(State.APPROVED, side=Side.ISSUER) == ["refuse", "issue"]
    assert states.moves(State.ISSUED, side=Side.OWNER) == ["lose"]
    assert states.moves(State.RETURNED, side=Side.ISSUER) == []


class Life(RuleBasedStateMachine):
    """Anybody presses anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.log = State.REQUESTED, [("", State.REQUESTED)]

    @rule(move=st.sampled_from(Move), side=st.sampled_from(Side))
    def press(self, move, side):
        before = self.state
        try:
            self.state = states.after(before, move, side=side)
        except (states.Impossible, states.NotTheirs):
            return
        self.log.append((side, self.state))

    @invariant()
    def no_state_comes_twice(self):
        seen = [state for _, state in self.log]
        assert len(seen) == len(set(seen))

    @invariant()
    def nothing_is_issued_that_another_has_not_approved(self):
        if State.ISSUED in [state for _, state in self.log]:
            assert ("issuer", "approved") in self.log

    @invariant()
    def a_phone_comes_back_only_if_it_was_handed_out(self):
        seen = [state for _, state in self.log]
        if State.RETURNED in seen:
            assert "issued" in seen[: seen.index(State.RETURNED)]

    @invariant()
    def what_is_done_stays_done(self):
        if self.state in states.DONE:
            assert not [move for side in Side for move in states.moves(self.state, side=side)]


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=12, deadline=None, database=None)
