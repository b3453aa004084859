"""Searching what happened: incidents with the lines of their timelines, alarms with the notes on them.

Whatever somebody may not see is not found: rows come from `visible_to`, and what belongs to a restricted incident goes
with it (R43).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q
from django.db.models.lookups import Exact, GreaterThan

from incidents.alarms.models import Alarm, AlarmQuerySet, LogEntry
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident, IncidentAlarm
from incidents.display.search_found import (
    LINES,
    MOST,
    Excerpt,
    Found,
    Hit,
    Nodes,
    any_of,
    headline,
    parts_of,
    ranked,
    says_why,
)
from incidents.display.search_words import Question
from oncall import words
from oncall.people.models import Person

NAMED = 20  # alarms of one key that are shown as what was asked for: the newest
OF_LINE = 0.5  # a line that answers counts half of a title


def find_incidents(asked: Question, person: Person) -> list[Found]:
    """By number; or by title, summary and the lines of their timelines, which are one text: of the words asked for, one
    may stand in the title and another in a line, and a word that is kept out stands in none of them.
    """
    query = any_of(asked)
    rows = Incident.objects.visible_to(person)
    scores: dict[UUID, float] = defaultdict(float)
    exact = dict(rows.filter(number=asked.number).values_list("pk", "number")) if asked.number else {}
    whole = rows.filter(_has_all(asked)).order_by("-number").values_list("pk", "number")[:MOST] if asked.choices else []
    numbers = dict(whole) | exact
    answers = Incident.objects.filter(pk__in=numbers)
    weighted = words.vector("title", weight="A") + words.vector("summary", weight="B")
    for row in ranked(answers, query, vector=words.vector("title", "summary"), newest="number", weighted=weighted):
        scores[row["pk"]] = row["rank"]
    said = Entry.objects.filter(incident__in=numbers)
    lines = ranked(said, query, "incident", vector=words.vector("text"), newest="at")
    for row in lines:
        scores[row["incident"]] = max(scores[row["incident"]], OF_LINE * row["rank"])
    best = best_lines(lines, "incident")
    return [Found(pk, scores[pk], number, pk in exact, best.get(pk, ())) for pk, number in numbers.items()]


def _has_all(asked: Question) -> Q:
    """Return the condition that an incident has what is asked for, each piece of it in any of its texts. Each is looked
    up in the indexes; one that PostgreSQL does not look for, such as “the”, is not missed.
    """
    enough = Q()
    for choice in asked.choices:
        has = Q(GreaterThan(Nodes(words.asked(choice.text)), 0))
        for query in map(words.asked, choice.all):
            has &= Q(Exact(Nodes(query), 0)) | _has(query)
        for query in map(words.asked, choice.none):
            has &= ~_has(query)
        enough |= has
    return enough


def _has(query: SearchQuery) -> Q:
    own = Incident.objects.annotate(words=words.vector("title", "summary")).filter(words=query)
    lines = Entry.objects.annotate(words=words.vector("text")).filter(words=query)
    return Q(pk__in=own.values("pk")) | Q(pk__in=lines.values("incident"))


def show_incidents(found: Sequence[Found], asked: Question) -> list[Hit]:
    query = any_of(asked)
    rows = Incident.objects.filter(pk__in=[one.id for one in found]).annotate(
        title_marked=headline("title", query, whole=True), summary_marked=headline("summary", query)
    )
    lines = Entry.objects.filter(pk__in=[pk for one in found for pk in one.lines]).select_related("person")
    said = {entry.pk: entry for entry in lines.annotate(marked=headline("text", query))}
    by_id = {row.pk: row for row in rows}
    return [_incident(one, row, said) for one in found if (row := by_id.get(one.id))]


def _incident(one: Found, row: Any, said: dict[UUID, Any]) -> Hit:
    excerpts = [Excerpt(parts_of(row.summary_marked, row.summary))] + [
        Excerpt(
            parts_of(entry.marked, entry.text),
            f"line {entry.nth}" + (f", {entry.person}" if entry.person else ""),
            f"{row.path}#e{entry.nth}",
        )
        for pk in one.lines
        if (entry := said.get(pk))
    ]
    badges = [
        (f"sev{row.severity}", f"SEV-{row.severity}"),
        ("firing" if row.state in LIVE else "ok", row.state.replace("_", " ")),
    ]
    return Hit(
        url=row.path,
        title=parts_of(f"{row.number} · {row.title_marked}", f"{row.number} · {row.title}"),
        badges=(*badges, *([("warn", "restricted")] if row.restricted else [])),
        about=row.product,
        at=row.declared_at,
        excerpts=tuple(excerpt for excerpt in excerpts if says_why(excerpt)),
        exact=one.exact,
    )


def alarms_of(person: Person) -> AlarmQuerySet:
    """Return the alarms that somebody may see, without those that are part of an incident that they may not see, or
    called somebody into one. What was taken out of it was about something else.
    """
    hidden = IncidentAlarm.objects.filter(Q(unlinked_at__isnull=True) | Q(calls=True), incident__restricted=True)
    hidden = hidden.exclude(incident__in=Incident.objects.visible_to(person))
    return Alarm.objects.visible_to(person).exclude(pk__in=hidden.values("alarm"))


def find_alarms(asked: Question, person: Person) -> list[Found]:
    """By id, key, title, product, and the notes people wrote on them. Open ones count double."""
    query = words.asked(asked.text)
    rows = alarms_of(person)
    index = words.vector("title", "key", "product")
    about = {row["pk"]: row for row in _named(rows, asked, query, index)}
    exact = set(about)
    scores: dict[UUID, float] = defaultdict(float)
    weighted = words.vector("title", weight="A") + words.vector("key", "product", weight="B")
    for row in ranked(rows, query, "state", "fired_at", vector=index, newest="fired_at", weighted=weighted):
        about[row["pk"]] = row
        scores[row["pk"]] = row["rank"] * (1 if row["state"] == Alarm.State.RESOLVED else 2)
    notes = LogEntry.objects.filter(kind=LogEntry.Kind.NOTE, alarm__in=rows)
    said = ranked(notes, query, "alarm", "alarm__fired_at", vector=words.vector("text"), newest="at")
    for row in said:
        about.setdefault(row["alarm"], {"fired_at": row["alarm__fired_at"]})
        scores[row["alarm"]] = max(scores[row["alarm"]], OF_LINE * row["rank"])
    best = best_lines(said, "alarm")
    return [
        Found(pk, scores[pk], row["fired_at"].timestamp(), pk in exact, best.get(pk, ())) for pk, row in about.items()
    ]


def _named(rows: AlarmQuerySet, asked: Question, query: SearchQuery, index: Any) -> list[dict[str, Any]]:
    """Return the alarm whose id is asked for, else the newest that have the key. Words find a key by their index."""
    if asked.id:
        return [{**row} for row in rows.filter(pk=asked.id).values("pk", "fired_at")]
    named = rows.annotate(words=index).filter(words=query, key__iexact=asked.text).order_by("-fired_at")
    return [{**row} for row in named.values("pk", "fired_at")[:NAMED]]


def show_alarms(found: Sequence[Found], asked: Question) -> list[Hit]:
    query = words.asked(asked.text)
    rows = Alarm.objects.filter(pk__in=[one.id for one in found]).select_related("acknowledged_by")
    lines = LogEntry.objects.filter(pk__in=[pk for one in found for pk in one.lines]).select_related("person")
    said = {entry.pk: entry for entry in lines.annotate(marked=headline("text", query))}
    by_id: dict[UUID, Any] = {row.pk: row for row in rows.annotate(marked=headline("title", query, whole=True))}
    return [
        Hit(
            url=row.path,
            title=parts_of(row.marked, row.title),
            badges=((f"sev{row.severity}", f"SEV-{row.severity}"), (row.state, row.state)),
            about=" · ".join(said_of for said_of in (row.key, row.product, row.source) if said_of),
            at=row.fired_at,
            excerpts=tuple(
                Excerpt(parts_of(entry.marked, entry.text), f"note by {entry.person}" if entry.person else "note")
                for pk in one.lines
                if (entry := said.get(pk))
            ),
            exact=one.exact,
        )
        for one in found
        if (row := by_id.get(one.id))
    ]


def best_lines(rows: Iterable[dict[str, Any]], of: str) -> dict[Any, tuple[Any, ...]]:
    """Return the keys of the best lines of each thing that they are part of, in the order of their ranks."""
    lines: dict[Any, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: -row["rank"]):
        if len(lines[row[of]]) < LINES:
            lines[row[of]].append(row["pk"])
    return {one: tuple(many) for one, many in lines.items()}
