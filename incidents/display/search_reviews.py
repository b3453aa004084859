"""Searching reviews, by what stands in them and by what was published of them. They are few: no index is kept."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVectorCombinable, SearchVectorField
from django.db.models import Func

from incidents.display.search_found import LINES, Excerpt, Found, Hit, headline, marks, parts_of, ranked, says_why
from incidents.display.search_words import Question, parted
from incidents.reviews.models import Review
from oncall import words
from oncall.people.models import Person


class WordsWithin(SearchVectorCombinable, Func):
    """The words of all the texts in a JSON column, without the names of its fields."""

    template = "to_tsvector('english', %(expressions)s)"
    output_field = SearchVectorField()


def _query(asked: Question) -> SearchQuery:
    """Texts in JSON stand as they are, where redis.lag is one word; titles and what was published have it in two."""
    return words.asked(asked.text) | SearchQuery(asked.text, config="english", search_type="websearch")


def find_reviews(asked: Question, person: Person) -> list[Found]:
    """By the incident's number or title, and all that the review says."""
    rows = Review.objects.visible_to(person)
    about = words.vector("incident__title", weight="A")
    everything = about + WordsWithin("content") + words.vector("published_text")
    found = {}
    if asked.number:
        for pk, number in rows.filter(incident__number=asked.number).values_list("pk", "incident__number"):
            found[pk] = Found(pk, 0, number, exact=True)
    for row in ranked(rows, _query(asked), "incident__number", vector=everything, newest="incident__number"):
        found[row["pk"]] = Found(row["pk"], row["rank"], row["incident__number"], exact=row["pk"] in found)
    return list(found.values())


def show_reviews(found: Sequence[Found], asked: Question) -> list[Hit]:
    query = _query(asked)
    rows = Review.objects.filter(pk__in=[one.id for one in found]).select_related("incident", "owner")
    marked = rows.annotate(
        title_marked=headline("incident__title", query, whole=True), said_marked=marks("content", query)
    )
    by_id: dict[Any, Any] = {row.pk: row for row in marked}
    return [_review(one, row) for one in found if (row := by_id.get(one.id))]


def _review(one: Found, row: Any) -> Hit:
    number, title = row.incident.number, row.incident.title
    said = json.loads(row.said_marked) if isinstance(row.said_marked, str) else row.said_marked
    excerpts = [
        Excerpt(parted(text, row.content.get(name, ""), row.content.get(name, ""))) for name, text in said.items()
    ]
    published = [("ok", "published")] if row.published_at else []
    return Hit(
        url=row.path,
        title=parts_of(f"Review of incident {number}: {row.title_marked}", f"Review of incident {number}: {title}"),
        badges=((f"sev{row.severity}", f"SEV-{row.severity}"), ("unknown", row.state.replace("_", " ")), *published),
        about=f"owned by {row.owner}" if row.owner else "",
        at=row.drafted_at,
        excerpts=tuple([excerpt for excerpt in excerpts if says_why(excerpt)][:LINES]),
        exact=one.exact,
    )
