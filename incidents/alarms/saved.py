"""Saved views of the list: a name for a query that somebody asks often, their own or everybody's."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from incidents.alarms.models import SavedView
from oncall.people.models import Person

MOST = 30  # of one person; own choice


class ViewRefused(Exception):
    """It cannot be saved. The message is fit to show."""


def of(person: Person) -> list[SavedView]:
    """Return their own views and those that others share."""
    return list(
        SavedView.objects.filter(Q(person=person) | Q(shared=True, person__is_active=True)).select_related("person")
    )


@transaction.atomic
def save(*, person: Person, name: str, query: str, shared: bool, now: datetime) -> SavedView:
    """Keep a view under a name; under one they have used before it takes the other's place.

    :raises ViewRefused: if it has no name, or they have too many.
    """
    name = " ".join(name.replace("\x00", "").split())[:60]
    if not name:
        raise ViewRefused("The view has no name. Write one, such as “Mine, SEV-1 and SEV-2”.")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once must not both take the last place
    mine = SavedView.objects.filter(person=person)
    if not mine.filter(name=name).exists() and mine.count() >= MOST:
        raise ViewRefused(f"You have {MOST} views, which is the most. Remove one first.")
    kept = {"query": query[:2000], "shared": shared}
    view, _ = SavedView.objects.update_or_create(
        person=person, name=name, defaults=kept, create_defaults=kept | {"created_at": now}
    )
    return view


def remove(*, view: SavedView) -> None:
    view.delete()
