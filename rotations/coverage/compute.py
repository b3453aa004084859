"""From rows of rules to who is on call: load rotations, windows, overrides and absences, and resolve. Stores nothing.

A constant number of queries for any number of schedules.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from oncall.people.models import Person
from rotations.changes.models import Absence, Override
from rotations.coverage.coverage import Away, Cover, LabelledSpan, Layer, Resolved, resolve, why_override
from rotations.night import queries as nights
from rotations.night import sun
from rotations.night.models import Window
from rotations.night.windows import Book
from rotations.schedule.models import Rotation, Schedule
from rotations.schedule.spec import Planned, planned_as_saved

LONGEST_TURN = timedelta(days=400)  # how far an override or absence may reach into a shift that only touches


@dataclass(frozen=True)
class Computed:
    """What the rules say, and the people they name."""

    by_schedule: dict[UUID, Resolved]
    people: dict[str, Person]


@dataclass
class _Rules:
    """What one schedule is resolved from, and whom that names."""

    layers: list[Layer] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    people: set[str] = field(default_factory=set)


def compute(
    schedules: Sequence[Schedule], start: datetime, end: datetime, *, planned: Sequence[Planned] | None = None
) -> Computed:
    """Resolve these schedules over `[start, end)`; with `planned` as their rotations, instead of those saved.

    Overrides and absences work from when they were made, so what they say of a time before that is not asked.
    """
    ids = [schedule.pk for schedule in schedules]
    if planned is None:
        planned = [planned_as_saved(one) for one in Rotation.objects.with_order().filter(schedule__in=ids)]
    people: dict[str, Person] = {}
    rules: dict[UUID, _Rules] = defaultdict(_Rules)
    spans = spans_of(one.rotation.window for one in planned if one.rotation.window)
    for one in planned:
        window, its = one.rotation.window_id, rules[one.rotation.schedule_id]
        its.layers.append(layer_of(one, spans[window] if window else None))
        named = {str(person.pk): person for person in one.people}
        its.people |= named.keys()
        people |= named
    low, high = start - LONGEST_TURN, end + LONGEST_TURN
    overrides = Override.objects.filter(schedule__in=ids).covering(low, high)
    for override in overrides.select_related("person", "by", "replaces"):
        cover, its = cover_of(override), rules[override.schedule_id]
        its.covers.append(cover)
        its.people.add(cover.person)
        people[cover.person] = override.person
    away: dict[str, list[Away]] = defaultdict(list)
    for absence in Absence.objects.filter(person__in=list(people)).covering(low, high):
        person = str(absence.person_id)
        away[person].append(Away(person, absence.effective_from, absence.covers_until, "absent"))
    left = frozenset(pk for pk, person in people.items() if not person.is_active)
    found: dict[UUID, Resolved] = {}
    for pk in ids:
        its = rules[pk]
        theirs = [one for person in its.people & away.keys() for one in away[person]]
        found[pk] = resolve(its.layers, its.covers, theirs, start=start, end=end, left=left & its.people)
    return Computed(found, people)


def layer_of(planned: Planned, spans: Callable[[datetime, datetime], list[LabelledSpan]] | None) -> Layer:
    rotation = planned.rotation
    return Layer(str(rotation.pk), rotation.name, rotation.role, rotation.level, planned.plan(), spans)


def cover_of(override: Override) -> Cover:
    instead_of = override.replaces.name if override.replaces else ""
    return Cover(
        id=str(override.pk),
        role=override.role,
        person=str(override.person_id),
        replaces=str(override.replaces_id) if override.replaces_id else None,
        starts_at=override.effective_from,
        ends_at=override.covers_until,
        why=why_override(by=override.by.name, reason=override.reason, instead_of=instead_of),
    )


def spans_of(windows: Iterable[Window]) -> dict[UUID, Callable[[datetime, datetime], list[LabelledSpan]]]:
    """Return, by id, what answers when each window is open, and on which night or day."""
    wanted = {window.pk: window for window in windows}
    if not wanted:
        return {}
    book = nights.book()
    return {pk: partial(_labelled, book, window) for pk, window in wanted.items()}


def _labelled(book: Book, window: Window, start: datetime, end: datetime) -> list[LabelledSpan]:
    if window.kind == Window.Kind.NIGHT:
        return [(low, high, f"{sun.day_obs(low):%Y%m%d}") for low, high in book.spans(window.name, start, end)]
    zone = ZoneInfo(window.time_zone)
    spans = book.spans(window.name, start, end)
    return [(low, high, f"{low.astimezone(zone):%Y%m%d}") for low, high in spans]
