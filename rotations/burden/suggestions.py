"""Whom to ask to take a span: those who could, whoever has carried least first (R19, R42)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from oncall.people.models import Person
from rotations.burden.burden import Burden, load, relative
from rotations.burden.clocks import clocks_of
from rotations.burden.queries import answering, burdens, rota_weights, usual_span
from rotations.changes import queries as changes
from rotations.coverage import queries as coverage
from rotations.schedule.models import Role, Schedule

LONGEST = timedelta(days=60)  # of a span that somebody may take


@dataclass(frozen=True)
class Suggestion:
    """Somebody who could take a span, and why they stand where they stand. `burden` is not for everybody to see."""

    person: Person
    burden: Burden
    weight: int  # turns a round in this schedule; 0: in its team, in no order
    relative: Fraction  # the number by weight: the order of suggestions
    after_midnight: timedelta  # of the span, on their own clock
    why: tuple[str, ...]


def suggest(
    *,
    schedule: Schedule,
    role: str,
    start: datetime,
    end: datetime,
    besides: Collection[Person] = (),
    now: datetime,
) -> list[Suggestion]:
    """Return who could take `role` of `schedule` in `[start, end)`, but for `besides`; who carried least comes first.

    They are in its rotations or team, neither absent nor resting in any of it, and not on call then for anything but as
    a shadow. What they carried is that of the last 90 days (a limit row) before `now`, by weight. A constant number of
    queries.

    :raises ValueError: if the span has no length or is longer than 60 days.
    """
    if not start < end <= start + LONGEST:
        raise ValueError(f"Choose a span that ends after it starts, of {LONGEST.days} days at most.")
    left_out = {one.pk for one in besides} | _busy(schedule, start, end)
    could = changes.could_take(schedule=schedule, start=start, end=end)
    people = [one for one in could if one.pk not in left_out]
    back = usual_span(now)
    carried = burdens(people, start=now - back, end=now, now=now)
    weights = rota_weights(people, since=start, schedule=schedule)
    clocks = clocks_of(people, start=start, end=end)
    numbers = {one.pk: relative(carried[one.pk].number, weights.get(one.pk, 0)) for one in people}
    least = min(numbers.values(), default=Fraction(0))
    found = []
    for one in sorted(people, key=lambda one: (numbers[one.pk], one.name.casefold())):
        night = load(on_call=[(start, end)], work=(), pages=(), clocks=clocks[one.pk]).night
        why = _why(len(people) > 1 and numbers[one.pk] == least, back, one.pk in weights, night)
        found.append(Suggestion(one, carried[one.pk], weights.get(one.pk, 0), numbers[one.pk], night, why))
    return found


def _busy(schedule: Schedule, start: datetime, end: datetime) -> set[object]:
    """Return who is on call then: here, or where a page would reach them."""
    schedules = {one.pk: one for one in (*answering(), schedule)}
    every = coverage.every_shift(schedules=list(schedules.values()), start=start, end=end)
    return {one.person.pk for many in every.values() for one in many if one.role != Role.SHADOW}


def _why(least: bool, back: timedelta, in_order: bool, night: timedelta) -> tuple[str, ...]:
    said = [f"carried least in {back.days} days"] if least else []
    said.append("free then")
    if not in_order:
        said.append("in the team, in no order")
    if night:
        said.append(f"{hours_words(night)} of it after midnight for them")
    return tuple(said)


def hours_words(length: timedelta) -> str:
    """Return, say, 3 h 30 min."""
    hours, minutes = divmod(length // timedelta(minutes=1), 60)
    return " ".join(f"{many} {unit}" for many, unit in ((hours, "h"), (minutes, "min")) if many) or "under a minute"
