"""What may become of an incident. PURE: one table, and nothing else decides.

Source: domain.md 3.1 (lifecycle).
"""

from dataclasses import dataclass
from typing import Literal

State = Literal["investigating", "identified", "mitigated", "resolved", "closed", "false_alarm", "merged"]
Move = Literal["investigate", "identify", "mitigate", "resolve", "close", "reopen", "false_alarm", "merge"]

LIVE: frozenset[State] = frozenset({"investigating", "identified", "mitigated"})
STATES: frozenset[State] = LIVE | {"resolved", "closed", "false_alarm", "merged"}

# What may be pressed in which state, and what it is then. What does not stand here is refused.
MOVES: dict[tuple[State, Move], State] = {
    ("investigating", "identify"): "identified",
    ("investigating", "mitigate"): "mitigated",
    ("investigating", "resolve"): "resolved",
    ("investigating", "false_alarm"): "false_alarm",
    ("investigating", "merge"): "merged",
    ("identified", "investigate"): "investigating",
    ("identified", "mitigate"): "mitigated",
    ("identified", "resolve"): "resolved",
    ("identified", "false_alarm"): "false_alarm",
    ("identified", "merge"): "merged",
    ("mitigated", "investigate"): "investigating",
    ("mitigated", "identify"): "identified",
    ("mitigated", "resolve"): "resolved",
    ("mitigated", "merge"): "merged",
    ("resolved", "reopen"): "investigating",
    ("resolved", "close"): "closed",
    ("closed", "reopen"): "investigating",
    ("false_alarm", "reopen"): "investigating",
    ("merged", "reopen"): "investigating",
}


@dataclass(frozen=True)
class Facts:
    """What a move may depend on besides the state."""

    severity: int
    review_done: bool = False  # reviewed and published, or not needed
    primary_live: bool = True  # of a merge: the other incident is live


def after(state: State, move: Move, facts: Facts) -> State:
    """Return the state after `move`.

    :raises NotAllowed: in words that say what may be done instead.
    """
    found = MOVES.get((state, move))
    if found is None:
        may = ", ".join(sorted(name for known, name in MOVES if known == state)) or "nothing"
        raise NotAllowed(f"An incident that is {WORDS[state]} cannot be pressed “{move}”. It may: {may}.")
    if move == "close" and facts.severity <= 2 and not facts.review_done:
        raise NotAllowed("A major incident is closed when its review is. Finish the review first.")
    if move == "merge" and not facts.primary_live:
        raise NotAllowed("Merge into an incident that is still worked on; this one is over.")
    return found


WORDS: dict[State, str] = {
    "investigating": "investigated",
    "identified": "identified",
    "mitigated": "mitigated",
    "resolved": "resolved",
    "closed": "closed",
    "false_alarm": "a false alarm",
    "merged": "merged into another",
}

BADGES: dict[State, str] = {  # how each looks on every screen; the sign of UNKNOWN is for what nobody knows
    "investigating": "firing",
    "identified": "firing",
    "mitigated": "acknowledged",
    "resolved": "resolved",
    "closed": "resolved",
    "false_alarm": "idle",
    "merged": "idle",
}


class NotAllowed(Exception):
    """A move that the table does not have. The message is fit to show."""
