"""What reading a calendar file gives, without the libraries that read it: 4 MB that only the process which reads needs.

PURE.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

BEFORE, AFTER = timedelta(days=30), timedelta(days=400)  # the window, around now


class Unreadable(ValueError):
    """The file gives no absences. The message ends a sentence that begins with the calendar's name."""


class NotACalendar(Unreadable):
    """It is not an iCalendar file at all."""


class TooMuch(Unreadable):
    """It holds more than we take."""


@dataclass(frozen=True)
class Occurrence:
    """A span, half-open, in UTC, in which a calendar says that its owner is away. `uid` is unique within the file."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str


@dataclass(frozen=True)
class Found:
    """The absences of a file, by start, and how many of its events made no sense."""

    absences: list[Occurrence]
    skipped: int
