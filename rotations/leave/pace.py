"""How often a chore looks, where looking costs more than nothing and nothing hangs on the minute. PURE."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass
class Pace:
    """At most once in `every`, in this process; what is done is done once whoever looks, so none of it is kept."""

    every: timedelta
    last: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Say whether it is time to look, and remember that somebody did. A clock set back is time too."""
        due = self.last is None or not timedelta() <= now - self.last < self.every
        if due:
            self.last = now
        return due

    def forget(self) -> None:
        self.last = None
