"""Take an incident's row as it is, and add lines to its timeline: what every verb here begins and ends with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from incidents.command.lifecycle import WORDS, State
from incidents.command.models import Entry, Incident, Picture
from oncall.people.models import Person

LONGEST_TEXT = 20000


class Refused(Exception):
    """Why it cannot be done like that. The message is fit to show; `field` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Moved(Exception):
    """Somebody else changed the incident meanwhile. The message is fit to show."""


def lock(incident: Incident, *, version: int | None = None) -> Incident:
    """Take the row as it is now.

    :raises Moved: if it is no longer at `version`, which the press was offered for.
    """
    current = Incident.objects.select_for_update(no_key=True).get(pk=incident.pk)
    check_version(current, version)
    return current


def check_version(current: Incident, version: int | None) -> None:
    """
    :raises Moved: as above.
    """
    if version is not None and version != current.version:
        raise Moved(
            f"{current} has changed since you looked: it is {WORDS[state_of(current)]}, SEV-{current.severity}."
        )


def turned(incident: Incident, kind: str, *, now: datetime) -> datetime:
    """Return when a locked incident turned, for its next line of `kind`: `now`, or the instant of the last such line if
    that is later. `now` is read before the lock, and a press that waited for another comes after it with an earlier
    one.
    """
    last = incident.entries.filter(kind=kind).aggregate(last=Max("at"))["last"]
    return max(now, incident.declared_at, last or now)


def write(
    incident: Incident,
    kind: str,
    text: str,
    *,
    now: datetime,
    at: datetime | None = None,
    person: Person | None = None,
    url: str = "",
    key: str = "",
    corrects: Entry | None = None,
    picture: Picture | None = None,
    said: Mapping[str, Any] | None = None,
) -> Entry:
    """Add a line to the timeline of a locked incident; one with a `key` that is there already is left as it is."""
    if key and (known := incident.entries.filter(key=key).first()):
        return known
    last = incident.entries.aggregate(last=Max("nth"))["last"] or 0
    return Entry.objects.create(
        incident=incident, nth=last + 1, kind=kind, at=at or now, written_at=now, person=person,
        text=text[:LONGEST_TEXT], url=url[:1000], key=key, corrects=corrects, picture=picture, said=dict(said or {}),
    )  # fmt: skip


def state_of(incident: Incident) -> State:
    state: State = incident.state  # type: ignore[assignment]  # the column has a constraint
    return state


def because(text: str, why: str) -> str:
    """Return a line, and behind it why, where somebody said so."""
    return f"{text} {why.strip()}".strip()
