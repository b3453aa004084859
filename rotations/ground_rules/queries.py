"""Questions about ground rules: whom they bind, who has accepted what, who has not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from oncall.people.models import Person
from rotations.changes.models import Override
from rotations.ground_rules.models import Acceptance, Version
from rotations.schedule.models import Participant


@dataclass(frozen=True)
class Standing:
    """Where one member stands with a version. `accepted_at`: nothing if they have not accepted it."""

    person: Person
    accepted_at: datetime | None


def members(*, now: datetime) -> QuerySet[Person]:
    """Return whom the ground rules bind, by name: who is in a rotation's order, covers now or later, or volunteers.

    Volunteers lie in a room above, which this one does not know: a model there that points at people says whom it binds
    by a class method `bound(now)`, which answers a queryset of their keys (as in oncall/people/leaving.py).
    """
    serving = Participant.objects.filter(Q(left_at__isnull=True) | Q(left_at__gt=now)).values("person")
    covering = Override.objects.active().filter(ends_at__gt=now).values("person")
    whose = Q(pk__in=serving) | Q(pk__in=covering)
    models = {relation.related_model._meta.label: relation.related_model for relation in Person._meta.related_objects}
    for label in sorted(models):
        bound = getattr(models[label], "bound", None)
        if bound is not None:
            whose |= Q(pk__in=bound(now))
    found: QuerySet[Person] = Person.objects.active().filter(whose).order_by("name", "pk")
    return found


def standings(version: Version, *, now: datetime) -> list[Standing]:
    """Return every member with when they accepted `version`, those who have not first. Two queries."""
    accepted = dict(Acceptance.objects.filter(version=version).values_list("person_id", "at"))
    found = [Standing(person, accepted.get(person.pk)) for person in members(now=now)]
    return sorted(found, key=lambda one: (one.accepted_at is not None, one.person.name, one.person.pk))


def missing(version: Version, *, now: datetime) -> QuerySet[Person]:
    """Return the members who have not accepted `version`."""
    return members(now=now).exclude(pk__in=Acceptance.objects.filter(version=version).values("person"))


def accepted_at(version: Version | None, person: Person) -> datetime | None:
    """Return when `person` accepted `version`; nothing if never."""
    if version is None:
        return None
    return Acceptance.objects.filter(version=version, person=person).values_list("at", flat=True).first()


def is_member(person: Person, *, now: datetime) -> bool:
    return members(now=now).filter(pk=person.pk).exists()


def history() -> Iterable[Acceptance]:
    """Return every acceptance with its version and person, the latest first."""
    return Acceptance.objects.select_related("version", "person").order_by("-at", "pk")
