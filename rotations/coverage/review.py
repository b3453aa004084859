"""What publishing a draft would change: who gains and loses, what stays uncovered, who is away, how late at night.

Asked of rules, overrides and absences as they are; stores nothing. Sources: rows R12, R15, R19, R27; domain.md 5.8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import PROTECT

from oncall.people.models import Person
from oncall.people.queries import NoObservingSite, observing_site
from rotations.coverage import needs
from rotations.coverage.compute import Computed, compute
from rotations.coverage.coverage import Span, Tile, union
from rotations.coverage.gaps import Count, counts, difference, too_many, without_spans
from rotations.coverage.models import SignedGap
from rotations.coverage.quality import hours_of
from rotations.schedule.drafts import spec_of_draft
from rotations.schedule.models import Draft, Role, Schedule
from rotations.schedule.spec import PROMISE, BadSpec, Joins, ScheduleSpec, plan_spec, spec_of

AHEAD = timedelta(days=366)  # the coming year
ALL_ROLES = tuple(Role.values)


@dataclass(frozen=True)
class PersonChange:
    """What one person gains and loses in one role."""

    person: Person
    role: str
    gained: tuple[Span, ...]
    lost: tuple[Span, ...]

    @property
    def gained_time(self) -> timedelta:
        return _length(self.gained)

    @property
    def lost_time(self) -> timedelta:
        return _length(self.lost)

    @property
    def first(self) -> Span:
        """The first span that changes hands."""
        return min([*self.gained, *self.lost])

    @property
    def first_starts_at(self) -> datetime:
        return self.first[0]

    @property
    def first_ends_at(self) -> datetime:
        return self.first[1]

    @property
    def first_is_gained(self) -> bool:
        return self.first in self.gained


@dataclass(frozen=True)
class Uncovered:
    """Fewer people than promised are on call for a span. `before`: it is so already, by the rules as they are."""

    starts_at: datetime
    ends_at: datetime
    people: int
    before: bool


@dataclass(frozen=True)
class Clash:
    """Somebody's shift in the draft lies in an absence or a rest of theirs, or they have left."""

    person: Person
    role: str
    starts_at: datetime
    ends_at: datetime
    why: str


@dataclass(frozen=True)
class Load:
    """One person's time on call in the coming year, shadowing left out, now and by the draft."""

    person: Person
    before: timedelta
    after: timedelta
    small_hours_before: timedelta
    small_hours_after: timedelta


@dataclass(frozen=True)
class Review:
    """What publishing would change within `[start, end)`."""

    schedule: Schedule
    spec: ScheduleSpec
    edition: int  # of the schedule that was looked at
    start: datetime
    end: datetime
    changes: list[PersonChange]
    gaps: list[Uncovered]  # that nobody has signed
    signed: int  # how many gaps somebody has signed already
    over: list[Count]
    clashes: list[Clash]
    loads: list[Load]
    promises: list[str]  # what changes of what the schedule promises, in words
    used_by: list[str]  # what would be left pointing at nobody, in words

    @property
    def gap_time(self) -> timedelta:
        return sum((gap.ends_at - gap.starts_at for gap in self.gaps), timedelta())


def review(draft: Draft, *, now: datetime) -> Review:
    """Return what publishing `draft` at `now` would change over the coming year.

    :raises BadSpec: by path, if it cannot be published any more: somebody in it left, its window is gone.
    """
    return review_spec(draft.schedule, spec_of_draft(draft), now=now)


def review_spec(schedule: Schedule, spec: ScheduleSpec, *, now: datetime, joins: Joins | None = None) -> Review:
    """Return what making `spec` the schedule at `now` would change; errors as `review`. `joins` as in `plan_spec`."""
    schedule = Schedule.objects.get(pk=schedule.pk)
    end = now + AHEAD
    planned = plan_spec(schedule, spec, now=now, joins=joins)
    try:
        before = compute([schedule], now, end)
        after = compute([schedule], now, end, planned=planned)
        if spec.needs == Schedule.Needs.NIGHT:
            observing_site()  # else nobody can say what is uncovered
    except NoObservingSite as error:
        raise BadSpec({"needs": [str(error)]}) from None
    was, will = before.by_schedule[schedule.pk], after.by_schedule[schedule.pk]
    people = before.people | after.people
    promised = _promising(schedule, spec)
    gaps, signed = _gaps(schedule, promised, was.tiles, will.tiles, now, end)
    return Review(
        schedule=schedule,
        spec=spec,
        edition=schedule.edition,
        start=now,
        end=end,
        changes=_changes(was.tiles, will.tiles, people, now, end),
        gaps=gaps,
        signed=signed,
        over=_over(promised, will.tiles, now, end),
        clashes=_clashes(after, schedule, now, end),
        loads=_loads(was.tiles, will.tiles, people, now, end),
        promises=_promises(schedule, promised),
        used_by=uses_of(schedule, _roles(spec_of(schedule)) - _roles(spec)),
    )


def uses_of(schedule: Schedule, roles: Iterable[str] = ALL_ROLES) -> list[str]:
    """Return, in words, all that would not let go of a schedule in these roles: steps of policies, in a room above.

    A model that names a schedule and protects it may say how by `in_use_words()`: "called by step 1 of the policy X".
    """
    found = []
    for relation in Schedule._meta.related_objects:
        if getattr(relation, "on_delete", None) is not PROTECT:
            continue
        for row in relation.related_model._default_manager.filter(**{relation.field.name: schedule}):
            if getattr(row, "role", Role.PRIMARY) in set(roles):
                words = getattr(row, "in_use_words", None)
                found.append(words() if words else f"used by {row._meta.verbose_name} “{row}”")
    return found


def _roles(spec: ScheduleSpec) -> set[str]:
    return {one.role for one in spec.rotations}


def _promising(schedule: Schedule, spec: ScheduleSpec) -> Schedule:
    """Return the schedule as it would promise; not to be saved."""
    promised = Schedule.objects.get(pk=schedule.pk)
    for name in PROMISE:
        setattr(promised, name, getattr(spec, name))
    return promised


def _gaps(
    schedule: Schedule,
    promised: Schedule,
    was: Sequence[Tile],
    will: Sequence[Tile],
    start: datetime,
    end: datetime,
) -> tuple[list[Uncovered], int]:
    before = _too_few(schedule, was, start, end)
    wanting = _too_few(promised, will, start, end)
    signatures = SignedGap.objects.filter(schedule=schedule, starts_at__lt=end, ends_at__gt=start)
    signed = [(one.starts_at, one.ends_at) for one in signatures]
    left = without_spans(wanting, signed)
    known = union((gap.starts_at, gap.ends_at) for gap in before)
    found = []
    for gap in left:
        inside = any(low <= gap.starts_at and gap.ends_at <= high for low, high in known)
        found.append(Uncovered(gap.starts_at, gap.ends_at, gap.people, inside))
    return found, sum(not without_spans([gap], signed) for gap in wanting)


def _too_few(schedule: Schedule, tiles: Iterable[Tile], start: datetime, end: datetime) -> list[Count]:
    """Return the gaps, those that touch made one where as many people are on call."""
    wanted = needs.needed(schedule, start, end, needs.observing()) or []
    return [one for one in counts(counted(tiles), wanted) if one.people < schedule.at_least]


def _over(promised: Schedule, tiles: Iterable[Tile], start: datetime, end: datetime) -> list[Count]:
    if promised.at_most is None:
        return []
    return too_many(counted(tiles), [(start, end)], at_most=promised.at_most)


def counted(tiles: Iterable[Tile]) -> list[Tile]:
    """Return who counts towards what is needed: a secondary is asked later, a shadow is only told."""
    return [tile for tile in tiles if tile.role == needs.COUNTED]


def _changes(
    was: Sequence[Tile], will: Sequence[Tile], people: dict[str, Person], start: datetime, end: datetime
) -> list[PersonChange]:
    found = [
        PersonChange(people[one.person], one.role, one.gained, one.lost)
        for one in difference(was, will, start=start, end=end)
    ]
    return sorted(found, key=lambda one: (one.person.name, one.role))


def _clashes(after: Computed, schedule: Schedule, start: datetime, end: datetime) -> list[Clash]:
    return [
        Clash(after.people[tile.person], tile.role, max(tile.starts_at, start), min(tile.ends_at, end), tile.why)
        for tile in sorted(after.by_schedule[schedule.pk].missing, key=lambda tile: tile.starts_at)
        if tile.starts_at < end and start < tile.ends_at
    ]


def _loads(
    was: Sequence[Tile], will: Sequence[Tile], people: dict[str, Person], start: datetime, end: datetime
) -> list[Load]:
    before, after = _spans(was, start, end), _spans(will, start, end)
    loads = []
    for pk in before.keys() | after.keys():
        old, new, zone = before.get(pk, []), after.get(pk, []), people[pk].zone
        small = [hours_of(spans, zone=zone, holidays=()).after_midnight for spans in (old, new)]
        loads.append(Load(people[pk], _length(old), _length(new), *small))
    return sorted(loads, key=lambda load: load.person.name)


def _spans(tiles: Iterable[Tile], start: datetime, end: datetime) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for tile in tiles:
        low, high = max(tile.starts_at, start), min(tile.ends_at, end)
        if low < high and tile.role != Role.SHADOW:
            found.setdefault(tile.person, []).append((low, high))
    return {pk: union(spans) for pk, spans in found.items()}


def _promises(schedule: Schedule, promised: Schedule) -> list[str]:
    before, after = promise_words(schedule), promise_words(promised)
    words = [f"It promises {after}; until now {before}."] if before != after else []
    if schedule.skill != promised.skill:
        words.append(f"It is called for {promised.skill or 'nothing in particular'}.")
    return words


def promise_words(schedule: Schedule) -> str:
    """Return, say, "2 people at every instant", "nobody at any time"."""
    if schedule.needs == Schedule.Needs.NOBODY:
        return "nobody at any time" if schedule.at_most is None else f"at most {_people(schedule.at_most)}"
    when = "every observing minute" if schedule.needs == Schedule.Needs.NIGHT else "at every instant"
    if schedule.at_most is None:
        return f"{_people(schedule.at_least)} or more {when}"
    if schedule.at_most == schedule.at_least:
        return f"{_people(schedule.at_least)} {when}"
    return f"{schedule.at_least} to {_people(schedule.at_most)} {when}"


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())
