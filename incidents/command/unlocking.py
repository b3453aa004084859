"""A restricted incident that the pilot or an administrator does not see: opened, or given to somebody, by its number.

They read nothing of it by that, say why, and a line of its timeline keeps it: so none is locked for good when those
whom it names have left (R43). Source: domain.md 3.1.
"""

from datetime import datetime

from django.db import transaction

from incidents.command.assigning import address, title_of
from incidents.command.models import Entry, Incident, Member
from incidents.command.writing import Refused, because, lock, write
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.people import access
from oncall.people import queries as people
from oncall.people.models import Person


def out_of_sight(number: int, *, of: Person, now: datetime) -> Incident | None:
    """Return the restricted incident of this number if `of` may open it and does not see it; None: another, or none."""
    if not of.is_active or not access.may_configure(of, now=now):
        return None
    found = Incident.objects.filter(number=number, restricted=True)
    return found.exclude(pk__in=Incident.objects.naming(of).values("pk")).first()


@transaction.atomic
def name(*, incident: Incident, person: Person, by: Person, why: str, now: datetime) -> Incident:
    """Let somebody see an incident that one may not see oneself; they are told. Twice is once.

    :raises Refused: naming the field: only the pilot or an administrator may, says why, and names somebody who is here.
    """
    if not access.may_configure(by, now=now):
        raise Refused("person", "The pilot or an administrator names somebody in what they do not see. Ask them.")
    if not person.is_active:
        raise Refused("person", f"{person.name} has left. Choose somebody else.")
    if not why.strip():
        raise Refused("why", "Say why they may see it, such as: whoever it names has left.")
    current = lock(incident)
    row, created = Member.objects.get_or_create(incident=current, person=person, defaults={"by": by, "at": now})
    if created:
        text = because(f"{by.name}, who does not see it, let {person.name} see it.", why)
        write(current, Entry.Kind.NOTE, text, now=now, person=by)
        told = f"{by.name} lets you see {title_of(current)} from now on. {address(current)}"
        paging.notice(key=f"incident:named:{row.pk}", person=person, text=told, now=now)
    return current


def keep(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Every half minute: tell the pilot, else the administrators, of restricted incidents that nobody who is here can
    read. Returns how many. One query where there is none.
    """
    found = list(Incident.objects.locked().order_by("number")[:at_most])
    first = people.pilot(now=now) if found else None
    told = [first] if first else list(people.administrators()) if found else []
    for incident in found:
        text = (
            f"Nobody who is here can read {title_of(incident)}, which is restricted: whoever it names has left. Open"
            f" it, or name somebody: {address(incident)}restrict/"
        )
        for person in told:
            key = f"incident:locked:{incident.pk}:{incident.version}:{person.pk}"
            paging.notice(key=key, person=person, text=text, now=now)
    return len(found)
