"""One request over HTTP that ends in time, and of which we know whether a byte of it was sent.

The time limits of the HTTP library are for each read: a server that drips a byte now and then holds a thread for ever.
And only who knows that nothing was sent may send again without looking first (paging.md 2.2; faults.md F26).
"""

import contextlib
import heapq
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError


class Flight:
    """A request that is under way in this thread. `sent`: some of it may have reached the other side."""

    def __init__(self) -> None:
        self.sent = False
        self.cut = False  # it took too long and was ended
        self._wire: socket.socket | None = None
        self._mine = False  # the connection is closed and left its wire to us
        self._lock = threading.Lock()

    def over(self, wire: "socket.socket | None") -> None:
        with self._lock:
            self._wire = wire

    def leave(self, wire: socket.socket) -> bool:
        """Take over the wire of a connection that closes while its answer is still read. False: it is not ours."""
        with self._lock:
            self._mine = self._mine or wire is self._wire
            return wire is self._wire

    def end(self) -> None:
        """Cut it off: whoever waits for a byte of it gets the end instead."""
        with self._lock:
            self.cut = True
            if self._wire is not None:
                with contextlib.suppress(OSError):
                    self._wire.shutdown(socket.SHUT_RDWR)

    def land(self) -> None:
        with self._lock:
            if self._mine and self._wire is not None:
                self._wire.close()
            self._wire = None


_local = threading.local()


def _flight() -> Flight | None:
    found: Flight | None = getattr(_local, "flight", None)
    return found


@contextlib.contextmanager
def flight(seconds: float) -> Iterator[Flight]:
    """Give the request made inside `seconds` in all, from the first byte of it to the last of its answer."""
    made = _local.flight = Flight()
    _tower.watch(made, seconds)
    try:
        yield made
    finally:
        _local.flight = None
        made.land()


class _Tower:
    """Ends what takes too long: one thread for all flights of this process."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, weakref.ref[Flight]]] = []
        self._changed = threading.Condition()
        self._count = 0
        self._thread: threading.Thread | None = None

    def watch(self, made: Flight, seconds: float) -> None:
        end = time.monotonic() + seconds
        with self._changed:
            self._count += 1
            heapq.heappush(self._due, (end, self._count, weakref.ref(made)))
            if self._thread is None or not self._thread.is_alive():  # the first here, or since this process parted
                self._thread = threading.Thread(target=self._look, name="flights", daemon=True)
                self._thread.start()
            elif self._due[0][0] == end:
                self._changed.notify()

    def _look(self) -> None:
        while True:
            with self._changed:
                while not self._due:
                    self._changed.wait()
                left = self._due[0][0] - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                    continue
                late = heapq.heappop(self._due)[2]()
            if late is not None:
                late.end()


_tower = _Tower()


class _Watched:
    """What both kinds of connection have in common. The wire is a second handle of the same socket, so that cutting it
    touches nothing that the reading thread holds.
    """

    sock: Any
    auto_open: int
    wire: "socket.socket | None" = None

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        self.wire = made.dup()
        current = _flight()
        if current is not None:
            current.over(self.wire)
            if current.cut:
                raise ConnectTimeoutError(self, "The connection took too long.")
        return made

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()  # type: ignore[attr-defined]
        current = _flight()
        if current is not None:
            current.over(self.wire)
            current.sent = True
        super().send(data)  # type: ignore[misc]

    def close(self) -> None:
        wire, self.wire, current = self.wire, None, _flight()
        if wire is not None and (current is None or not current.leave(wire)):
            wire.close()
        super().close()  # type: ignore[misc]


class WatchedHttp(_Watched, HTTPConnection):
    pass


class WatchedHttps(_Watched, HTTPSConnection):
    pass


class HttpPool(HTTPConnectionPool):
    ConnectionCls = WatchedHttp


class HttpsPool(HTTPSConnectionPool):
    ConnectionCls = WatchedHttps


class Adapter(HTTPAdapter):
    """For a session of `requests`: no retries of its own, and connections that `flight` can cut."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}
