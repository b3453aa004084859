"""Say otherwise what an incident is: title, summary, product, room, when the impact began; who may read it.

Each change is a line that says what it was and what it is, so that nothing of its history is lost.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from incidents.command import calling, evidence, liaison, queries
from incidents.command.assigning import title_of
from incidents.command.lifecycle import LIVE, WORDS
from incidents.command.models import Entry, Incident, Member
from incidents.command.writing import Refused, because, lock, state_of, write
from oncall.paging import services as paging
from oncall.people import access
from oncall.people.instants import EARLIEST
from oncall.people.models import Person

LONGEST = {"title": 200, "summary": 4000, "product": 120, "room": 1000}  # characters, as the columns hold
SHOWN = 120  # characters of a text that a line quotes; all of it is in what the line says to programs


class Changes(TypedDict, total=False):
    """What is to be otherwise; what is left out stays. `impact_starts_at` None: not known yet. `room`: an address."""

    title: str
    summary: str
    product: str
    room: str
    impact_starts_at: datetime | None


@transaction.atomic
def edit(*, incident: Incident, changes: Changes, by: Person, now: datetime, version: int | None = None) -> Incident:
    """Change what is said about an incident that is not closed. What is the same already is no line.

    :raises Refused: naming the field; nothing has changed then.
    :raises Moved: if it is no longer at `version`.
    """
    current = lock(incident, version=version)
    if current.state in ("closed", "merged"):
        raise Refused("title", f"{current} is {WORDS[state_of(current)]}; what it says stays. Reopen it first.")
    texts = {name: _text(name, str(changes[name])) for name in LONGEST if name in changes}  # type: ignore[literal-required]
    changed = [name for name, text in texts.items() if text != getattr(current, name)]
    for name in changed:
        was, text = getattr(current, name), texts[name]
        setattr(current, name, text)
        line = f"{by.name} changed the {name}: {_quoted(was)} is now {_quoted(text)}."
        write(current, Entry.Kind.CHANGED, line, now=now, person=by, said={"field": name, "was": was, "is": text})
    if "impact_starts_at" in changes and changes["impact_starts_at"] != current.impact_starts_at:
        _impact(current, changes["impact_starts_at"], by=by, now=now)
        changed.append("impact_starts_at")
    if not changed:
        return current
    current.version += 1
    current.save(update_fields=[*changed, "version"])
    if current.state in LIVE:
        evidence.acted(current, by, kind="note", text=f"Said otherwise what incident {current.number} is.", now=now)
    return current


@transaction.atomic
def restrict(
    *, incident: Incident, by: Person, now: datetime, why: str = "", leave_out: Collection[UUID] = ()
) -> Incident:
    """From now on only whom it names may see it: it is about security (R43). Twice is once.

    Whoever presses stays in; so does everybody who has or had a role, and whoever is at work in it (queries.unnamed),
    but those of them in `leave_out`, who are told. What was sent out before is out; what still stands where all read
    it, calls into it, names it by its number alone.
    """
    current = lock(incident)
    if current.restricted:
        return current
    current.restricted, current.version = True, current.version + 1
    current.save(update_fields=["restricted", "version"])
    at_work = [one for one in queries.unnamed(current) if one.pk != by.pk]
    stay = [one for one in at_work if one.pk not in leave_out]
    out = [one for one in at_work if one.pk in leave_out]
    for person in (by, *stay):
        Member.objects.get_or_create(incident=current, person=person, defaults={"by": by, "at": now})
    text = f"{by.name} restricted it: only whom it names may see it now."
    text += f" At work in it, and so named: {', '.join(one.name for one in stay)}." if stay else ""
    text += f" At work in it until now: {', '.join(one.name for one in out)}." if out else ""
    text = because(text, why)
    write(current, Entry.Kind.CHANGED, text, now=now, person=by, said={"field": "restricted", "was": False, "is": True})
    calling.unname(current, now=now)
    _tell_above(current, now=now)
    for person in out:
        told = f"{by.name} restricted {title_of(current)}, and you do not see it any more. Ask them before you go on."
        key = f"incident:out:{current.pk}:{current.version}:{person.pk}"
        paging.notice(key=key, person=person, text=told, now=now)
    return current


@transaction.atomic
def open_up(*, incident: Incident, by: Person, now: datetime, why: str) -> Incident:
    """Let everybody see it, with all that was written in it. Twice is once. From now on the community is told of it: a
    major one that is live has the support steward on duty as its external liaison, if nobody is.

    :raises Refused: naming the field: only the commander, whoever declared it, the pilot or an administrator may, and
        says why.
    """
    current = lock(incident)
    if not current.restricted:
        return current
    has = queries.command_of(current)
    allowed = by.pk in (current.declared_by_id, has.person_id if has else None)
    if not allowed and not access.may_configure(by, now=now):
        raise Refused("why", "The commander, whoever declared it, the pilot or an administrator opens it. Ask them.")
    if not why.strip():
        raise Refused("why", "Say why everybody may read it now, such as: the hole is closed and published.")
    current.restricted, current.version = False, current.version + 1
    current.save(update_fields=["restricted", "version"])
    text = because(f"{by.name} opened it: everybody signed in may see it.", why)
    write(current, Entry.Kind.CHANGED, text, now=now, person=by, said={"field": "restricted", "was": True, "is": False})
    _tell_above(current, now=now)
    liaison.give(current, liaison.steward(current, now=now), now=now)
    return current


def _tell_above(incident: Incident, *, now: datetime) -> None:
    """Let rooms above do what follows from who may see it: settings.RESTRICTION_FOLLOWS."""
    for name in settings.RESTRICTION_FOLLOWS:
        import_string(name)(incident, now=now)


def _text(name: str, text: str) -> str:
    """
    :raises Refused: if it cannot be kept, naming the field.
    """
    text = text.replace("\x00", "").strip()
    text = text if name == "summary" else " ".join(text.split())
    if len(text) > LONGEST[name]:
        raise Refused(name, f"That is over {LONGEST[name]} characters. Say it shorter, and the rest in a note.")
    if name == "title" and not text:
        raise Refused(name, "Say in a few words what is wrong, such as: no alerts since 02:10.")
    if name == "room" and text and not is_address(text):
        raise Refused(name, f"“{text[:60]}” is no address of a room. Write one that begins with https:// or http://.")
    return text


def is_address(text: str) -> bool:
    """Say whether `text` is an address that a browser may be sent to: http or https, and a host."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        return known and text.isprintable() and not any(sign in text for sign in " <>\"'\\`")
    except ValueError:
        return False


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return f"“{words[:SHOWN]}{'…' if len(words) > SHOWN else ''}”" if words else "nothing"


def _impact(current: Incident, at: datetime | None, *, by: Person, now: datetime) -> None:
    """
    :raises Refused: if it cannot have begun then.
    """
    if at is not None and at < EARLIEST:
        raise Refused("impact_starts_at", f"The impact cannot have begun before {EARLIEST:%Y}. Write when it began.")
    if at is not None and at > now:
        raise Refused("impact_starts_at", "The impact cannot begin in the future. Write when it began, or nothing.")
    if at is not None and current.resolved_at is not None and at > current.resolved_at:
        over = f"{current.resolved_at:%d %b %H:%M}"
        raise Refused("impact_starts_at", f"It was over at {over} UTC: the impact began before. Write when.")
    was, current.impact_starts_at = current.impact_starts_at, at
    said = {"field": "impact_starts_at", "was": was.isoformat() if was else None, "is": at.isoformat() if at else None}
    last = current.entries.filter(kind=Entry.Kind.IMPACT).order_by("-nth").first()
    if at is None:
        text = f"{by.name}: it is not known when the impact began."
        write(current, Entry.Kind.CHANGED, text, now=now, person=by, corrects=last, said=said)
    else:
        write(current, Entry.Kind.IMPACT, "The impact began.", at=at, now=now, person=by, corrects=last, said=said)
