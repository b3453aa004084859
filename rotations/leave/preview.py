"""What a call-out would earn, in figures for programs: exact minutes, and how much may be asked at once. PURE."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from rotations.leave.credit import Credit, Slice, Span, union

LONGEST = timedelta(days=400)  # of all spans together: a slice for each piece of each day is answered
MINUTE = 60


class TooMuch(Exception):
    """The spans are longer than anybody reads. The message is fit to show."""


def check_length(spans: Iterable[Span]) -> None:
    """Refuse what would be answered with more slices than anybody reads.

    :raises TooMuch: if together they last longer than `LONGEST`; what overlaps counts once.
    :raises ValueError: if a span ends before it starts.
    """
    if sum((end - start for start, end in union(spans)), timedelta()) > LONGEST:
        raise TooMuch(f"Together these last over {LONGEST.days} days. Ask about fewer at a time.")


def as_json(found: Credit) -> dict[str, Any]:
    """Return the figures: minutes as numbers, whole where they are whole; seconds beside them are always exact."""
    return {
        "out_of_hours_minutes": minutes(Fraction(found.out_of_hours_s)),
        "credit_minutes": minutes(found.exact_s),
        "out_of_hours_s": found.out_of_hours_s,
        "slices": [_slice(piece) for piece in found.slices],
    }


def minutes(seconds: Fraction) -> int | float:
    """Return seconds as minutes: 12,150 s are 202.5. A third of a minute is as near as a number in JSON comes."""
    exact = seconds / MINUTE
    return exact.numerator if exact.denominator == 1 else float(exact)


def _slice(piece: Slice) -> dict[str, Any]:
    return {
        "starts_at": _z(piece.starts_at),
        "ends_at": _z(piece.ends_at),
        "local_date": piece.local_date.isoformat(),
        "kind": piece.kind,
        "name": piece.name,
        "in_hours": piece.in_hours,
        "seconds": piece.seconds,
        "minutes": minutes(Fraction(piece.seconds)),
        "multiplier": float(piece.multiplier),
        "credit_minutes": minutes(piece.exact_s),
    }


def _z(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
