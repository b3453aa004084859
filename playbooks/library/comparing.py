"""PURE. Two revisions side by side, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest


@dataclass(frozen=True)
class Pair:
    """One row: the line of the old text and that of the new; 0 and "" where one side has none.

    `kind` is same, changed (both, and they differ), gone (the old alone), new (the new alone) or skipped: `old_line`
    rows that are the same and left out.
    """

    kind: str
    old_line: int = 0
    old: str = ""
    new_line: int = 0
    new: str = ""


def side_by_side(old: str, new: str, *, around: int | None = None) -> list[Pair]:
    """Return both texts as rows in reading order; with `around` only so many rows about each change."""
    before, after = old.splitlines(), new.splitlines()
    rows: list[Pair] = []
    for tag, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        sides = zip_longest(range(low, high), range(start, end))
        rows += [_pair(tag, before, after, left, right) for left, right in sides]
    return rows if around is None else _near(rows, around)


def _pair(tag: str, before: Sequence[str], after: Sequence[str], left: int | None, right: int | None) -> Pair:
    if left is None and right is not None:
        return Pair("new", new_line=right + 1, new=after[right])
    if right is None and left is not None:
        return Pair("gone", old_line=left + 1, old=before[left])
    left, right = left or 0, right or 0
    kind = "same" if tag == "equal" else "changed"
    return Pair(kind, left + 1, before[left], right + 1, after[right])


def _near(rows: Sequence[Pair], around: int) -> list[Pair]:
    changes = [place for place, row in enumerate(rows) if row.kind != "same"]
    kept = {place for change in changes for place in range(change - around, change + around + 1)}
    shown: list[Pair] = []
    for place, row in enumerate(rows):
        if place in kept:
            shown.append(row)
        elif shown and shown[-1].kind == "skipped":
            shown[-1] = Pair("skipped", shown[-1].old_line + 1)
        else:
            shown.append(Pair("skipped", 1))
    return shown
