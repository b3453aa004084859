"""Searching reviews, by what stands in them and by what was published of them. All the words of one are one row."""

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import Func, JSONField

from incidents.display.search_found import (
    LINES,
    Excerpt,
    Found,
    Hit,
    any_of,
    called,
    headline,
    marks,
    parts_of,
    ranked,
    says_why,
)
from incidents.display.search_words import Question
from incidents.reviews.models import Review
from incidents.reviews.states import BADGES
from oncall.people.models import Person
from oncall.words import FROM, TO


class Sections(Func):
    """The texts in a JSON column by their names, with their words apart."""

    template = (
        f"(SELECT COALESCE(jsonb_object_agg(key, TRANSLATE(value, '{FROM}', '{TO}')), '{{}}')"  # noqa: S608  # our own
        " FROM jsonb_each_text(%(expressions)s))"
    )
    output_field = JSONField()


def find_reviews(asked: Question, person: Person) -> list[Found]:
    """By the incident's number or title, and all that the review says."""
    rows = Review.objects.visible_to(person)
    column = "incident__number"
    about: dict[str, Any] = {"vector": "searched__words", "newest": column}
    exact = dict(rows.filter(incident__number=asked.number).values_list("pk", column)) if asked.number else {}
    exact |= {row["pk"]: row[column] for row in called(rows, asked, column, **about)}
    found = {pk: Found(pk, 0, number, exact=True) for pk, number in exact.items()}
    for row in ranked(rows, asked, column, **about):
        found[row["pk"]] = Found(row["pk"], row["rank"], row[column], exact=row["pk"] in exact)
    return list(found.values())


def show_reviews(found: Sequence[Found], asked: Question) -> list[Hit]:
    query = any_of(asked)
    rows = Review.objects.filter(pk__in=[one.id for one in found]).select_related("incident", "owner")
    marked = rows.annotate(
        title_marked=headline("incident__title", query, whole=True), said_marked=marks(Sections("content"), query)
    )
    by_id: dict[Any, Any] = {row.pk: row for row in marked}
    return [_review(one, row) for one in found if (row := by_id.get(one.id))]


def _review(one: Found, row: Any) -> Hit:
    number, title = row.incident.number, row.incident.title
    said = json.loads(row.said_marked) if isinstance(row.said_marked, str) else row.said_marked
    excerpts = [Excerpt(parts_of(text, row.content.get(name, ""))) for name, text in said.items()]
    published = [("ok", "published")] if row.published_at else []
    return Hit(
        url=row.path,
        title=parts_of(f"Review of incident {number}: {row.title_marked}", f"Review of incident {number}: {title}"),
        badges=(
            (f"sev{row.severity}", f"SEV-{row.severity}"),
            (BADGES[row.state], row.state.replace("_", " ")),
            *published,
        ),
        about=f"owned by {row.owner}" if row.owner else "",
        at=row.drafted_at,
        excerpts=tuple([excerpt for excerpt in excerpts if says_why(excerpt)][:LINES]),
        exact=one.exact,
    )
