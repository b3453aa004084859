"""A few threads for requests that may wait: at most so many at once, and nobody ever waits for one."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import close_old_connections, connection

log = logging.getLogger(__name__)


class Lane:
    """At most `at_most` pieces of work at once in this process; what does not fit is left for the next second.

    The threads are made by the first work, so in the process that does it, also after a fork.
    """

    def __init__(self, name: str, *, at_most: int) -> None:
        self.name, self.at_most = name, at_most
        self._pool: ThreadPoolExecutor | None = None
        self._flying: set[Future[None]] = set()

    def start(self, work: Callable[[], object]) -> bool:
        """Do it beside us. Returns false, and does nothing, while all threads are busy."""
        self._flying = {one for one in self._flying if not one.done()}
        if len(self._flying) >= self.at_most:
            return False
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.at_most, thread_name_prefix=self.name)
        self._flying.add(self._pool.submit(_guarded, work))
        return True


def _guarded(work: Callable[[], object]) -> None:
    """Whatever breaks here is logged; its row comes again when its lease runs out. No connection is kept for later."""
    try:
        close_old_connections()
        work()
    except Exception:
        log.exception("work that may wait")
    finally:
        connection.close()
