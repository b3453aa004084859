"""Questions about channels in Slack: whose account is whose, who belongs into one, what waits."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet

from incidents.command.formatting import mentions
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.mirror.models import Line, Mirror
from oncall.paging.models import ContactMethod
from oncall.people.models import Person

OVER = frozenset({"closed", "false_alarm", "merged"})  # nothing is said there any more: the channel is archived


def is_offered() -> bool:
    """Whether this portal mirrors incidents at all: the setting says so, and Slack is set up."""
    return bool(settings.SLACK and settings.SLACK_INCIDENTS != "off")


def wanting() -> QuerySet[Incident]:
    """Return live incidents that get a channel by the setting and have none. A restricted one is pressed, always."""
    live = Incident.objects.live().filter(mirror__isnull=True, restricted=False)
    if settings.SLACK_INCIDENTS == "major":
        return live.filter(severity__lte=2)
    return live if settings.SLACK_INCIDENTS == "all" else live.none()


def roused() -> QuerySet[Mirror]:
    """Return channels that rest and should not: archived ones whose incident was opened again, and stopped ones that
    everybody can read though their incident is restricted now (R43).
    """
    back = Q(state=Mirror.State.ARCHIVED, incident__state__in=LIVE)
    public = Q(state=Mirror.State.STOPPED, private=False, incident__restricted=True) & ~Q(channel="")
    return Mirror.objects.filter(back | public, next_due__isnull=True)


def mirror_of(incident: Incident) -> Mirror | None:
    return Mirror.objects.filter(incident=incident).first()


def waiting(mirror: Mirror) -> QuerySet[Line]:
    """Return what is still to be said, in order."""
    return mirror.lines.filter(left_out=False, shown_edition__lt=F("edition")).order_by("pk")


def person_of(user: str) -> Person | None:
    """Return whose Slack account this is: the one active person who has proved it."""
    known = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.SLACK, address=user, person__is_active=True)
    people = {one.person for one in known.select_related("person") if one.proved}
    return people.pop() if len(people) == 1 else None


def accounts_of(people: Collection[UUID]) -> dict[str, UUID]:
    """Return the proved Slack accounts of these people, each with whose it is; one of two people is nobody's."""
    rows = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.SLACK, person__in=people)
    found: dict[str, UUID] = {one.address: one.person_id for one in rows.order_by("created_at") if one.proved}
    shared = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.SLACK, address__in=found)
    for one in shared:
        if one.proved and one.address in found and found[one.address] != one.person_id:
            del found[one.address]
    return found


def accounts_by_username(texts: Iterable[str]) -> dict[str, str]:
    """Return the account of each person whom these texts mention, by username in small letters."""
    named: set[str] = set()
    for text in texts:
        named |= mentions(text)
    people = dict(Person.objects.active().filter(username__in=named).values_list("pk", "username")) if named else {}
    return {people[person].lower(): user for user, person in accounts_of(list(people)).items()}


def people_of(incident: Incident) -> list[Person]:
    """Return who belongs into its channel: who declared it, has or had a role in it, is named or mentioned there; of
    those, who may see it.
    """
    named: set[str] = set()
    for text in incident.entries.filter(Q(text__contains="@")).values_list("text", flat=True):
        named |= mentions(text)
    is_one = Q(incident_roles__incident=incident) | Q(username__in=named)
    if incident.declared_by_id:
        is_one |= Q(pk=incident.declared_by_id)
    members = incident.members.values("person")
    people = Person.objects.active().filter(is_one | Q(pk__in=members)).distinct()
    if not incident.restricted:
        return list(people)
    return [one for one in people if Incident.objects.visible_to(one).filter(pk=incident.pk).exists()]


def may_read(incident: Incident, user: str) -> bool:
    """Whether whose Slack account this is may see the incident; a stranger may not, where it is restricted."""
    person = person_of(user)
    if person is None:
        return not incident.restricted
    return Incident.objects.visible_to(person).filter(pk=incident.pk).exists()


def entry_of(incident: Incident, nth: int) -> Entry | None:
    return incident.entries.filter(nth=nth).first()


def anything_to_do(*, now: datetime) -> bool:
    return Mirror.objects.due(now).exists()
