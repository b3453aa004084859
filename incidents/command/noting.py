"""What people write into a timeline, with all that goes with it: a picture, and word to whom it names."""

from datetime import datetime

from django.db import transaction

from incidents.command import formatting, pictures, services
from incidents.command.assigning import address, title_of
from incidents.command.models import Entry, Incident
from incidents.command.writing import LONGEST_TEXT, Refused, lock, write
from oncall.paging import services as paging
from oncall.people.models import Person

MOST_NAMED = 20  # people told of one line; more is a crowd, and has a page of its own
LONGEST_NOTICE = 300


def speak(
    *,
    incident: Incident,
    kind: str,
    text: str,
    by: Person,
    now: datetime,
    image: bytes | None = None,
    corrects: Entry | None = None,
    key: str = "",
) -> Entry:
    """Write a line as somebody typed it, perhaps with an image; whoever it names by @username is told, once.

    `key`: of the press, so that one made twice writes once. A message to the community that went out elsewhere is
    written down as `update`.

    :raises Refused: naming the field.
    """
    text = text.replace("\x00", "")
    rewritten = pictures.rewrite(image) if image else None  # before any lock: decoding takes its time
    with transaction.atomic():
        current = lock(incident)
        picture = pictures.keep(current, rewritten, by=by, now=now) if rewritten else None
        if kind == Entry.Kind.UPDATE:
            entry = _sent(current, text, by=by, now=now, key=key)
        else:
            entry = services.say(
                incident=current, kind=kind, text=text, by=by, now=now, corrects=corrects, picture=picture, key=key
            )
        if picture is not None and entry.picture_id != picture.pk:
            picture.delete()  # pressed twice: the first one stands
        tell(entry, now=now)
    return entry


def tell(entry: Entry, *, now: datetime) -> list[Person]:
    """Tell everybody whom a line names, if they may see it. Twice is once. Returns whom it names, but its writer."""
    named = people_named(entry.text, entry.incident)
    told = [person for person in named if person.pk != entry.person_id][:MOST_NAMED]
    who = entry.person.name if entry.person else "Somebody"
    for person in told:
        said = f"{who} names you in {title_of(entry.incident)}"
        if not entry.incident.restricted:
            said += f": {' '.join(entry.text.split())[:LONGEST_NOTICE]}"
        link = address(entry.incident)
        paging.notice(key=f"named:{entry.pk}:{person.pk}", person=person, text=f"{said} {link}", now=now)
    return told


def people_named(text: str, incident: Incident) -> list[Person]:
    """Return the people whom @names in `text` mean and who may see the incident, by name."""
    usernames = formatting.mentions(text)
    found = list(Person.objects.filter(username__in=usernames, is_active=True)) if usernames else []
    if not incident.restricted:
        return found  # everybody may see it
    return [person for person in found if Incident.objects.visible_to(person).filter(pk=incident.pk).exists()]


def _sent(current: Incident, text: str, *, by: Person, now: datetime, key: str) -> Entry:
    """
    :raises Refused: if it is empty, or longer than a line may be.
    """
    if not text.strip():
        raise Refused("text", "The line is empty. Write what was sent, and to whom.")
    if len(text) > LONGEST_TEXT:
        raise Refused("text", f"That is over {LONGEST_TEXT} characters. Write where the message can be read.")
    once = f"said:{by.pk}:{key}" if key else ""
    return write(current, Entry.Kind.UPDATE, text.strip(), now=now, person=by, key=once)
