"""Insert rows by SQL that is made once, and ask by statements that the database has prepared.

The ORM writes the same INSERT anew for each row, at ten times the row's own cost. Where thousands of signals come in a
minute, that is what they would wait for; everywhere else `objects.create` is the way.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
import psycopg.sql
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Model

Values = Sequence[Any] | Mapping[str, Any]


def insert(row: Model, *, unless_taken: bool = False) -> bool:
    """Insert `row` and give it the key that the database gives it, if it does.

    `unless_taken`: where a row that is there already forbids it, nothing is written and the answer is false; one that
    another transaction is about to commit is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_statement(type(row), unless_taken), _values(row))
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk, row._state.adding = found[0], False
    return True


def insert_many(rows: Sequence[Model], *, unless_taken: bool = False) -> int:
    """Insert rows of one model in one statement, in this order; their keys are not read back. Returns how many.

    `unless_taken`: as above; those alone are left out.
    """
    if not rows:
        return 0
    values = [value for row in rows for value in _values(row)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(type(rows[0]), unless_taken, len(rows)), values)
        return int(cursor.rowcount)


def selecting(model: type[Model], given: Mapping[str, str]) -> str:
    """Return `INSERT … SELECT …` for a row of `model` whose columns are these SQL expressions; all others take what the
    model says. The caller adds what follows: FROM, WHERE.
    """
    meta, columns, chosen = model._meta, [], []
    for field in meta.concrete_fields:
        name = str(field.column)
        if name in given or not (field.db_returning or field.primary_key):
            columns.append(_quoted(name))
            chosen.append(given[name] if name in given else _default(field))
    unknown = given.keys() - {field.column for field in meta.concrete_fields}
    assert not unknown, f"{meta.label} has no columns {unknown}"
    return f"INSERT INTO {_quoted(meta.db_table)} ({', '.join(columns)}) SELECT {', '.join(chosen)}"  # as below


def _default(field: Any) -> str:
    assert field.has_default() or field.null or field.empty_strings_allowed, f"{field} has no default"
    value = field.get_db_prep_save(field.get_default(), connection=connection)
    return psycopg.sql.Literal(value).as_string(None).replace("%", "%%")


def ask(sql: str, values: Values) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows. The database reads it once for each connection and keeps it prepared, and
    Django neither writes the values into it nor asks first whether the connection still lives.

    For the few statements that a storm repeats thousands of times. Whoever may be the first of a request uses `first`.
    """
    if connection.force_debug_cursor or connection.execute_wrappers or connection.connection is None:
        with connection.cursor() as cursor:  # somebody counts, or forbids; or there is no connection yet
            cursor.execute(sql, values)
            asked: list[tuple[Any, ...]] = cursor.fetchall()
            return asked
    raw = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        raw.prepare_threshold = 0
        try:
            found: list[tuple[Any, ...]] = cursor.execute(sql, values).fetchall()
            return found
        finally:
            raw.prepare_threshold = None  # as Django wants it for all others


def first(sql: str, values: Values) -> list[tuple[Any, ...]]:
    """Do the same with the first question of a request, which changes nothing: where the connection turns out to be
    gone, it is asked once more over a new one.
    """
    try:
        return ask(sql, values)
    except (InterfaceError, OperationalError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return ask(sql, values)


def _values(row: Model) -> list[Any]:
    fields = [field for field in row._meta.concrete_fields if not field.db_returning]
    return [field.get_db_prep_save(field.pre_save(row, True), connection=connection) for field in fields]


@cache
def _statement(model: type[Model], unless_taken: bool, count: int = 1) -> str:
    meta = model._meta
    columns = [_quoted(field.column) for field in meta.concrete_fields if not field.db_returning]
    one = f"({', '.join(['%s'] * len(columns))})"
    return (
        f"INSERT INTO {_quoted(meta.db_table)} ({', '.join(columns)}) VALUES {', '.join([one] * count)}"  # noqa: S608  # names of our own models
        f"{' ON CONFLICT DO NOTHING' if unless_taken else ''} RETURNING {_quoted(meta.pk.column)}"
    )


def _quoted(name: str | None) -> str:
    assert name is not None  # only a field without a column has none
    return connection.ops.quote_name(name)
