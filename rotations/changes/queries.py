"""Which overrides stand, and who may make one."""

from datetime import datetime

from django.db.models import QuerySet

from oncall.people import access
from oncall.people import queries as people
from oncall.people.models import Person
from rotations.changes.models import Override
from rotations.schedule.models import Schedule


def upcoming(*, schedule: Schedule, now: datetime) -> QuerySet[Override]:
    """Overrides of `schedule` that stand and are not over, soonest first."""
    return (
        Override.objects.active()
        .filter(schedule=schedule, ends_at__gt=now)
        .select_related("person", "by")
        .order_by("starts_at")
    )


def may_arrange(actor: Person, *, now: datetime) -> bool:
    """Put anybody on call for a span: the pilot, managers and administrators."""
    return access.may_configure(actor, now=now) or people.managers(now=now).filter(pk=actor.pk).exists()


def may_override(actor: Person, *, person: Person, now: datetime) -> bool:
    """Whoever takes the span may take it; others only if they may arrange."""
    return actor.pk == person.pk or may_arrange(actor, now=now)


def may_cancel(actor: Person, *, override: Override, now: datetime) -> bool:
    return actor.pk in {override.person_id, override.by_id} or may_arrange(actor, now=now)
