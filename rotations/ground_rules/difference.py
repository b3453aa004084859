"""PURE. What is new in a text, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Line:
    """One line of either text: same (in both), gone (in the old alone) or new (in the new alone)."""

    kind: str
    text: str


def difference(old: str, new: str) -> list[Line]:
    """Return all lines of both texts in reading order; what is gone stands before what came in its place.

    White space at the end of a line does not count, nor do empty lines.
    """
    before, after = _lines(old), _lines(new)
    found: list[Line] = []
    for tag, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Line("same", text) for text in before[low:high]]
        else:
            found += [Line("gone", text) for text in before[low:high]]
            found += [Line("new", text) for text in after[start:end]]
    return found


def differs(lines: Sequence[Line]) -> bool:
    return any(line.kind != "same" for line in lines)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
