"""What may become of a review. PURE: one table, and nothing else decides.

Source: domain.md 3.1 (afterwards): draft, in review, reviewed, closed; a second person reviews, a lead closes.
"""

from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["draft", "in_review", "reviewed", "closed"]
Move = Literal["submit", "send_back", "approve", "rework", "close"]
STATES: tuple[State, ...] = get_args(State)

MOVES: dict[tuple[State, Move], State] = {
    ("draft", "submit"): "in_review",
    ("in_review", "send_back"): "draft",
    ("in_review", "approve"): "reviewed",
    ("reviewed", "rework"): "draft",
    ("reviewed", "close"): "closed",
    ("closed", "rework"): "draft",
}
EDITABLE: frozenset[State] = frozenset({"draft", "in_review"})
WORDS: dict[State, str] = {"draft": "draft", "in_review": "in review", "reviewed": "reviewed", "closed": "closed"}
BADGES: dict[State, str] = {"draft": "warn", "in_review": "warn", "reviewed": "ok", "closed": "ok"}  # on every screen
SAID: dict[Move, str] = {
    "submit": "asks for a review of it",
    "send_back": "sends it back",
    "approve": "has reviewed it",
    "rework": "works on it again",
    "close": "closes it",
}


@dataclass(frozen=True)
class Facts:
    """What a press may depend on besides the state: about whoever presses, the review, and its incident."""

    has_owner: bool = True
    is_owner: bool = False  # whoever presses is the review's owner
    may_review: bool = True  # the reviewers that are named are all, or whoever presses is one of them
    may_close: bool = False  # a lead of the owner's team, the pilot or an administrator
    wrote: bool = False  # whoever presses was the last to change the text
    pending: int = 0  # visits that the figures do not know the end of
    over: bool = True  # the incident is resolved or closed
    incident_closed: bool = False


def after(state: State, move: Move, facts: Facts) -> State:
    """Return the state after `move`.

    :raises NotAllowed: in words that say what may be done instead.
    """
    found = MOVES.get((state, move))
    if found is None:
        may = ", ".join(sorted(name for known, name in MOVES if known == state))
        raise NotAllowed(f"A review that is {WORDS[state]} cannot be pressed “{move}”. It may: {may}.")
    if move == "submit" and not facts.has_owner:
        raise NotAllowed("Nobody owns this review. Name an owner first.")
    if move == "approve" and facts.is_owner:
        raise NotAllowed("Nobody reviews their own. Ask a second person to look at it.")
    if move == "approve" and not facts.may_review:
        raise NotAllowed("Its reviewers are named, and you are not one of them. Ask one, or let yourself be named.")
    if move == "approve" and facts.wrote:
        raise NotAllowed("You changed its text last, and nobody reviews their own. Ask somebody else to look at it.")
    if move in ("approve", "close") and facts.pending:
        raise NotAllowed(
            f"Of {facts.pending:,} visits nobody knows yet what became of them: they are pending, for a day at most."
            " Press “Count again” when they are decided, and look at the text once more."
        )
    if move == "close" and not facts.may_close:
        raise NotAllowed("A lead of the owner's team, the pilot or an administrator closes it. Ask one of them.")
    if move in ("approve", "close") and not facts.over:
        raise NotAllowed("The incident is worked on again. Resolve it first.")
    if state == "closed" and move == "rework" and facts.incident_closed:
        raise NotAllowed("The incident is closed, and its review with it. Reopen the incident first.")
    return found


class NotAllowed(Exception):
    """A press that the table does not have. The message is fit to show."""
