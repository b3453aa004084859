"""Searching what happened: incidents with the lines of their timelines, alarms with the notes on them.

Whatever somebody may not see is not found: rows come from `visible_to`, and what belongs to a restricted incident goes
with it (R43). All the words of one thing are one row, which its room keeps (`IncidentWords`, `AlarmWords`).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Left

from incidents.alarms.models import Alarm, AlarmWords, LogEntry
from incidents.command.lifecycle import BADGES
from incidents.command.models import Entry, Incident, IncidentAlarm
from incidents.display.search_found import (
    Excerpt,
    Found,
    Hit,
    any_of,
    best_lines,
    called,
    headline,
    marks,
    parts_of,
    ranked,
    says_why,
)
from incidents.display.search_words import Question
from oncall.people.models import Person
from oncall.words import Apart

DESCRIBED = 500  # letters of an alarm's description that are searched (incidents/alarms/migrations/0022)


def find_incidents(asked: Question, person: Person) -> list[Found]:
    """By number or whole title; or by title, summary and the lines of their timelines, which are one text: of the words
    asked for, one may stand in the title and another in a line, and a word that is kept out stands in none of them.
    """
    rows = Incident.objects.visible_to(person)
    about: dict[str, Any] = {"vector": "searched__words", "newest": "number"}
    named = Q(number=asked.number) | Q(pk=asked.id)
    exact = dict(rows.filter(named).values_list("pk", "number")) if asked.number or asked.id else {}
    exact |= {row["pk"]: row["number"] for row in called(rows, asked, "number", **about)}
    found = {pk: Found(pk, 0, number, exact=True) for pk, number in exact.items()}
    for row in ranked(rows, asked, "number", **about):
        found[row["pk"]] = Found(row["pk"], row["rank"], row["number"], exact=row["pk"] in exact)
    return list(found.values())


def show_incidents(found: Sequence[Found], asked: Question) -> list[Hit]:
    query, pks = any_of(asked), [one.id for one in found]
    rows = Incident.objects.filter(pk__in=pks).annotate(
        title_marked=headline("title", query, whole=True), summary_marked=headline("summary", query)
    )
    lines = best_lines(Entry.objects.filter(incident__in=pks), query, of="incident", newest="nth")
    by_id = {row.pk: row for row in rows}
    return [_incident(one, row, lines.get(one.id, ())) for one in found if (row := by_id.get(one.id))]


def _incident(one: Found, row: Any, lines: Sequence[Any]) -> Hit:
    excerpts = [Excerpt(parts_of(row.summary_marked, row.summary))] + [
        Excerpt(
            parts_of(entry.marked, entry.text),
            f"line {entry.nth}" + (f", {entry.person}" if entry.person else ""),
            f"{row.path}#e{entry.nth}",
        )
        for entry in lines
    ]
    badges = [
        (f"sev{row.severity}", f"SEV-{row.severity}"),
        (BADGES[row.state], row.state.replace("_", " ")),
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


def alarms_of(person: Person) -> QuerySet[AlarmWords]:
    """Return the words of the alarms that somebody may see, without those that are part of an incident that they may
    not see, or called somebody into one. What was taken out of it was about something else.
    """
    hidden = IncidentAlarm.objects.filter(Q(unlinked_at__isnull=True) | Q(calls=True), incident__restricted=True)
    hidden = hidden.exclude(incident__in=Incident.objects.visible_to(person))
    seen = Alarm.objects.visible_to(person).values("pk")
    return AlarmWords.objects.filter(alarm__in=seen).exclude(alarm__in=hidden.values("alarm"))


def find_alarms(asked: Question, person: Person) -> list[Found]:
    """By id, key or whole title; or by title, key, product, the beginning of the description, and the notes people
    wrote on them, which are one text. Open ones count double.
    """
    rows = alarms_of(person)
    about: dict[str, Any] = {"vector": "words", "newest": "pk"}
    columns = ("alarm", "alarm__state", "alarm__fired_at")
    if asked.id:
        named = [{**row} for row in rows.filter(alarm=asked.id).values(*columns)]
    else:
        named = called(rows, asked, *columns, **about)
    exact = {row["alarm"] for row in named}
    found = {}
    for row in [*(one | {"rank": 0} for one in named), *ranked(rows, asked, *columns, **about)]:
        score = row["rank"] * (1 if row["alarm__state"] == Alarm.State.RESOLVED else 2)
        pk = row["alarm"]
        found[pk] = Found(pk, score, row["alarm__fired_at"].timestamp(), exact=pk in exact)
    return list(found.values())


def show_alarms(found: Sequence[Found], asked: Question) -> list[Hit]:
    query, pks = any_of(asked), [one.id for one in found]
    rows = Alarm.objects.filter(pk__in=pks).annotate(
        title_marked=headline("title", query, whole=True),
        described=marks(Left(Apart("description"), DESCRIBED), query),
    )
    by_id: dict[UUID, Any] = {row.pk: row for row in rows}
    notes = LogEntry.objects.filter(kind=LogEntry.Kind.NOTE, alarm__in=pks)
    said = best_lines(notes, query, of="alarm", newest="at")
    return [_alarm(one, row, said.get(one.id, ())) for one in found if (row := by_id.get(one.id))]


def _shown(key: str) -> str:
    """Return a key that says something: one that we made up is nobody's word."""
    try:
        UUID(key)
    except ValueError:
        return key
    return ""


def _alarm(one: Found, row: Any, notes: Sequence[Any]) -> Hit:
    excerpts = [Excerpt(parts_of(row.described, row.description))] + [
        Excerpt(parts_of(entry.marked, entry.text), f"note by {entry.person}" if entry.person else "note")
        for entry in notes
    ]
    return Hit(
        url=row.path,
        title=parts_of(row.title_marked, row.title),
        badges=((f"sev{row.severity}", f"SEV-{row.severity}"), (row.state, row.state)),
        about=" · ".join(said_of for said_of in (_shown(row.key), row.product, row.source) if said_of),
        at=row.fired_at,
        excerpts=tuple(excerpt for excerpt in excerpts if says_why(excerpt)),
        exact=one.exact,
    )
