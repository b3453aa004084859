"""What happened in an incident, in order: its own lines, and the log of its alarms and what was deployed, not copied.

Readers follow it by a cursor: the number of the last line, and how much was heard of the alarms. Lines are told apart
by `key`, so that one that comes twice is drawn once. Source: domain.md 3.1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.db.models import Max
from django.urls import reverse

from incidents.alarms import queries as alarms
from incidents.alarms.models import LogEntry
from incidents.command.models import Entry, Incident
from playbooks.readiness import queries as readiness

# What a reader may want to see alone; every kind of line is in one of them.
GROUPS: Mapping[str, str] = {
    "said": "Said",
    "decided": "Decided",
    "called": "Alarms and calls",
    "steps": "Steps and deployments",
    "sent": "Sent out",
}
_SAID = {"note", "finding", "action", "correction"}
_DEPLOYED = "deployment"
_STEPS = {"step", _DEPLOYED}
WORDS = dict(Entry.Kind.choices)
WORDS_OF_ALARMS = {**dict(LogEntry.Kind.choices), "attempt": "call or message", _DEPLOYED: "deployment"}
OVER = ("merged", "false_alarm")  # states that end an incident which nobody resolved
LATE_S = 90  # seconds after which a line says that it was written later than it happened
DEPLOYED_BEFORE = timedelta(hours=2)  # own choice: what was deployed so long before the trouble may have made it
OVERLAP = timedelta(minutes=2)  # longer than any transaction may last: what commits late is sent all the same
HEARD = """
    WITH mine AS (SELECT alarm_id FROM command_incidentalarm WHERE incident_id = %(incident)s)
    SELECT (SELECT coalesce(max(nth), 0) FROM command_entry WHERE incident_id = %(incident)s),
           (SELECT count(*) FROM alarms_logentry WHERE alarm_id IN (SELECT alarm_id FROM mine))
         + (SELECT coalesce(sum(1 + num_nonnulls(a.accepted_at, a.answered_at, a.ended_at)
                 + (SELECT count(*) FROM paging_callback AS c WHERE c.attempt_id = a.id)), 0)
              FROM paging_attempt AS a
             WHERE a.page_id IN (SELECT page_id FROM alarms_alarmpage
                                  WHERE alarm_id IN (SELECT alarm_id FROM mine)))
         + (SELECT count(*) FROM readiness_deployment
             WHERE at >= %(since)s AND at <= coalesce(%(until)s::timestamptz, 'infinity'))
"""


@dataclass(frozen=True)
class Line:
    """One thing that happened. `nth` of a line of the incident itself, which can be corrected; else None."""

    key: str
    at: datetime
    kind: str
    text: str
    person: str = ""  # empty: this system
    nth: int | None = None
    written_at: datetime | None = None  # null: written as it happened
    url: str = ""
    corrects: int | None = None  # the number of the line that this one corrects
    corrected_by: tuple[int, ...] = ()
    picture: UUID | None = None
    width: int = 0
    height: int = 0
    page_id: UUID | None = None  # of a page that can say why it called
    alarm_id: UUID | None = None

    @property
    def group(self) -> str:
        return group_of(self.kind, of_alarm=self.nth is None)

    @property
    def order(self) -> str:
        """Its place, to be compared as text."""
        return f"{int(self.at.timestamp() * 1_000_000):017d}"

    @property
    def word(self) -> str:
        words = WORDS_OF_ALARMS if self.nth is None else WORDS
        return str(words.get(self.kind, self.kind))


def group_of(kind: str, *, of_alarm: bool) -> str:
    """Return the one of GROUPS in which a kind of line stands: of the incident, or of an alarm's log."""
    if of_alarm and kind == LogEntry.Kind.PLAYBOOK:
        return "steps"
    if kind in _SAID:
        return "said"
    if kind == _DEPLOYED:
        return "steps"  # also as it was reported, which is no line of the incident's own
    if of_alarm or kind == "alarm":
        return "called"
    if kind in _STEPS:
        return "steps"
    return "sent" if kind == "update" else "decided"


def merged(own: Iterable[Line], heard: Iterable[Line]) -> list[Line]:
    """Return both in order of their instants, the incident's own first where they are the same, each key once."""
    ordered = merge(
        sorted(own, key=lambda line: (line.at, line.nth or 0)),
        sorted(heard, key=lambda line: line.at),
        key=lambda line: line.at,
    )
    return list({line.key: line for line in ordered}.values())


@dataclass(frozen=True)
class Cursor:
    """How far a reader is. `at`: the UTC instant at which that was so."""

    nth: int
    heard: int
    at: datetime

    @property
    def text(self) -> str:
        return f"{self.nth}-{self.heard}-{self.at.timestamp():.0f}"

    def same_place(self, other: "Cursor") -> bool:
        return (self.nth, self.heard) == (other.nth, other.heard)


def cursor_from(text: str, *, now: datetime) -> Cursor | None:
    """Return the cursor that a reader was given; None for one that nobody could have been given."""
    parts = text[:60].split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
        return None
    try:
        at = datetime.fromtimestamp(int(parts[2]), tz=now.tzinfo)
    except (OverflowError, ValueError, OSError):
        return None
    return Cursor(int(parts[0]), int(parts[1]), min(at, now))


def cursor(incident: Incident, *, now: datetime) -> Cursor:
    """Return how far the timeline is, in one cheap query. Ask it before the lines, so that none falls between."""
    since, until = _deployed_span(incident)
    with connection.cursor() as asked:
        asked.execute(HEARD, {"incident": incident.pk, "since": since, "until": until})
        nth, heard = asked.fetchone()
    return Cursor(int(nth), int(heard), now)


def lines(incident: Incident, *, after: Cursor | None = None, groups: Sequence[str] = ()) -> list[Line]:
    """Return what happened, oldest first, in a handful of queries however much it is.

    `after`: only what a reader with that cursor lacks or has otherwise, and perhaps some that they have.
    `groups`: of GROUPS; none: all.
    """
    rows = incident.entries.select_related("person", "picture").defer("picture__content")
    if after is not None:
        rows = rows.filter(nth__gt=after.nth)
    entries = list(rows.select_related("corrects"))
    corrections: dict[int, list[int]] = {}
    pairs = incident.entries.filter(corrects__isnull=False).values_list("corrects__nth", "nth")
    for corrected, by in pairs:
        corrections.setdefault(corrected, []).append(by)
    if after is not None:
        struck = [entry.corrects.nth for entry in entries if entry.corrects is not None]
        known = {entry.nth for entry in entries}
        again = incident.entries.filter(nth__in=[nth for nth in struck if nth not in known])
        entries += again.select_related("person", "picture", "corrects").defer("picture__content")
    linked = after is None or any(entry.kind in (Entry.Kind.ALARM, Entry.Kind.LINK) for entry in entries)
    since = None if linked or after is None else after.at - OVERLAP
    own = [_own(entry, tuple(sorted(corrections.get(entry.nth, [])))) for entry in entries]
    found = merged(own, [*heard(incident, since=since), *deployed(incident)])
    return [line for line in found if not groups or line.group in groups]


def heard(incident: Incident, *, since: datetime | None = None) -> list[Line]:
    """Return the log of its alarms: from when the trouble began, until an alarm was taken out again."""
    began = _began(incident)
    spans: dict[UUID, alarms.Span] = {}
    links = incident.alarm_links.order_by("linked_at", "pk").values_list(
        "alarm_id", "linked_at", "unlinked_at", "alarm__fired_at"
    )
    for alarm_id, linked_at, unlinked_at, fired_at in links:
        start = min(began, linked_at, fired_at)
        if alarm_id in spans:
            start = min(start, spans[alarm_id][0] or start)
        spans[alarm_id] = (start, unlinked_at)
    return [
        Line(
            key=line.key, at=line.at, kind=line.kind, text=line.text, person=line.person, alarm_id=line.alarm_id,
            page_id=line.page_id if line.why else None,
        )
        for line in alarms.lines_of(spans, since=since)
    ]  # fmt: skip


def deployed(incident: Incident) -> list[Line]:
    """Return what was deployed from 2 h before the trouble began until it was resolved, whosever service it is.

    All of it each time: how far back this goes changes with when the impact is said to have begun.
    """
    since, until = _deployed_span(incident)
    return [
        Line(
            key=f"d{row.pk}", at=row.at, kind=_DEPLOYED, text=f"{row.service} {row.version}, deployed by {row.who}.",
            url=f"{reverse('deployments')}?{urlencode({'service': row.service})}",
        )
        for row in readiness.deployments_between(since, until)
    ]  # fmt: skip


def _began(incident: Incident) -> datetime:
    return min(incident.impact_starts_at or incident.declared_at, incident.declared_at)


def _deployed_span(incident: Incident) -> tuple[datetime, datetime | None]:
    """Return from when to when deployments are about an incident; None: it goes on."""
    until = incident.resolved_at
    if until is None and incident.state in OVER:
        until = incident.entries.filter(kind=Entry.Kind.STATE).aggregate(last=Max("at"))["last"] or incident.declared_at
    return _began(incident) - DEPLOYED_BEFORE, until


def _own(entry: Entry, corrected_by: tuple[int, ...]) -> Line:
    late = (entry.written_at - entry.at).total_seconds() > LATE_S
    return Line(
        key=f"e{entry.nth}",
        at=entry.at,
        kind=entry.kind,
        text=entry.text,
        person=entry.person.name if entry.person else "",
        nth=entry.nth,
        written_at=entry.written_at if late else None,
        url=entry.url,
        corrects=entry.corrects.nth if entry.corrects else None,
        corrected_by=corrected_by,
        picture=entry.picture_id,
        width=entry.picture.width if entry.picture else 0,
        height=entry.picture.height if entry.picture else 0,
    )
