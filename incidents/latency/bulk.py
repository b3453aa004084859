"""Many rows in one statement, and the locks that let batches about the same visits come at once.

Two reports about one visit, of one kind or of two, must not pass each other by: each would judge it without knowing of
the other. No row need be there yet to lock, so visits are locked by stripes of their ids, which also keeps a batch of a
thousand from filling PostgreSQL's table of locks. Whoever writes visits, deliveries or verdicts holds first the survey
blocks (shared; alone to settle one), then its stripes in ascending order, for the length of its transaction.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

from oncall import rows

SPACE = 0x715172  # of these locks, among PostgreSQL's advisory locks
BLOCKS, CHORE = -1, -2  # keys beside the stripes
STRIPES = 64
HOLD = f"""
    SELECT CASE key WHEN {BLOCKS} THEN pg_advisory_xact_lock_shared({SPACE}, key)
                    ELSE pg_advisory_xact_lock({SPACE}, key) END FROM unnest(%s::int[]) AS key
"""  # noqa: S608  # numbers of ours


def hold(visit_ids: Iterable[int]) -> None:
    """Wait until nobody else writes about these visits, and keep others waiting until the transaction ends."""
    rows.ask(HOLD, [[BLOCKS, *sorted({visit_id % STRIPES for visit_id in visit_ids})]])


def hold_all() -> None:
    """Wait until nobody else writes about any visit or block, and keep others waiting until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SPACE, BLOCKS])


def is_mine() -> bool:
    """Say whether this transaction may do the chore: one at a time does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [SPACE, CHORE])
        return bool(cursor.fetchone()[0])


def upsert(
    model: type[Model], columns: tuple[str, ...], rows: Sequence[Sequence[Any]], *, keep: tuple[str, ...]
) -> set[Any]:
    """Insert rows, or put them in place of those with the same key but for the columns in `keep`.

    `columns` are names of fields in the order of each row's values, the key first. Returns the keys that were new.
    """
    with connection.cursor() as cursor:
        cursor.execute(_upsert(model, columns, keep), _by_column(columns, rows))
        return {key for key, is_new in cursor.fetchall() if is_new}


def update(model: type[Model], columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Change these columns of rows that are there, each by its key, which comes first."""
    with connection.cursor() as cursor:
        cursor.execute(_update(model, columns), _by_column(columns, rows))


def insert(model: type[Model], columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose key the database gives, or that may be there already, which are then left as they are."""
    with connection.cursor() as cursor:
        cursor.execute(_insert(model, columns), _by_column(columns, rows))


def _by_column(columns: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[row[number] for row in rows] for number in range(len(columns))]


@cache
def _upsert(model: type[Model], columns: tuple[str, ...], keep: tuple[str, ...]) -> str:
    key, *others = map(_quoted, columns)
    kept = set(map(_quoted, keep))
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in others if name not in kept)
    return f"{_start(model, columns)} ON CONFLICT ({key}) DO UPDATE SET {changes} RETURNING {key}, xmax = 0"


@cache
def _insert(model: type[Model], columns: tuple[str, ...]) -> str:
    return f"{_start(model, columns)} ON CONFLICT DO NOTHING"


@cache
def _update(model: type[Model], columns: tuple[str, ...]) -> str:
    table, (key, *others) = _quoted(model._meta.db_table), map(_quoted, columns)
    changes = ", ".join(f"{name} = said.{name}" for name in others)
    names = ", ".join(map(_quoted, columns))
    said = f"unnest({_arrays(model, columns)}) AS said ({names})"
    return f"UPDATE {table} SET {changes} FROM {said} WHERE {table}.{key} = said.{key}"  # noqa: S608  # names of our own models


def _start(model: type[Model], columns: tuple[str, ...]) -> str:
    names = ", ".join(map(_quoted, columns))
    return f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) SELECT * FROM unnest({_arrays(model, columns)})"  # noqa: S608  # as above


def _arrays(model: type[Model], columns: tuple[str, ...]) -> str:
    """A parameter for each column, all its values together; texts as texts, so that none is cut off in silence."""
    types = [str(model._meta.get_field(name).db_type(connection)) for name in columns]
    return ", ".join(f"%s::{'text' if type.startswith('varchar') else type}[]" for type in types)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
