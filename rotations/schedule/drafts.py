"""Draw what a schedule would become, for all to see; coverage reviews and publishes it (R27)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from oncall.people import access
from oncall.people.models import Membership, Person, Team
from rotations.schedule.models import Draft, Rotation, Schedule
from rotations.schedule.spec import (
    BadSpec,
    PlaceSpec,
    RotationSpec,
    ScheduleSpec,
    as_json,
    fingerprint,
    plan_spec,
    spec_of,
    with_ids,
)

DRAWN_FROM = "drawn_from"  # in the body: the fingerprint of what the schedule was


class NotAllowed(Exception):
    """Only the pilot and administrators draw and publish. The message is fit to show."""


class NoLongerOpen(Exception):
    """The draft was published or discarded meanwhile. The message is fit to show."""


def open_drafts() -> QuerySet[Draft]:
    """Every draft that is neither published nor discarded, newest first."""
    return Draft.objects.filter(published_at__isnull=True, discarded_at__isnull=True).select_related("schedule", "by")


def open_draft(schedule: Schedule) -> Draft | None:
    return open_drafts().filter(schedule=schedule).first()


def spec_of_draft(draft: Draft) -> ScheduleSpec:
    """
    :raises BadSpec: if what it keeps cannot be read any more.
    """
    from rotations.schedule.reading import parse  # noqa: PLC0415 -- 4 MB, for loops only where a draft is open

    return parse(draft.body)


def is_stale(draft: Draft) -> bool:
    """Say whether the schedule's own rules have changed since the draft was drawn."""
    drawn_from: str = draft.body[DRAWN_FROM]
    return drawn_from != fingerprint(spec_of(draft.schedule))


def drawn(schedule: Schedule) -> ScheduleSpec:
    """Return what is drawn of a schedule: its open draft, else the schedule as it is."""
    draft = open_draft(schedule)
    return spec_of_draft(draft) if draft else spec_of(schedule)


@transaction.atomic
def save_draft(*, schedule: Schedule, spec: ScheduleSpec, by: Person, now: datetime) -> Draft:
    """Keep `spec` as the open draft of its schedule, in the place of what was drawn before.

    :raises NotAllowed: unless `by` is the pilot or an administrator.
    :raises BadSpec: by path, if it could not be published: somebody left, an order too short.
    """
    check_allowed(by, now=now)
    Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    spec = with_ids(spec)
    plan_spec(schedule, spec, now=now)
    present = open_draft(schedule)
    drawn_from = present.body[DRAWN_FROM] if present else fingerprint(spec_of(schedule))
    body: dict[str, Any] = {**as_json(spec), DRAWN_FROM: drawn_from}
    if present:
        present.body, present.by = body, by
        present.save(update_fields=["body", "by"])
        return present
    return Draft.objects.create(schedule=schedule, body=body, edition=_edition(schedule), by=by, created_at=now)


@transaction.atomic
def redraw(*, draft: Draft, by: Person, now: datetime) -> Draft:
    """Draw the draft anew upon the schedule as it is now: it then says what it said, whatever was changed meanwhile.

    :raises NotAllowed: unless `by` is the pilot or an administrator.
    :raises NoLongerOpen: if it was published or discarded.
    """
    check_allowed(by, now=now)
    current = locked(draft)
    current.body = {**current.body, DRAWN_FROM: fingerprint(spec_of(current.schedule))}
    current.edition, current.by = _edition(current.schedule), by
    current.save(update_fields=["body", "edition", "by"])
    return current


@transaction.atomic
def discard(*, draft: Draft, by: Person, now: datetime) -> None:
    """Throw a draft away; nothing else changes. Doing it twice changes nothing.

    :raises NotAllowed: unless `by` is the pilot or an administrator.
    """
    check_allowed(by, now=now)
    Draft.objects.filter(pk=draft.pk, published_at__isnull=True, discarded_at__isnull=True).update(discarded_at=now)


def draw_rotation(*, schedule: Schedule, rotation: RotationSpec, by: Person, now: datetime) -> Draft:
    """Draw one rotation, new or changed, into the schedule's draft. Errors as `save_draft`."""
    return save_draft(schedule=schedule, spec=drawn(schedule).having(rotation), by=by, now=now)


@dataclass(frozen=True)
class OutOfStep:
    """A rotation whose people are not those on its team's page any more."""

    rotation: Rotation
    joined: list[Person]
    left: list[Person]


def out_of_step(*, schedule: Schedule | None = None) -> list[OutOfStep]:
    """Return every rotation (or those of one schedule) that differs from the page of the team it takes people from."""
    rotations = Rotation.objects.with_order().filter(team__isnull=False)
    if schedule:
        rotations = rotations.filter(schedule=schedule)
    rows = list(rotations)
    members: dict[Any, dict[Any, Person]] = {}
    teams = {one.team_id for one in rows}
    for row in Membership.objects.filter(team__in=teams, person__is_active=True).select_related("person"):
        members.setdefault(row.team_id, {})[row.person_id] = row.person
    found = []
    for one in rows:
        here = {place.person_id: place.person for place in one.participants.all() if place.left_at is None}
        wanted = members.get(one.team_id, {})
        joined = [person for pk, person in wanted.items() if pk not in here]
        left = [person for pk, person in here.items() if pk not in wanted]
        if joined or left:
            found.append(OutOfStep(one, sorted(joined, key=_name), sorted(left, key=_name)))
    return found


def sync_team(*, rotation: Rotation, by: Person, now: datetime) -> Draft:
    """Draw the rotation with the people of its team's page: joiners last where the order is given, leavers left out.

    Nobody's turn changes before it is published. Errors as `save_draft`.
    """
    spec = drawn(rotation.schedule)
    one = spec.rotation(rotation.pk)
    if one is None or rotation.team is None:
        raise BadSpec({"": [f"{rotation.name} takes its people from no team, or its draft takes it out."]})
    return save_draft(
        schedule=rotation.schedule,
        spec=spec.having(replace(one, people=people_of_team(rotation.team, one))),
        by=by,
        now=now,
    )


def people_of_team(team: Team, one: RotationSpec) -> tuple[PlaceSpec, ...]:
    """Return the places of `one` as the team's page has them: who stays keeps their place, joiners come last."""
    members = list(Person.objects.active().filter(memberships__team=team).order_by("name"))
    wanted = {person.pk for person in members}
    stay = [place for place in one.people if place.person in wanted]
    here = {place.person for place in stay}
    return (*stay, *(PlaceSpec(person.pk) for person in members if person.pk not in here))


def check_allowed(by: Person, *, now: datetime) -> None:
    """
    :raises NotAllowed: unless `by` is the pilot or an administrator.
    """
    if not access.may_configure(by, now=now):
        raise NotAllowed("Only the pilot and administrators change rotations. Ask them.")


def locked(draft: Draft) -> Draft:
    """Return the draft with its schedule and itself locked, in the order that everybody takes.

    :raises NoLongerOpen: if it was published or discarded.
    """
    Schedule.objects.select_for_update(no_key=True).get(pk=draft.schedule_id)
    current = Draft.objects.select_for_update(of=("self",)).select_related("schedule", "by").get(pk=draft.pk)
    if current.published_at:
        raise NoLongerOpen("This draft was published meanwhile. Look at the schedule as it is now.")
    if current.discarded_at:
        raise NoLongerOpen("This draft was discarded meanwhile. Draw it anew if it is still wanted.")
    return current


def _edition(schedule: Schedule) -> int:
    return Schedule.objects.values_list("edition", flat=True).get(pk=schedule.pk)


def _name(person: Person) -> str:
    return person.name
