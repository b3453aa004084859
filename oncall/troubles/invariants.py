"""What must always be true of the pager: each invariant is one query whose rows break it (docs/paging.md 4).

Each room keeps those it knows, in its `auditing.py`, as a list `INVARIANTS`; `settings.INVARIANTS` names these files,
so that the auditor, on the ground floor, can ask rooms above it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from oncall.limits.queries import Limits

MOST_ROWS = 50  # of one invariant, in a result; a hundred broken rows are told as fifty and more
LONGEST_MS = 2000  # of one question; one that takes longer counts as broken: an auditor that is slow gets switched off

Rows = QuerySet[Any, Any] | Sequence[str]


class Gravity(StrEnum):
    """What a broken invariant means."""

    PAGER = "pager"  # pages may be lost: everybody is told, and the watcher outside hears nothing
    ADVICE = "advice"  # the pager works, with less to fall back on: somebody mends it by day


@dataclass(frozen=True)
class Invariant:
    """`broken` returns the rows that break it, as ids. `url`: where to look; `{}` in it is the id of a row.

    `says`: the kind of trouble an advice is; empty: it is shown, and disturbs nobody.
    """

    id: str
    text: str
    broken: Callable[[datetime, Limits], Rows]
    url: str = "/"
    gravity: Gravity = Gravity.PAGER
    says: str = ""


@dataclass(frozen=True)
class Finding:
    """An invariant that does not hold, and the first rows that break it."""

    id: str
    text: str
    rows: list[str]
    url: str
    gravity: str
    says: str = ""
    sure: bool = False


def every() -> list[Invariant]:
    """Return all invariants of all rooms, in the order in which settings name them."""
    found: list[Invariant] = []
    for path in settings.INVARIANTS:
        found += import_string(f"{path}.INVARIANTS")
    return found


def ask(invariants: Iterable[Invariant], *, now: datetime, limits: Limits) -> list[Finding]:
    """Return those that do not hold at `now`. One that cannot be asked counts as broken, and keeps no other from it."""
    return [found for one in invariants if (found := _ask(one, now=now, limits=limits)) is not None]


def _ask(one: Invariant, *, now: datetime, limits: Limits) -> Finding | None:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LONGEST_MS)])
            rows = [str(pk) for pk in one.broken(now, limits)[:MOST_ROWS]]
            with connection.cursor() as cursor:  # an outer transaction keeps its own time
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except DatabaseError as error:
        text = f"{one.text} (cannot be asked: {type(error).__name__})"
        return Finding(one.id, text, [], one.url, one.gravity, one.says)
    if not rows:
        return None
    return Finding(one.id, one.text, rows, one.url.format(rows[0]), one.gravity, one.says)
