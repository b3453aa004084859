"""PURE. Whose request may start when not every thread is free. Source: paging.md 2.10.

A provider that hangs holds each of its threads for ten seconds. It must never hold all of them, and what is not urgent
must never hold those that urgent pages need.
"""

from collections import Counter
from collections.abc import Iterable

from oncall.paging.throttle import Lane

COMPANY = {"sms": "telephone", "voice": "telephone"}  # ways that hang together; any other way hangs alone
Flight = tuple[str, str]  # channel and lane of a request that is under way


class Room:
    """How many more requests of each sort may start, of `threads` in all, while those of `flying` are under way.

    One thread is never given to the company that has all the others: the next page by another way takes it. One more
    of each company, and of all, waits for pages of high urgency. With fewer than three threads there is less to keep.
    """

    def __init__(self, *, threads: int, flying: Iterable[Flight] = ()) -> None:
        self.threads = threads
        self._all: Counter[str] = Counter()
        self._low: Counter[str] = Counter()
        for channel, lane in flying:
            self.take(channel, lane)

    @classmethod
    def any(cls) -> "Room":
        """Return room for whatever comes, for whoever counts no threads."""
        return cls(threads=1_000_000)

    @property
    def free(self) -> int:
        return max(0, self.threads - self._all.total())

    def left(self, channel: str, lane: str) -> int:
        """Return how many more by this way and of this class may start now."""
        company = COMPANY.get(channel, channel)
        of_company = max(1, self.threads - 1)
        found = min(self.free, of_company - self._all[company])
        if lane != Lane.HIGH:
            found = min(found, self.threads - (self.threads > 1) - self._low.total())
            found = min(found, max(1, of_company - 1) - self._low[company])
            found = min(found, self.free - 1) if self.threads > 1 else found
        return max(0, found)

    def take(self, channel: str, lane: str) -> None:
        """Note that one starts."""
        company = COMPANY.get(channel, channel)
        self._all[company] += 1
        if lane != Lane.HIGH:
            self._low[company] += 1
