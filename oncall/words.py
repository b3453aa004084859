"""Text as words, for searching by PostgreSQL: rooms that are searched make an index of `vector`, and ask it by `asked`.

PostgreSQL reads `redis.lag`, `DM/AP/APDB`, `SEV-2` and `<pod>` as a host, a file, a number and a tag, and finds no word
within them. So what holds words together is a blank here, in what is searched and in what is asked alike; each stays as
long as it was. Whoever changes `HOLDS` makes the indexes anew, by a migration.
"""

import re
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Func, TextField

HOLDS = "./_:@=<>&-"
APART = str.maketrans(HOLDS, " " * len(HOLDS))
_KEPT_OUT = re.compile(r'(\A|\s)-([^\s"]*\w[^\s"]*)')
_DASH = re.compile(r"(?<=\w)-+(?=\w)")
_OTHERS = str.maketrans(HOLDS.replace("-", ""), " " * (len(HOLDS) - 1))  # a dash before a word keeps it out


class Apart(Func):
    """A column with its words apart. PostgreSQL's `translate` never changes: an index may be made of it."""

    template = f"TRANSLATE(%(expressions)s, '{HOLDS}', '{' ' * len(HOLDS)}')"
    output_field = TextField()


def vector(*columns: str, **weight: str) -> Any:
    """Return the words of these columns, by their stems in English."""
    return SearchVector(*(Apart(column) for column in columns), config="english", **weight)


def asked(text: str) -> SearchQuery:
    """Return what somebody asks: all the words in any form; “-word” keeps out, "a phrase" stands as it is, “or” is or.

    Nothing that is typed is an error.
    """
    whole = _KEPT_OUT.sub(lambda found: f'{found[1]}-"{found[2].translate(APART)}"', text)
    return SearchQuery(_DASH.sub(" ", whole).translate(_OTHERS), config="english", search_type="websearch")
