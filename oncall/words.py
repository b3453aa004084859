"""Text as words, for searching by PostgreSQL: a room that is searched keeps the words of each of its things in a row of
their own, by triggers made of `FUNCTIONS`, and is asked by `asked`, `begun` and `called`.

PostgreSQL reads `redis.lag`, `DM/AP/APDB`, `SEV-2` and `<pod>` as a host, a file, a number and a tag, and finds no word
within them. So what holds words together is a blank here, and a letter of Latin has no accent (Pachón is pachon), in
what is searched and in what is asked alike; each stays as long as it was. Whoever changes `HOLDS` or `ACCENTED` makes
all words and indexes anew, by a migration.
"""

import re
import unicodedata
from functools import reduce
from operator import and_
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchQueryCombinable, SearchQueryField, SearchVector
from django.db.migrations import RunSQL
from django.db.models import BooleanField, Case, Func, IntegerField, TextField, Value, When
from django.db.models.lookups import Exact

HOLDS = "./_:@=<>&-"
_BARE = {chr(code): unicodedata.normalize("NFKD", chr(code))[0] for code in range(0xC0, 0x180)}
ACCENTED = "".join(letter for letter, bare in _BARE.items() if bare.isascii() and bare.isalpha())
FROM, TO = HOLDS + ACCENTED, " " * len(HOLDS) + "".join(_BARE[letter] for letter in ACCENTED)
APART = str.maketrans(FROM, TO)
SHORTEST = 3  # letters with which a longer word may begin: fewer begin too many words
MOST_PARTS = 8  # of what is written together, that may begin longer words
_KEPT_OUT = re.compile(r'(\A|\s)-([^\s"]*\w[^\s"]*)')
_DASH = re.compile(r"(?<=\w)-+(?=\w)")
# A dash before a word keeps it out.
_OTHERS = str.maketrans({letter: bare for letter, bare in zip(FROM, TO, strict=True) if letter != "-"})
_PLAIN = re.compile(rf"[^\W_]{{{SHORTEST},}}")
_DOUBLED = re.compile(r"(\w+([bdgklmnprt]))\2(?:e|i|in)?")  # on the way from lag to lagged and lagging

# What is called “No alerts” has the lexeme '=no alerts', which no word makes: so what is asked for by its whole name is
# found by the index of the words. Between two texts of one thing is a gap, so that no phrase reaches over it.
# PostgreSQL keeps 1 MB of words of one thing, and where each stands up to the 16,383rd: what comes later is found by
# its words, but not in a phrase, and what does not fit is not found.
FUNCTIONS = f"""
CREATE OR REPLACE FUNCTION words_of(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('english', translate(said, '{FROM}', '{TO}'))
$$;
CREATE OR REPLACE FUNCTION words_called(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_tsvector(ARRAY['=' || lower(name)])
$$;
CREATE OR REPLACE FUNCTION words_and(words tsvector, said text, weight "char" DEFAULT 'D') RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN words || '/:20'::tsvector || setweight(words_of(said), weight);
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN words;
END $$;
"""


def functions() -> RunSQL:
    """Return the operation that a migration begins with whose triggers keep words. Who migrates first makes them; they
    serve all rooms and stay.
    """
    return RunSQL(FUNCTIONS, RunSQL.noop)


class Apart(Func):
    """A column with its words apart. PostgreSQL's `translate` never changes: an index may be made of it."""

    template = f"TRANSLATE(%(expressions)s, '{FROM}', '{TO}')"
    output_field = TextField()


class Nodes(Func):
    """How much PostgreSQL looks for: 0 where a question has only words such as “the”."""

    function = "numnode"
    output_field = IntegerField()


class Looked(SearchQueryCombinable, Func):  # type: ignore[misc]  # as SearchQuery is made
    """An expression that is a question, fit to be combined with others."""

    template = "%(expressions)s"
    output_field = SearchQueryField()
    config = None


class Called(SearchQueryCombinable, Func):  # type: ignore[misc]  # as above
    """The question for a lexeme as it stands, in small letters."""

    template = "LOWER(%(expressions)s)::tsquery"
    output_field = SearchQueryField()
    config = None


class Have(Func):
    """Whether words, the first, answer a question, the second."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def vector(*columns: str, **weight: str) -> Any:
    """Return the words of these columns, by their stems in English."""
    return SearchVector(*(Apart(column) for column in columns), config="english", **weight)


def asked(text: str) -> SearchQuery:
    """Return what somebody asks: all the words in any form; “-word” keeps out, "a phrase" stands as it is, “or” is or.

    Nothing that is typed is an error.
    """
    whole = _KEPT_OUT.sub(lambda found: f'{found[1]}-"{found[2].translate(APART)}"', text)
    return SearchQuery(_DASH.sub(" ", whole).translate(_OTHERS), config="english", search_type="websearch")


def begun(piece: str) -> Any:
    """Return what one piece asks, such as regis or redis.lag: each of its words in any form, or one that begins so. A
    "phrase" stands as it is.
    """
    parts = piece.translate(APART).split()
    if not parts or len(parts) > MOST_PARTS or len(piece.split()) > 1 or '"' in piece:
        return asked(piece)
    return reduce(and_, [_begun(part) for part in parts])


def _begun(word: str) -> Any:
    """A word that is not looked for, such as “the”, begins no other one."""
    query = asked(word)
    if not _PLAIN.fullmatch(word):
        return query
    longer = query | SearchQuery(f"{word.translate(APART)}:*", config="simple", search_type="raw")
    if on_the_way := _DOUBLED.fullmatch(word):
        longer |= SearchQuery(on_the_way[1], config="simple", search_type="plain")
    return Looked(Case(When(Exact(Nodes(query), 0), then=query), default=longer, output_field=SearchQueryField()))


def called(name: str) -> Any:
    """Return the question for what has this whole name, in small or large letters."""
    quoted = name.replace("\\", "\\\\").replace("'", "''")
    return Called(Value(f"'={quoted}'"))
