"""The first time somebody signs in."""

from datetime import datetime

from oncall.people.models import Person


def joined(*, person: Person, now: datetime) -> None:
    """Note when an invited person first signed in. Later sign-ins change nothing."""
    Person.objects.filter(pk=person.pk, joined_at__isnull=True).update(joined_at=now)
