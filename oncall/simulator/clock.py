"""The telephone company's own clock: it has no database of the portal to ask, and never moves with the portal's time
travel (a real telephone company would not either).
"""

from datetime import UTC, datetime
from email.utils import format_datetime


def now() -> datetime:
    """Return this machine's instant, aware, in UTC."""
    return datetime.now(UTC)


def rfc2822(at: datetime | None) -> str | None:
    """Return the instant as the telephone company writes it: `Thu, 24 Aug 2023 05:01:45 +0000`."""
    return None if at is None else format_datetime(at.astimezone(UTC))


def rfc3339(at: datetime) -> str:
    """Return the instant as our machine interface writes it: `2027-03-20T23:45:00.120Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
