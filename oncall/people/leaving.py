"""Somebody leaves, or comes back."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from oncall.people.models import ApiToken, Person, RoleTerm, Team

SHOWN = 5  # of what somebody holds, in a message


class StillNeeded(Exception):
    """Somebody else must take over first. The message says what, and is fit to show."""


def what_they_hold(*, person: Person, now: datetime) -> list[str]:
    """Return, in words, what would be left without anybody: places in rotations, spans they cover, steps of policies.

    It lies in rooms above, which this one does not know: a model there that points at people says what is theirs by a
    class method `held_by(person, now)`, which answers words such as "a place in Triage West".
    """
    models = {relation.related_model._meta.label: relation.related_model for relation in Person._meta.related_objects}
    held: list[str] = []
    for label in sorted(models):
        held_by = getattr(models[label], "held_by", None)
        if held_by is not None:
            held += held_by(person, now)
    return held


@transaction.atomic
def deactivate(*, person: Person, by: Person, now: datetime) -> None:
    """Close the account: no sign-in, no page, no token any more. What they did stays theirs. Twice changes nothing.

    :raises StillNeeded: if they lead a team, are or will be the pilot, are the last administrator, hold something in
        rotations or policies, or are `by`.
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
    held = what_they_hold(person=person, now=now)
    if held:
        shown = ", ".join(held[:SHOWN]) + (f" and {len(held) - SHOWN} more" if len(held) > SHOWN else "")
        raise StillNeeded(
            f"{person.name} still holds {shown}. Hand that over first, with Hand over on their page, or give it to "
            "somebody else where it is; then close the account."
        )
    Person.objects.filter(pk=person.pk).update(is_active=False)
    ApiToken.objects.filter(person=person, revoked_at__isnull=True).update(revoked_at=now)
    _tell(person, now)


@transaction.atomic
def reactivate(*, person: Person, now: datetime) -> None:
    """Open a closed account again. Tokens stay withdrawn."""
    Person.objects.filter(pk=person.pk).update(is_active=True)
    _tell(person, now)


def _tell(person: Person, now: datetime) -> None:
    """Tell rooms above, in this transaction: a model that points at people may have `person_changed(person, now)`."""
    models = {relation.related_model._meta.label: relation.related_model for relation in Person._meta.related_objects}
    for label in sorted(models):
        changed = getattr(models[label], "person_changed", None)
        if changed is not None:
            changed(person, now)
