"""Somebody leaves, or comes back."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from oncall.people.models import ApiToken, Person, RoleTerm, Team


class StillNeeded(Exception):
    """Somebody else must take over first. The message says what, and is fit to show."""


@transaction.atomic
def deactivate(*, person: Person, by: Person, now: datetime) -> None:
    """Close the account: no sign-in, no page, no token any more. What they did stays theirs. Twice changes nothing.

    :raises StillNeeded: if they lead a team, are or will be the pilot, are the last administrator, or are `by`.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    if person.pk == by.pk:
        raise StillNeeded("You cannot close your own account. Ask another administrator to do it.")
    teams = list(Team.objects.filter(lead=person).values_list("name", flat=True))
    if teams:
        raise StillNeeded(
            f"{person.name} leads {' and '.join(teams)}. Give it another lead first, then close the account."
        )
    pilot = RoleTerm.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now), person=person, role=RoleTerm.Role.PILOT
    )
    if pilot.exists():
        raise StillNeeded(
            f"{person.name} is or will be the pilot. End that role, give it to whoever takes over, "
            "then close the account."
        )
    if person.is_superuser and not Person.objects.active().filter(is_superuser=True).exclude(pk=person.pk).exists():
        raise StillNeeded(f"{person.name} is the last administrator. Make somebody else an administrator first.")
    Person.objects.filter(pk=person.pk).update(is_active=False)
    ApiToken.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now)


@transaction.atomic
def reactivate(*, person: Person) -> None:
    """Open a closed account again. Tokens stay withdrawn."""
    Person.objects.filter(pk=person.pk).update(is_active=True)
