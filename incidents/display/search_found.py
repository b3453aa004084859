"""What is found, and how PostgreSQL finds it: by an index over words, newest first, of these the best first.

To say how well something answers its words must be read. So of very many that answer only the newest `MOST` are put in
order, and nobody is told whether there are 40,000 or 41,000.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchRank
from django.db.models import Case, F, FloatField, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from incidents.display.search_words import HERE, NEXT, OVER, Part, Question, parted
from oncall import words
from oncall.people.models import Person
from oncall.words import APART, Apart

MOST = 500
NAMED = 20  # of one name that are shown as what was asked for: the newest
LINES = 2  # excerpts shown of one hit
LOOKED_AT = 10  # lines of one hit that are compared


@dataclass(frozen=True)
class Found:
    """Something that answers. `exact`: it is what was asked for by its name; `newest` orders what answers as well."""

    id: Any
    score: float
    newest: float = 0
    exact: bool = False


@dataclass(frozen=True)
class Excerpt:
    """A piece of text that shows why, and where it stands if it has an address of its own."""

    parts: tuple[Part, ...]
    about: str = ""
    url: str = ""


@dataclass(frozen=True)
class Hit:
    """What is found, fit to show. `badges`: a class of the stylesheet and a word each. All text is plain, not HTML."""

    url: str
    title: tuple[Part, ...]
    badges: tuple[tuple[str, str], ...] = ()
    about: str = ""
    at: datetime | None = None  # null: it did not happen, it is
    excerpts: tuple[Excerpt, ...] = ()
    exact: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of things that are searched. To search another: one more of these in `search_kinds.KINDS`.

    `find` asks for all that somebody may see and returns it in any order, `show` draws some of it. Both take the same
    number of queries however much there is.
    """

    name: str
    words: str
    find: Callable[[Question, Person], Sequence[Found]]
    show: Callable[[Sequence[Found], Question], list[Hit]]


def wanted(asked: Question) -> Any:
    """Return what finds whatever has all that is asked for, each word in any form or as the beginning of a longer one,
    and nothing that is kept out.
    """
    choices = [
        reduce(and_, [*map(words.begun, choice.all), *(~words.asked(piece) for piece in choice.none)])
        for choice in asked.choices
    ]
    return reduce(or_, choices) if choices else words.asked(asked.text)


def any_of(asked: Question) -> Any:
    """Return what finds every text that has any of what is asked for: of what has several texts, those to be shown."""
    pieces = [words.begun(piece) for choice in asked.choices for piece in choice.all]
    return reduce(or_, pieces) if pieces else words.asked(asked.text)


def in_order(found: Sequence[Found]) -> list[Found]:
    """Return what was asked for by name first, then what answers best, then the newest."""
    return sorted(found, key=lambda one: (not one.exact, -one.score, -one.newest))


def ranked(rows: QuerySet[Any], asked: Question, *columns: str, vector: str, newest: str) -> list[dict[str, Any]]:
    """Return `pk`, `rank` and `columns` of the newest that have what is asked for, at most `MOST`. What has the very
    words ranks before what only has words that begin so.

    `vector`: the column of their words. Only of those that are returned are words read.
    """
    query = wanted(asked)
    newest_having = rows.filter(words.Have(F(vector), query)).order_by(f"-{newest}").values("pk")[:MOST]
    having = rows.model._default_manager.filter(pk__in=newest_having).order_by()
    whole = words.asked(asked.text)
    very = Case(When(words.Have(F(vector), whole), then=Value(1.0)), default=Value(0.0), output_field=FloatField())
    return list(having.annotate(rank=very + SearchRank(F(vector), whole)).values("pk", "rank", *columns))


def called(rows: QuerySet[Any], asked: Question, *columns: str, vector: str, newest: str) -> list[dict[str, Any]]:
    """Return `pk` and `columns` of the newest whose whole name is what was asked, at most `NAMED`."""
    having = rows.filter(words.Have(F(vector), words.called(asked.text))).order_by(f"-{newest}")
    return list(having.values("pk", *columns)[:NAMED])


def best_lines(lines: QuerySet[Any], query: Any, *, of: str, newest: str) -> dict[Any, Any]:
    """Return the best lines that have any of the words, `marked` for `parts_of`, by what they are part of: of each the
    newest `LOOKED_AT` are compared.
    """
    newer = Window(RowNumber(), partition_by=F(of), order_by=F(newest).desc())
    having = lines.filter(words.Have(words.vector("text"), query))
    pks = list(having.annotate(newer=newer).filter(newer__lte=LOOKED_AT).values_list("pk", flat=True))
    rank = SearchRank(words.vector("text"), query)
    rows = lines.filter(pk__in=pks).annotate(rank=rank).order_by("-rank", f"-{newest}").values_list("pk", of)
    chosen: dict[Any, list[Any]] = defaultdict(list)
    for pk, whole in rows:
        if len(chosen[whole]) < LINES:
            chosen[whole].append(pk)
    shown = lines.filter(pk__in=[pk for many in chosen.values() for pk in many]).select_related("person")
    said: dict[Any, Any] = {line.pk: line for line in shown.annotate(marked=headline("text", query))}
    return {whole: [said[pk] for pk in many if pk in said] for whole, many in chosen.items()}


def headline(column: str, query: Any, *, whole: bool = False) -> SearchHeadline:
    """Return a text with marks about the words asked for, for `parts_of`: excerpts of it, or the whole."""
    return marks(Apart(column), query, whole=whole)


def marks(text: Any, query: Any, *, whole: bool = False) -> SearchHeadline:
    """Return the same of a text as it stands, or of each text in a JSON column."""
    size: dict[str, Any] = {"highlight_all": True} if whole else {"max_fragments": 2, "max_words": 24, "min_words": 8}
    return SearchHeadline(text, query, config="english", start_sel=HERE, stop_sel=OVER, fragment_delimiter=NEXT, **size)


def parts_of(marked: str, original: str) -> tuple[Part, ...]:
    return parted(marked, original, original.translate(APART))


def says_why(excerpt: Excerpt) -> bool:
    return any(part.hit for part in excerpt.parts)
