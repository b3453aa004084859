"""Who may do what, as plain predicates. Views ask these; nothing else decides.

The first cut keeps to what a small team needs at night: everybody signed in may read the rota, raise and work an alarm;
configuration is the pilot's and the administrators'; leave is seen by its owner and by managers. Access in
depth comes later.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from oncall.people.models import Person, RoleTerm


def is_pilot(person: Person, *, now: datetime) -> bool:
    return RoleTerm.objects.at(now).filter(person=person, role=RoleTerm.Role.PILOT).exists()


def may_configure(person: Person, *, now: datetime) -> bool:
    """Policies, rotations, sources, people: the pilot's and the administrators' (R27)."""
    return person.is_superuser or is_pilot(person, now=now)


def may_tell_others(person: Person) -> bool:
    """Webhooks send what happens here to other systems: the administrators' alone."""
    return person.is_superuser


def may_edit_contacts(actor: Person, *, owner_id: UUID) -> bool:
    """A person's own numbers and rules are their own; an administrator may help."""
    return actor.is_superuser or actor.pk == owner_id


def may_see_numbers(actor: Person, *, owner_id: UUID) -> bool:
    """Phone numbers are shown whole to their owner and to administrators, masked to others (security.md S14)."""
    return may_edit_contacts(actor, owner_id=owner_id)


def people_whose_leave_is_visible(actor: Person, *, now: datetime) -> QuerySet[Person]:
    """One's own; a manager's teams; everybody's for an administrator or a manager of everybody."""
    people: QuerySet[Person] = Person.objects.all()
    if actor.is_superuser:
        return people
    terms = RoleTerm.objects.at(now).filter(person=actor, role=RoleTerm.Role.MANAGER)
    if terms.filter(team__isnull=True).exists():
        return people
    return people.filter(Q(pk=actor.pk) | Q(memberships__team__in=terms.values("team"))).distinct()


def may_correct_leave(actor: Person, *, owner_id: UUID, now: datetime) -> bool:
    """The person called may correct the own hours with a reason, and so may their manager."""
    return people_whose_leave_is_visible(actor, now=now).filter(pk=owner_id).exists()
