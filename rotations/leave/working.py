"""How much work time lies in a span: what leave over it takes from an account. PURE.

A second is work time when it lies inside the person's calendar in their own zone, public holidays excluded (domain.md
5.6): the very seconds that earn nothing when somebody is called in them. Lengths are taken between UTC instants, so a
morning in which clocks change takes what it lasts. Source: rows R10, R34.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from rotations.leave.credit import NOTHING, Hours, Slice, Span, Terms, credit, whole_second


def work_slices(start: datetime, end: datetime, hours: Hours) -> tuple[Slice, ...]:
    """Return the pieces of work time within `[start, end)`, in UTC whole seconds and in order; none if it is empty."""
    if whole_second(end) <= whole_second(start):
        return ()
    return tuple(piece for piece in credit([(start, end)], hours=hours, terms=Terms(NOTHING)).slices if piece.in_hours)


def seconds_from(slices: Iterable[tuple[datetime, datetime]], instant: datetime) -> int:
    """Return the whole seconds of `slices` that lie after `instant`: what is left of leave that is broken off."""
    instant = whole_second(instant)
    return sum(max(0, int((end - max(start, instant)).total_seconds())) for start, end in slices)


def without(slices: Iterable[Slice], off: Sequence[Span]) -> tuple[list[Slice], list[Slice]]:
    """Return the pieces of `slices` that lie outside every span of `off`, and those that lie in one, each in order."""
    bounds = sorted({bound for span in off for bound in span})
    left: list[Slice] = []
    free: list[Slice] = []
    for piece in slices:
        cuts = [piece.starts_at, *(at for at in bounds if piece.starts_at < at < piece.ends_at), piece.ends_at]
        for start, end in pairwise(cuts):
            is_off = any(since <= start and end <= until for since, until in off)
            (free if is_off else left).append(replace(piece, starts_at=start, ends_at=end))
    return left, free
