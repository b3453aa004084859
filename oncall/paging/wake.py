"""Wake the loops: a NOTIFY, delivered at commit. A lost one costs a poll of 100 ms, never a page."""

from django.db import connection

CHANNEL = "oncall_due"


def wake() -> None:
    """Say that something has fallen due in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
