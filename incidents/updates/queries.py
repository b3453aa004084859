"""Questions about messages: when the next one is due, whose yes one needs, what a template is filled with."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from incidents.command import queries as incidents
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.updates.cadence import Due, Terms, Told, due, must_name
from incidents.updates.models import Audience, Stage, Template, Update
from oncall.limits.queries import Limits
from oncall.outside.mailing_models import Mailing
from oncall.people import access
from oncall.people.models import Person
from rotations.schedule.models import Participant

BY_HAND = ("NAME", "CONTEXT", "FINDING", "ACTION", "START", "END", "REQUEST", "HOURS")
# Lines that a clock is read from: messages, and what starts it.
CLOCKED = Q(kind__in=[Entry.Kind.UPDATE, Entry.Kind.SEVERITY, Entry.Kind.STATE])
CLOCKED |= Q(kind=Entry.Kind.CHANGED, said__field="restricted")
Line = tuple[str, datetime, dict[str, Any]]  # kind, when, what it says to programs
FAILED = (Mailing.State.GIVEN_UP, Mailing.State.UNSURE)


@dataclass(frozen=True)
class Clock:
    """When the next message is due, and whether that is behind us; `must_name`: one sent now names the next one;
    `left`: until it is due, below zero when it is over.
    """

    since: datetime
    due: Due
    over: bool
    must_name: bool
    left: timedelta


def terms(limits: Limits) -> Terms:
    return Terms(limits.span("update_first_s"), limits.span("update_every_s"), limits.span("update_long_after_s"))


def clock_of(incident: Incident, *, now: datetime, limits: Limits) -> Clock | None:
    """Return the clock of an incident; None: it has none, for it is not major, not live, or restricted. One query.

    It starts when the incident is declared, becomes major, is opened again, or is restricted no more. What its timeline
    calls a message sent counts, also one that went out elsewhere.
    """
    return clocks_of([incident], now=now, limits=limits).get(incident.pk)


def clock_by_its_lines(incident: Incident, *, now: datetime, limits: Limits) -> Clock:
    """Return the clock as its timeline has it, whether it runs or not: a promise stands also once it is over."""
    rows = incident.entries.filter(CLOCKED).order_by("nth").values_list("kind", "at", "said")
    return _clock(incident.declared_at, rows, now=now, limits=limits)


def clocks_of(incidents: Collection[Incident], *, now: datetime, limits: Limits) -> dict[UUID, Clock]:
    """Return the clocks of those of these incidents that have one. One query; none where none has."""
    running = [one for one in incidents if one.is_major and one.state in LIVE and not one.restricted]
    if not running:
        return {}
    lines: dict[UUID, list[Line]] = {one.pk: [] for one in running}
    rows = Entry.objects.filter(CLOCKED, incident__in=running).order_by("nth")
    for pk, *line in rows.values_list("incident_id", "kind", "at", "said"):
        lines[pk].append((line[0], line[1], line[2]))
    return {one.pk: _clock(one.declared_at, lines[one.pk], now=now, limits=limits) for one in running}


def _clock(declared_at: datetime, lines: Iterable[Line], *, now: datetime, limits: Limits) -> Clock:
    since, told = declared_at, []
    for kind, at, said in lines:
        if kind == Entry.Kind.UPDATE:
            told.append(Told(at, _instant(said.get("next_at"))))
        elif _starts_it(said):
            since = max(since, at)
    found = due(since=since, told=told, terms=terms(limits))
    named = must_name(since=since, at=now, terms=terms(limits))
    return Clock(since, found, now >= found.at, named, found.at - now)


def _starts_it(said: dict[str, Any]) -> bool:
    was, now_is = said.get("was"), said.get("is")
    became_major = isinstance(was, int) and isinstance(now_is, int) and was > 2 >= now_is
    came_back = isinstance(was, str) and was not in LIVE and now_is in LIVE
    may_be_told = was is True and now_is is False  # it was restricted
    return became_major or came_back or may_be_told


def _instant(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def whose_yes(incident: Incident, *, by: Person) -> Person | None:
    """Return the commander, where a message goes out by their press alone: at SEV-1, while there is one who is not
    `by`. Below that, and while nobody commands, anybody's press is enough (docs/domain.md 3.1).
    """
    command = incidents.command_of(incident) if incident.severity == 1 else None
    return None if command is None or command.person_id == by.pk else command.person


def is_steward(person: Person) -> bool:
    """Say whether they take turns in a schedule of the stewards."""
    schedules = incidents.schedules_for(incidents.STEWARD_SKILL)
    turns = Participant.objects.filter(person=person, left_at__isnull=True, rotation__schedule__in=schedules)
    return bool(schedules) and turns.exists()


def may_keep(person: Person, *, now: datetime) -> bool:
    """Templates and audiences are the pilot's, the administrators' and the stewards' to change."""
    return access.may_keep_messages(person, is_steward=is_steward(person), now=now)


def templates(use: str = Template.Use.INCIDENT) -> QuerySet[Template]:
    return Template.objects.filter(use=use)


def updates_of(incident: Incident) -> QuerySet[Update]:
    """Return what was written about it and not dropped, the newest first."""
    rows = incident.updates.exclude(state=Update.State.DROPPED).select_related("written_by", "sent_by", "asked_by")
    return rows.prefetch_related("audiences").order_by("-written_at", "-sent_at", "pk")


def last_stage(incident: Incident) -> str:
    """Return how the community was told that it stands; before the first message, how its state would be told."""
    last = incident.updates.filter(state=Update.State.SENT).order_by("-sent_at").values_list("stage", flat=True).first()
    known = {"identified": Stage.IDENTIFIED, "mitigated": Stage.MONITORING}
    over = {"resolved": Stage.RESOLVED, "closed": Stage.RESOLVED, "false_alarm": Stage.RESOLVED}
    return (known | over).get(incident.state) or last or Stage.INVESTIGATING


def values_for(incident: Incident, *, now: datetime, next_at: datetime | None = None) -> dict[str, str]:
    """Return what is known of an incident for a template's placeholders; the others are filled in by hand."""
    known = {
        "NAME": "all",
        "LINK": urljoin(settings.PUBLIC_BASE_URL, "/status/"),
        "SINCE": in_utc(incident.impact_starts_at or incident.declared_at, now=now),
        "TIME": in_utc(incident.resolved_at or now, now=now),
    }
    return known | ({"NEXT": in_utc(next_at, now=now)} if next_at else {})


def in_utc(instant: datetime, *, now: datetime) -> str:
    """Word an instant for readers anywhere: 02:10 UTC, with its day where that is not today's."""
    utc, today = instant.astimezone(UTC), now.astimezone(UTC).date()
    day = "" if utc.date() == today else f"{utc.day} {utc:%B}, "
    return f"{day}{utc:%H:%M} UTC"


def addresses_of(audiences: Iterable[Audience]) -> dict[str, str]:
    """Return the addresses of these audiences, each once whatever its capitals, with the name of the first of them."""
    found: dict[str, tuple[str, str]] = {}
    for audience in audiences:
        for address in audience.addresses:
            found.setdefault(address.lower(), (address, audience.name))
    return dict(found.values())


def mail_body(update: Update, *, now: datetime) -> str:
    """Return the mail as it goes out, whole."""
    parts = [update.text.strip()]
    if update.next_at is not None:
        parts.append(f"The next message comes by {in_utc(update.next_at, now=now)}.")
    parts.append(f"--\nHow it stands: {Stage(update.stage).label}.")
    page = urljoin(settings.PUBLIC_BASE_URL, "/status/")
    if update.to_page and page not in update.text:
        parts[-1] += f" All messages: {page}"
    return "\n\n".join(parts) + "\n"


def mails_of(updates: Iterable[Update]) -> dict[str, dict[str, int]]:
    """Return, for each message by `about`, how many of its mails are in which state. One query."""
    found: dict[str, dict[str, int]] = {one.about: {} for one in updates}
    for about, state in Mailing.objects.filter(about__in=found).values_list("about", "state"):
        found[about][state] = found[about].get(state, 0) + 1
    return found


def update_about(about: str) -> UUID | None:
    """Return the message that a mail names (`Update.about`); None: it is about something else."""
    kind, _, pk = about.partition(":")
    try:
        return UUID(pk) if kind == "update" else None
    except ValueError:
        return None


def why_not_mailed(about: str) -> str:
    """Say why a mail about a message must not go any more: its incident was restricted after it was sent (R43)."""
    if (pk := update_about(about)) is None:
        return ""
    stopped = Update.objects.filter(pk=pk, incident__restricted=True).exists()
    return "The incident was restricted before this mail went out." if stopped else ""


def failed_mails(incident: Incident) -> QuerySet[Mailing]:
    """Return the mails about it that did not arrive, or may not have."""
    sent = incident.updates.filter(state=Update.State.SENT).values_list("pk", flat=True)
    return Mailing.objects.filter(about__in=[f"update:{pk}" for pk in sent], state__in=FAILED)
