"""What is found, and how PostgreSQL finds it: by an index over words, newest first, of these the best first.

To say how well a text answers it must be read. So of very many that answer only the newest `MOST` are put in order, and
nobody is told whether there are 40,000 or 41,000.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db.models import Func, IntegerField, QuerySet

from incidents.display.search_words import HERE, NEXT, OVER, Part, Question, parted
from oncall import words
from oncall.people.models import Person
from oncall.words import APART, Apart

MOST = 500
LINES = 2  # excerpts shown of one hit


@dataclass(frozen=True)
class Found:
    """Something that answers. `exact`: it is what was asked for by its name; `newest` orders what answers equally well;
    `lines`: keys of the lines in it that answer, best first.
    """

    id: Any
    score: float
    newest: float = 0
    exact: bool = False
    lines: tuple[Any, ...] = ()


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


class Nodes(Func):
    """How much PostgreSQL looks for: 0 where a question has only words such as “the”."""

    function = "numnode"
    output_field = IntegerField()


def any_of(asked: Question) -> SearchQuery:
    """Return what finds every text that has any of what is asked for: of what has several texts, those to be shown."""
    pieces = [words.asked(piece) for choice in asked.choices for piece in choice.all]
    return reduce(or_, pieces) if pieces else words.asked(asked.text)


def in_order(found: Sequence[Found]) -> list[Found]:
    """Return what was asked for by name first, then what answers best, then the newest."""
    return sorted(found, key=lambda one: (not one.exact, -one.score, -one.newest))


def ranked(
    rows: QuerySet[Any], query: SearchQuery, *columns: str, vector: Any, newest: str, weighted: Any = None
) -> list[dict[str, Any]]:
    """Return `pk`, `rank` and `columns` of the newest that have the words asked for, at most `MOST`.

    `vector`: what their index is made of. `weighted`: the same words, some of which count for more.
    """
    having = rows.annotate(words=vector).filter(words=query)
    having = having.annotate(rank=SearchRank(weighted or vector, query))
    return list(having.order_by(f"-{newest}").values("pk", "rank", *columns)[:MOST])


def headline(column: str, query: SearchQuery, *, whole: bool = False) -> SearchHeadline:
    """Return a text with marks about the words asked for, for `parts_of`: excerpts of it, or the whole."""
    return marks(Apart(column), query, whole=whole)


def marks(text: Any, query: SearchQuery, *, whole: bool = False) -> SearchHeadline:
    """Return the same of a text as it stands, or of each text in a JSON column."""
    size: dict[str, Any] = {"highlight_all": True} if whole else {"max_fragments": 2, "max_words": 24, "min_words": 8}
    return SearchHeadline(text, query, config="english", start_sel=HERE, stop_sel=OVER, fragment_delimiter=NEXT, **size)


def parts_of(marked: str, original: str) -> tuple[Part, ...]:
    return parted(marked, original, original.translate(APART))


def says_why(excerpt: Excerpt) -> bool:
    return any(part.hit for part in excerpt.parts)
