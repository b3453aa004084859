"""Verbs about volunteers: put oneself on the list, take oneself off. Nothing here ever pages anybody (R32)."""

from datetime import datetime

from django.db import transaction

from oncall.people.instants import LATEST
from oncall.people.models import Person, Team
from rotations.volunteers import queries
from rotations.volunteers.models import Volunteer


class Refused(Exception):
    """It cannot be done. The message says why and what to do, and is fit to show; `field` is what it is about."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@transaction.atomic
def put(
    *, person: Person, team: Team | None, skill: str, note: str, until: datetime | None, now: datetime
) -> Volunteer:
    """Put `person` on the list for a team or for a skill. What they said of it before is replaced, and stays on record.

    :raises Refused: if it is for both or neither, says nothing about when and how, or ends before it begins.
    """
    skill, note = " ".join(skill.split()), note.strip()
    if (team is None) == (not skill):
        raise Refused("subject", "Asked about: choose one team or one skill.")
    if not note:
        raise Refused("note", "When and how: say when you may be asked and by which way, so that others dare to.")
    if until is not None and not now < until < LATEST:
        raise Refused("until", "Until: that is past or too far away. Choose a later instant, or leave it empty.")
    Person.objects.select_for_update().get(pk=person.pk)  # of two at once the later replaces the earlier
    before = Volunteer.objects.filter(person=person, withdrawn_at__isnull=True)
    before = before.filter(team=team) if team else before.filter(team__isnull=True, skill__iexact=skill)
    before.update(withdrawn_at=now, withdrawn_by=person)
    return Volunteer.objects.create(person=person, team=team, skill=skill, note=note, until=until, created_at=now)


@transaction.atomic
def take_off(*, volunteer: Volunteer, by: Person, now: datetime) -> None:
    """Take somebody off the list. Doing it twice changes nothing.

    :raises Refused: if it is somebody else's to do.
    """
    if not queries.may_take_off(by, volunteer, now=now):
        raise Refused("", f"{volunteer.person.name} takes themselves off, or the pilot does.")
    standing = Volunteer.objects.filter(pk=volunteer.pk, withdrawn_at__isnull=True)
    standing.update(withdrawn_at=now, withdrawn_by=by)
