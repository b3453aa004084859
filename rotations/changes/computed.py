"""Absences that nobody enters: a rule makes, moves and ends them (domain.md 5.8).

The rule is kept by whoever holds other locks already, on the way of a page. So nothing here waits: where a schedule is
being changed or stored at this moment, the caller hears so and comes again.
"""

from datetime import datetime

from oncall.people.models import Person
from rotations.changes import services
from rotations.changes.models import Absence
from rotations.changes.words import Span
from rotations.schedule.models import Schedule


def lock_schedules(*, person: Person, now: datetime) -> list[Schedule] | None:
    """Lock every schedule in which `person` takes turns or covers; None: one is held by another, and none waited for.

    What was locked stays so until the transaction ends.
    """
    wanted = list(services.schedules_of(person, now).order_by("pk").values_list("pk", flat=True).distinct())
    free = Schedule.objects.filter(pk__in=wanted).select_for_update(no_key=True, skip_locked=True)
    locked = list(free.order_by("pk"))
    return locked if len(locked) == len(wanted) else None


def keep(*, absence: Absence | None, person: Person, span: Span | None, now: datetime) -> Absence | None:
    """Let what is ahead of `absence` be `span`, or nothing; return the absence that says so, or said so last.

    What was until now stays. One that says so already is not touched, so doing it twice changes nothing. The person's
    schedules must be locked.
    """
    standing = absence if absence and absence.cancelled_at is None and absence.ends_at > now else None
    ahead = (max(standing.effective_from, now), standing.ends_at) if standing else None
    wanted = (max(span[0], now), span[1]) if span and span[1] > now else None
    if ahead == wanted:
        return absence
    if standing:
        standing.cancelled_at = now
        standing.save(update_fields=["cancelled_at"])
    if span and wanted:
        absence = Absence.objects.create(
            person=person,
            kind=Absence.Kind.REST,
            source=Absence.Source.REST,
            starts_at=span[0],
            ends_at=span[1],
            created_at=now,
        )
    services.touch_for(person, now=now)
    return absence
