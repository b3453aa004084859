"""PURE. Where the bars of reviews stand: causes by year, open actions by when they are due. x in percent of the width.

It is never the only place: every number in it stands in a table of the same page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """A part of a bar, from `x` on: `name` says how it is drawn, `share` is in percent."""

    name: str
    words: str
    count: int
    x: float
    share: float


def parts(counts: Mapping[str, int], order: Sequence[tuple[str, str]]) -> list[Bar]:
    """Return the parts of one bar in `order` (name, words), which together are as wide as the drawing."""
    whole = sum(counts.get(name, 0) for name, _ in order)
    found: list[Bar] = []
    before = 0
    for name, words in order:
        count = counts.get(name, 0)
        if count:
            found.append(Bar(name or "none", words, count, _percent(before, whole), _percent(count, whole)))
            before += count
    return found


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2)
