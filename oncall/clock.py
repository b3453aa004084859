"""The one clock: the database's.

Only edges (views, api, tasks, commands) call `now()`, once per transaction, and hand it down. Services and claim
queries take `now`. Time travel for tests and the demo is an offset here and nowhere else.
"""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from oncall import rows

offset = timedelta()  # moved by tests inside one process; processes of a demo share settings.CLOCK_FILE


def now() -> datetime:
    """Return the database's current instant, aware, in UTC, plus the travelled offset.

    Source: architecture.md, Time; paging.md 0, decision 4.
    """
    return travelled(reading())


def travelled(instant: datetime) -> datetime:
    """Return what `now` returns, of a reading of the database's clock that came with something else."""
    return instant + offset + _shared_offset()


def reading() -> datetime:
    """Return what the database's clock says itself, however far tests or the demo have travelled."""
    ((instant,),) = rows.first("SELECT clock_timestamp()", ())
    return instant  # type: ignore[no-any-return]


def travel(delta: timedelta) -> None:
    """Move this process's clock by `delta`, for tests."""
    global offset
    offset += delta


def _shared_offset() -> timedelta:
    """Seconds kept in settings.CLOCK_FILE; zero where there is no such file (always, in production)."""
    if not settings.CLOCK_FILE:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(settings.CLOCK_FILE).read_text() or 0))
    except (OSError, ValueError):
        return timedelta()
