"""Write down who worked in an incident, for the ledger below (domain.md 5.7).

A role is an act, as a note is: it opens a call-out only where a page called that person, for one of the incident's
alarms or because it had no commander, and they have not stood down long since. Whoever joins in without being called
counts their hours by hand. A call-out ends for the incident when they have no role left, or when it is over.
"""

from collections.abc import Iterable
from datetime import datetime

from incidents.alarms import evidence as alarm_evidence
from incidents.alarms.models import Alarm
from incidents.command.labels import label
from incidents.command.models import Incident
from incidents.command.roles import Role
from oncall.paging import queries as paging
from oncall.paging.models import Page, PageQuerySet
from oncall.people.models import Person
from rotations.leave import services as leave
from rotations.leave.models import Evidence
from rotations.leave.spans import Kind


def subject(incident: Incident) -> str:
    """What evidence of work is filed under."""
    return f"incident:{incident.pk}"


def lock(people: Iterable[Person]) -> None:
    """Hold the leave of all these, before any of it is written (docs/architecture.md: locks are taken in one order)."""
    leave.lock(people=people)


def acted(incident: Incident, person: Person, *, kind: Kind, text: str, now: datetime) -> None:
    """Somebody did something in it; what they were called by is written before.

    Others read the ledger, which keeps what it has: so `text` never quotes what people wrote, as any incident may be
    restricted later. Of a restricted one it learns that somebody worked, never what on (R43).
    """
    if incident.restricted:
        text = f"Worked in incident {incident.number}."
    _called(incident, person, now=now)
    _record(incident, person, kind, text, at=now, now=now)


def _called(incident: Incident, person: Person, *, now: datetime) -> None:
    """Write down what calls them to what they do now: the first page since they stood down from it or from its alarms.

    Where there is none, but they stood down from an alarm alone, and a short while ago, they are called by what called
    them then, from now on: between the two they did nothing.
    """
    pages = Page.objects.filter(links__alarm__incident_links__incident=incident, person=person)
    since = leave.called_since(now=now)
    stood_down = alarm_evidence.last_ended_at([subject(incident)], person)
    answered = alarm_evidence.last_ended_at((alarm.subject for alarm in _alarms(incident)), person)
    after = max(one for one in (since, stood_down, answered) if one)
    if paged_at := paging.first_accepted_at(pages, after=after):
        _record(incident, person, "page", f"Paged for incident {incident.number}.", at=min(paged_at, now), now=now)
    elif answered and answered == after and _is_back(incident, person, pages, answered, now=now):
        _record(incident, person, "called", f"Called for incident {incident.number} before.", at=now, now=now)


def _is_back(incident: Incident, person: Person, pages: PageQuerySet, answered: datetime, *, now: datetime) -> bool:
    back = leave.is_back_at(person=person, subject=subject(incident), stood_down_at=answered, now=now)
    return back and paging.first_accepted_at(pages, after=leave.called_since(now=now)) is not None


def _alarms(incident: Incident) -> Iterable[Alarm]:
    return Alarm.objects.filter(incident_links__incident=incident).only("pk")


def took(incident: Incident, person: Person, role: Role, *, now: datetime) -> None:
    acted(incident, person, kind="role", text=f"{label(role)} of incident {incident.number}.", now=now)


def left(incident: Incident, person: Person, *, handed_over: bool, now: datetime) -> None:
    """They have no role in it any more: as far as it goes, their work ends here."""
    kind: Kind = "hand_over" if handed_over else "stand_down"
    _record(incident, person, kind, f"No role in incident {incident.number} any more.", at=now, now=now)


def over(incident: Incident, person: Person, *, now: datetime) -> None:
    """The incident is over, and with it the work of everybody who had a role in it."""
    _record(incident, person, "over", f"Incident {incident.number} is over.", at=now, now=now)


def engaged(incident: Incident) -> list[Person]:
    """Return everybody of whom there is evidence that they worked in it, in the order of their ids."""
    known = Evidence.objects.filter(subject=subject(incident))
    return list(Person.objects.filter(pk__in=known.values("person")).order_by("pk"))


def _record(incident: Incident, person: Person, kind: Kind, text: str, *, at: datetime, now: datetime) -> None:
    leave.record(person=person, at=at, kind=kind, subject=subject(incident), text=text, url=incident.path, now=now)
