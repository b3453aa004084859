"""Things to do a little later, in one thread with a heap and a few hands to do them."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class Timers:
    """`after` is told real seconds. What was not done when the company closes is found again in the store."""

    def __init__(self, hands: int = 16) -> None:
        self._hands = ThreadPoolExecutor(hands, thread_name_prefix="hand")
        self._wake = threading.Condition()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
        self._thread.start()

    def after(self, seconds: float, job: Callable[[], None]) -> None:
        with self._wake:
            heapq.heappush(self._heap, (time.monotonic() + seconds, next(self._order), job))
            self._wake.notify()

    def soon(self, job: Callable[[], None]) -> None:
        """Do it now, in another thread."""
        if not self._closed:
            self._hands.submit(_guarded, job)

    def close(self) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout=2)
        self._hands.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
                if not self._heap:
                    self._wake.wait()
                    continue
                due, _, job = self._heap[0]
                left = due - time.monotonic()
                if left > 0:
                    self._wake.wait(left)
                    continue
                heapq.heappop(self._heap)
            self.soon(job)


def _guarded(job: Callable[[], None]) -> None:
    try:
        job()
    except Exception:  # one failed job must not take a hand away
        log.exception("A job of the telephone company failed.")
