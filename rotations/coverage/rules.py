"""A layer of a schedule in words, as somebody would say it on the telephone. PURE."""

from collections.abc import Iterable
from datetime import date, time

from rotations.coverage.coverage import DAYS, MONTHS

ALL_WEEK = 7


def turns_in_words(*, unit: str, every: int, first_on: date, handoff_time: time, zone: str) -> str:
    """Return, say, "Handoff every 2 weeks on Mon at 09:00 America/Los_Angeles, first on Mon 1 Mar 2027"."""
    each = unit if every == 1 else f"{every} {unit}s"
    first = f"{DAYS[first_on.weekday()]} {first_on.day} {MONTHS[first_on.month - 1]} {first_on.year}"
    day = {"week": f" on {DAYS[first_on.weekday()]}", "month": f" on day {first_on.day}"}.get(unit, "")
    clock = f" from {handoff_time:%H:%M} {zone}" if unit == "hour" else f" at {handoff_time:%H:%M} {zone}"
    return f"Handoff every {each}{day}{clock}, first on {first}"


def weekdays_in_words(weekdays: Iterable[int]) -> str:
    """Return, say, "Mon to Fri only" or "only on Mon, Wed"; nothing where every day counts. ISO days, Monday is 1."""
    days = sorted(set(weekdays))
    if len(days) == ALL_WEEK or not days:
        return ""
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"{DAYS[days[0] - 1]} to {DAYS[days[-1] - 1]} only"
    return "only on " + ", ".join(DAYS[day - 1] for day in days)


def order_in_words(*, order: str, at_once: int, team: str = "") -> str:
    """Return, say, "in alphabetical order of the team Stewards, 2 at once"."""
    words = "in alphabetical order" if order == "alphabetical" else "in the order below"
    words += f" of the team {team}" if team else ""
    return f"{words}, {at_once} at once" if at_once > 1 else words
