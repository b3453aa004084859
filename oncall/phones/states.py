"""PURE. The life of an on-call phone, from the wish to the drawer: which move leads where, and whose move it is.

"If requested specific mobile phones for on call should be provided" (RTN-046 6.6.1, row R35 of the domain).
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ISSUED = "issued"
    LOST = "lost"
    RETURNED = "returned"


class Move(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    ISSUE = "issue"
    LOSE = "lose"
    TAKE_BACK = "take_back"


class Side(StrEnum):
    """Whose move it is. Nobody is at once the owner and the issuer of one phone, whatever roles they hold."""

    OWNER = "owner"  # who asks for the phone and carries it
    ISSUER = "issuer"  # a manager of theirs, or an administrator


@dataclass(frozen=True)
class Rule:
    """A move: from which states, to which, and whose."""

    sources: frozenset[State]
    target: State
    sides: frozenset[Side]


def _rule(target: State, sides: set[Side], *sources: State) -> Rule:
    return Rule(frozenset(sources), target, frozenset(sides))


OWNER, ISSUER = {Side.OWNER}, {Side.ISSUER}
RULES: dict[Move, Rule] = {
    Move.APPROVE: _rule(State.APPROVED, ISSUER, State.REQUESTED),
    Move.REFUSE: _rule(State.REFUSED, ISSUER, State.REQUESTED, State.APPROVED),
    Move.WITHDRAW: _rule(State.WITHDRAWN, OWNER, State.REQUESTED, State.APPROVED),
    Move.ISSUE: _rule(State.ISSUED, ISSUER, State.APPROVED),
    Move.LOSE: _rule(State.LOST, OWNER | ISSUER, State.ISSUED),
    Move.TAKE_BACK: _rule(State.RETURNED, ISSUER, State.ISSUED, State.LOST),  # what was lost may be found
}
OPEN = frozenset({State.REQUESTED, State.APPROVED})  # asked for, and not yet in anybody's hand
DONE = frozenset({State.REFUSED, State.WITHDRAWN, State.RETURNED})  # no move leads out of these
HANDED_OUT = frozenset({State.ISSUED, State.LOST, State.RETURNED})  # a device and a number belong to it


class Impossible(Exception):
    """The move does not lead out of that state. The message says what it is now, and is fit to show."""


class NotTheirs(Exception):
    """The move is another's to make. The message says whose, and is fit to show."""


def after(state: State, move: Move, *, side: Side) -> State:
    """Return the state that `move`, made by `side`, leads to.

    :raises NotTheirs: if that side never makes this move.
    :raises Impossible: if it does not lead out of `state`.
    """
    rule = RULES[move]
    if side not in rule.sides:
        raise NotTheirs(WHOSE[move])
    if state not in rule.sources:
        raise Impossible(NOW_IT_IS[state])
    return rule.target


def moves(state: State, *, side: Side) -> list[Move]:
    """Return what `side` can do in `state`, in the order of a phone's life."""
    return [move for move, rule in RULES.items() if state in rule.sources and side in rule.sides]


WHOSE = {
    Move.APPROVE: "Nobody approves a phone for themselves. Another manager or an administrator can.",
    Move.REFUSE: "Nobody decides on a phone for themselves. Withdraw the request instead.",
    Move.WITHDRAW: "Only whoever asked for the phone withdraws the request. Refuse it instead.",
    Move.ISSUE: "Nobody issues a phone to themselves. Another manager or an administrator can.",
    Move.LOSE: "Only whoever carries the phone, their managers and administrators report it lost.",
    Move.TAKE_BACK: "Nobody takes back their own phone. Hand it to another manager or an administrator, who notes it.",
}
NOW_IT_IS = {
    State.REQUESTED: "The phone is requested, and nobody has decided on it yet. Approve or refuse it first.",
    State.APPROVED: "The phone is approved already. Issue it, refuse it after all, or let the request be withdrawn.",
    State.REFUSED: "The request is refused already. A new one can be made.",
    State.WITHDRAWN: "The request is withdrawn already. A new one can be made.",
    State.ISSUED: "The phone is issued already. It can be taken back or reported lost.",
    State.LOST: "The phone is reported lost already. If it is found, take it back.",
    State.RETURNED: "The phone is returned already. A new one can be asked for.",
}
