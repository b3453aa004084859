"""Insert rows by SQL that is made once.

The ORM writes the same INSERT anew for each row, at ten times the row's own cost. Where thousands of signals come in a
minute, that is what they would wait for; everywhere else `objects.create` is the way.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model


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
