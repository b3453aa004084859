"""Which approved credit is too old to be taken. PURE.

Leave that is taken uses the oldest credit first. What nobody took within so many days of its approval expires: before
the approval nobody could take it. What is asked for does not expire while the request waits.
Source: own choice, off by default (limit credit_expires_after_days).
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Lot(Generic[Key]):
    """The approved credit of one call-out: `approved_s` since `since`, of which `expired_s` is expired already."""

    key: Key
    since: datetime
    approved_s: int
    expired_s: int = 0


def unused(lots: Iterable[Lot[Key]], *, used_s: int) -> list[tuple[Lot[Key], int]]:
    """Return the lots, oldest first, each with the seconds that are left of it after `used_s` were used.

    Negative where more has expired of a lot than is approved of it now.
    """
    left: list[tuple[Lot[Key], int]] = []
    for lot in sorted(lots, key=lambda lot: lot.since):
        there = lot.approved_s - lot.expired_s
        taken = min(max(there, 0), max(used_s, 0))
        used_s -= taken
        left.append((lot, there - taken))
    return left


def to_expire(lots: Sequence[Lot[Key]], *, used_s: int, until: datetime) -> dict[Key, int]:
    """Return, by key, the seconds to expire of lots approved at `until` or before; negative gives back.

    Doing it again with these counted as expired returns nothing.
    """
    return {
        lot.key: seconds
        for lot, seconds in unused(lots, used_s=used_s)
        if seconds < 0 or (seconds > 0 and lot.since <= until)
    }
