"""Put somebody else on call for a span, and take that back."""

from datetime import UTC, datetime

from django.db import transaction

from oncall.people.models import Person
from rotations.changes import queries
from rotations.changes.models import Override
from rotations.schedule.models import Rotation, Schedule


class OverrideRefused(Exception):
    """Why an override cannot be. The message is fit to show; `field` says where."""

    field = "__all__"


class EmptySpan(OverrideRefused):
    """It ends before or when it starts."""

    field = "ends_at"


class InThePast(OverrideRefused):
    """It is over already: who was on call cannot be changed."""

    field = "ends_at"


class NothingToOverride(OverrideRefused):
    """The schedule has no rotation for that role."""

    field = "role"


class CannotCover(OverrideRefused):
    """The person has left."""

    field = "person"


class Overlap(OverrideRefused):
    """Somebody already covers some of that span."""

    field = "starts_at"


class NotAllowed(OverrideRefused):
    """Only the person who takes it, the pilot, a manager or an administrator may."""

    field = "person"


@transaction.atomic
def override(
    *,
    schedule: Schedule,
    role: str,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    by: Person,
    now: datetime,
) -> Override:
    """Let `person` be on call in `role` for `[starts_at, ends_at)`, whoever's turn it is.

    It may have begun a while ago, but not be over.

    :raises OverrideRefused: one of the above, saying what stands in the way.
    """
    # One at a time per schedule, so that the overlap can be named; the constraint stands behind it.
    Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
    if ends_at <= starts_at:
        raise EmptySpan("An override must end after it starts. Choose a later end.")
    if ends_at <= now:
        raise InThePast("That span is over, and who was on call in it cannot be changed. Choose a later end.")
    if not Rotation.objects.filter(schedule=schedule, role=role).exists():
        raise NothingToOverride(f"{schedule.name} has no {role} rotation. Choose a role it has.")
    if not person.is_active:
        raise CannotCover(f"{person.name} has left and cannot be on call. Choose somebody else.")
    if not queries.may_override(by, person=person, now=now):
        raise NotAllowed("You may take a span yourself. To put somebody else on call, ask the pilot or a manager.")
    other = (
        Override.objects.active()
        .filter(schedule=schedule, role=role, starts_at__lt=ends_at, ends_at__gt=starts_at)
        .select_related("person")
        .first()
    )
    if other:
        raise Overlap(f"{other.person.name} already covers {_words(other)}. Cancel that first, or choose another span.")
    return Override.objects.create(
        schedule=schedule,
        role=role,
        person=person,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        by=by,
        created_at=now,
    )


@transaction.atomic
def cancel(*, override: Override, by: Person, now: datetime) -> Override:
    """Take an override back from `now` on; what it covered until now stays. Doing it twice changes nothing.

    :raises NotAllowed: if `by` neither takes it, made it, nor may arrange.
    :raises InThePast: if it is over.
    """
    current = Override.objects.select_for_update().get(pk=override.pk)
    if current.cancelled_at:
        return current
    if not queries.may_cancel(by, override=current, now=now):
        raise NotAllowed("Only who takes this override, who made it, the pilot or a manager may cancel it. Ask them.")
    if current.ends_at <= now:
        raise InThePast("This override is over, and who was on call in it cannot be changed.")
    current.cancelled_at = now
    current.save(update_fields=["cancelled_at"])
    return current


def _words(override: Override) -> str:
    """Return, say, "Mon 22 Mar 20:00 to 23:00 UTC"."""
    start, end = override.starts_at.astimezone(UTC), override.ends_at.astimezone(UTC)
    until = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%a} {end.day} {end:%b %H:%M}"
    return f"{start:%a} {start.day} {start:%b %H:%M} to {until} UTC"
