"""Lengths of time to the second: in a ledger no second may be missing from what is shown."""

import math
from fractions import Fraction

from django import template

from rotations.leave.words import length

register = template.Library()


@register.filter
def exactly(seconds: int | Fraction | None) -> str:
    """7 h 30 min, 2 h 4 s; a part of a second as 2 min 15.5 s. Nothing for none."""
    if seconds is None:
        return ""
    exact = abs(Fraction(seconds))
    whole = math.floor(exact)
    part = exact - whole
    if not part:
        return length(-whole if seconds < 0 else whole)
    minutes, left = divmod(whole, 60)
    decimals = f"{left + float(part):.4f}".rstrip("0")
    words = f"{length(minutes * 60)} {decimals} s" if minutes else f"{decimals} s"
    return f"−{words}" if seconds < 0 else words
