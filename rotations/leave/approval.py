"""What stands of a call-out's credit after its person and their manager have spoken. PURE.

The person confirms what was computed, or disputes it; a manager approves it, or asks back. Each word keeps how many
seconds of credit were posted when it was said (`stands_s`), so a figure that moved since was neither confirmed nor
approved: it must be said again. An approval holds until the manager asks back or the person disputes; after either,
nothing of it holds until somebody approves again. A figure that grew after an approval is approved up to what was
approved, one that shrank as far as it goes. Source: row R34.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Said = Literal["confirm", "approve", "ask_back", "dispute"]
State = Literal["open", "to_confirm", "confirmed", "asked_back", "disputed", "approved", "changed"]
SAID: tuple[Said, ...] = ("confirm", "approve", "ask_back", "dispute")
STATES: tuple[State, ...] = ("open", "to_confirm", "confirmed", "asked_back", "disputed", "approved", "changed")
AFTER: dict[Said, State] = {
    "confirm": "confirmed",
    "approve": "approved",
    "ask_back": "asked_back",
    "dispute": "disputed",
}
FOR_THE_PERSON: frozenset[State] = frozenset({"to_confirm", "asked_back", "changed"})  # who has to speak next
FOR_THE_MANAGER: frozenset[State] = frozenset({"confirmed", "disputed"})


@dataclass(frozen=True)
class Word:
    """What somebody said about a call-out when `stands_s` seconds of credit were posted for it."""

    kind: Said
    stands_s: int


def state(words: Sequence[Word], *, posted_s: int, closed: bool) -> State:
    """Return where a call-out stands: `words` in the order in which they were said, `posted_s` posted for it now.

    `closed`: somebody has stood down; before that there is nothing to say.
    """
    if not closed:
        return "open"
    if not words:
        return "to_confirm"
    last = words[-1]
    return AFTER[last.kind] if last.stands_s == posted_s else "changed"


def approved_s(words: Sequence[Word], *, posted_s: int) -> int:
    """Return the seconds of leave that are approved of `posted_s`: no more than the approval that holds was of."""
    found = holding(words)
    return 0 if found is None else max(0, min(posted_s, found.stands_s))


def holding(words: Sequence[Word]) -> Word | None:
    """Return the approval that holds: the last, if nobody has asked back or disputed since; None: there is none."""
    for word in reversed(words):
        if word.kind == "approve":
            return word
        if word.kind in {"ask_back", "dispute"}:
            return None
    return None
