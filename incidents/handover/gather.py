"""What a handover note says by itself: lines from everything that is open, in the order in which it matters.

A later room adds its lines by a function in `SOURCES`: from what is asked, lines. One that breaks is a line that says
so; it never keeps the note from being made.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import OperationalError, transaction
from django.urls import reverse

from incidents.alarms import silences as keeping_quiet
from incidents.alarms.models import Alarm, Held, Silence
from incidents.command.lifecycle import WORDS
from incidents.command.models import Incident, RoleAssignment
from incidents.command.writing import state_of
from oncall.people.models import Person
from oncall.troubles.models import Trouble
from playbooks.readiness import queries as readiness
from playbooks.readiness.models import Deployment
from rotations.changes.models import Absence, Override
from rotations.coverage import queries as coverage
from rotations.coverage.models import SignedGap
from rotations.schedule.models import Schedule

AHEAD = timedelta(days=7)
DEPLOYED_WITHIN = timedelta(days=3)  # own choice
MOST = 20  # lines of one kind; the rest are counted
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """For which schedule and role, at which handoff, and when it is asked."""

    schedule: Schedule
    role: str
    at: datetime
    now: datetime

    @property
    def until(self) -> datetime:
        return max(self.at, self.now) + AHEAD


@dataclass(frozen=True)
class Line:
    """One thing to know. `at` and `until`: since when, or from when until when, where that matters."""

    kind: str
    text: str
    url: str = ""
    at: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "text": self.text,
            "url": self.url,
            "at": self.at.isoformat() if self.at else None,
            "until": self.until.isoformat() if self.until else None,
        }


def line_from_json(row: dict[str, Any]) -> Line:
    at, until = row.get("at"), row.get("until")
    return Line(
        row["kind"],
        row["text"],
        row.get("url", ""),
        datetime.fromisoformat(at) if at else None,
        datetime.fromisoformat(until) if until else None,
    )


Source = Callable[[Asked], Iterable[Line]]


def lines(asked: Asked) -> list[Line]:
    """Return what the note says at `asked.now`."""
    found: list[Line] = []
    for source in SOURCES:
        try:
            with transaction.atomic():
                found += source(asked)
        except OperationalError:
            raise  # the database is away: there is no note at all
        except Exception as error:
            log.exception("note of %s", asked.schedule.pk)
            found.append(Line("trouble", f"Some lines are missing here: {type(error).__name__}: {error}"[:300]))
    return found


def incidents(asked: Asked) -> Iterable[Line]:
    """Everything that is worked on, the worst first, and who has command. Everybody reads a note: a restricted incident
    is in none (R43).
    """
    rows = Incident.objects.live().filter(restricted=False).order_by("severity", "number")
    command = RoleAssignment.objects.filter(incident__in=rows, role="commander", ends_at__isnull=True)
    commanders = dict(command.values_list("incident", "person__name"))
    for row in rows[:MOST]:
        has = f"{commanders[row.pk]} has command" if row.pk in commanders else "nobody has command"
        text = f"Incident {row.number}, SEV-{row.severity}, {row.title}: {WORDS[state_of(row)]}, {has}"
        yield Line("incident", text, row.path, row.declared_at)
    more = rows.count() - MOST
    if more > 0:
        yield Line("incident", f"and {more} more incidents", reverse("incidents"))


def alarms(asked: Asked) -> Iterable[Line]:
    """Everything open, the worst first: its state, who has it, since when."""
    rows = Alarm.objects.open().select_related("acknowledged_by").order_by("severity", "fired_at", "title", "pk")
    for alarm in rows[:MOST]:
        holder = alarm.acknowledged_by
        state = f"{holder.name} has it" if holder else "firing, nobody has it"
        if holder and alarm.snoozed_until:
            state = f"snoozed by {holder.name} until {alarm.snoozed_until.astimezone(UTC):%d %b %H:%M} UTC"
        at = alarm.acknowledged_at if holder else alarm.fired_at
        yield Line("alarm", f"SEV-{alarm.severity} {alarm.title}: {state}", alarm.path, at)
    more = rows.count() - MOST
    if more > 0:
        yield Line("alarm", f"and {more} more open alarms", reverse("alarms"))


def silences(asked: Asked) -> Iterable[Line]:
    """What is kept quiet, now and within the week."""
    for row in keeping_quiet.active(now=asked.now)[:MOST]:
        yield Line("silence", _silenced(row), row.path, row.starts_at, row.present_until)
    for row in keeping_quiet.coming(now=asked.now, until=asked.until)[:MOST]:
        yield Line("silence", f"To come: {_silenced(row)}", row.path, row.next_at)
    held = Held.objects.held().count()
    if held:
        yield Line("silence", f"{held} firing{'s' if held > 1 else ''} held, not sent", reverse("not_sent"))


def _silenced(row: Silence) -> str:
    return f"{row.reason} ({keeping_quiet.words_of(row)}), by {row.by.name}"


def overrides(asked: Asked) -> Iterable[Line]:
    rows = Override.objects.active().filter(
        schedule=asked.schedule, ends_at__gt=asked.now, starts_at__lt=asked.until, created_at__lte=asked.now
    )
    url = reverse("schedule", args=[asked.schedule.pk])
    for row in rows.select_related("person", "replaces").order_by("starts_at", "nth", "pk")[:MOST]:
        instead = f" instead of {row.replaces.name}" if row.replaces else ""
        yield Line("override", f"{row.person.name}{instead}, {row.role}", url, row.starts_at, row.ends_at)


def absences(asked: Asked) -> Iterable[Line]:
    """Who of those in the rotations is away; why is theirs alone."""
    people = Person.objects.active().filter(turns__rotation__schedule=asked.schedule, turns__left_at__isnull=True)
    rows = Absence.objects.standing().filter(
        person__in=people, ends_at__gt=asked.now, starts_at__lt=asked.until, created_at__lte=asked.now
    )
    for row in rows.select_related("person").order_by("starts_at", "person__name", "pk")[:MOST]:
        url = reverse("person", args=[row.person_id])
        yield Line("absence", f"{row.person.name} is away", url, row.starts_at, row.ends_at)


def checks(asked: Asked) -> Iterable[Line]:
    """What is red, or waived, before the night that the handoff belongs to."""
    found = readiness.tonight(now=asked.now)
    if found is None:
        return
    for row in found.red[:MOST]:
        yield Line("check", f"{row.check}: {row.word}", f"{found.path}#check-{row.check.number}")
    for row in found.waived[:MOST]:
        if row.waiver:
            text = f"{row.check}: waived by {row.waiver.by.name}: {row.waiver.why}"
            yield Line(
                "check", text[:300], f"{found.path}#check-{row.check.number}", row.waiver.starts_at, row.waiver.until
            )
    if found.verdict in ("unknown", "pending"):
        yield Line("check", f"Checks before observing: {found.word}", found.path)


def deployments(asked: Asked) -> Iterable[Line]:
    """What was deployed lately, the newest first."""
    rows = Deployment.objects.filter(at__gt=asked.now - DEPLOYED_WITHIN, at__lte=asked.now)
    for row in rows[:MOST]:
        url = f"{reverse('deployments')}?{urlencode({'service': row.service})}"
        yield Line("deployment", f"{row}, by {row.who}", url, row.at)
    more = rows.count() - MOST
    if more > 0:
        yield Line("deployment", f"and {more} more", reverse("deployments"))


def gaps(asked: Asked) -> Iterable[Line]:
    rows = SignedGap.objects.filter(schedule=asked.schedule, ends_at__gt=asked.now, starts_at__lt=asked.until)
    for row in rows.select_related("by").order_by("starts_at", "ends_at", "pk")[:MOST]:
        text = f"Nobody on call, signed by {row.by.name}: {row.reason}"
        yield Line("gap", text, reverse("schedule", args=[asked.schedule.pk]), row.starts_at, row.ends_at)


def troubles(asked: Asked) -> Iterable[Line]:
    rows = Trouble.objects.open().order_by("-since", "-pk")
    for row in rows[:MOST]:
        yield Line("trouble", row.text[:300], row.url, row.since)


def following(asked: Asked) -> Iterable[Line]:
    """Who comes after the one who takes over now."""
    after = coverage.next_on_call(schedule=asked.schedule, at=max(asked.at, asked.now), role=asked.role)
    url = reverse("schedule", args=[asked.schedule.pk])
    if after is None:
        yield Line("next", "Nobody else is on call for a year", url)
    else:
        yield Line("next", f"{after.person.name} is next", url, after.since)


SOURCES: list[Source] = [
    incidents, alarms, silences, troubles, checks, deployments, gaps, overrides, absences, following,
]  # fmt: skip
