"""What a rotation would be: its shifts before anybody saves it, refused before they are too many to look at. PURE."""

from datetime import datetime

from rotations.schedule.handoffs import MOMENT, Plan, Shift, shifts_between

MOST = 10_000  # shifts (api.md)
SKIPPED = 48  # turns of no length that a count of turns may include: where a zone skips a day, 24 of an hour


class TooLong(Exception):
    """The span is longer than two years. The message is fit to show."""


class TooMany(Exception):
    """The span holds more shifts than anybody reads. The message is fit to show."""


def preview(start: datetime, end: datetime, *, plan: Plan) -> list[Shift]:
    """Return every shift that touches `[start, end)`, whole; turns before the first handoff are counted backwards.

    :raises TooLong: if the span is longer than two years of the calendar, in UTC or in the rotation's zone.
    :raises TooMany: if there are more than `MOST`; turns are counted before any is worked out.
    :raises EmptyRotation: if the order names nobody.
    :raises ValueError: if a shift reaches beyond the calendar, years 1 to 9999.
    """
    here, there = start.astimezone(plan.zone).replace(tzinfo=None), end.astimezone(plan.zone).replace(tzinfo=None)
    if end > _two_years_on(start) and there > _two_years_on(here):
        raise TooLong("A preview shows at most two years. Choose an earlier end.")
    turns = plan.turn_at(end - MOMENT) - plan.turn_at(start) + 1
    found = shifts_between(start, end, plan=plan, backwards=True) if turns <= MOST + SKIPPED else []
    count = max(len(found), turns if turns > MOST + SKIPPED else 0)
    if count > MOST:
        raise TooMany(
            f"That is {count:,} shifts, and a preview shows at most {MOST:,}. Choose a shorter span or longer turns."
        )
    return found


def _two_years_on(instant: datetime) -> datetime:
    if (instant.month, instant.day) == (2, 29):
        return instant.replace(year=instant.year + 2, month=3, day=1)
    return instant.replace(year=instant.year + 2)
