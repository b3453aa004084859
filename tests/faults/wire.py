"""A wire between two programs that can be cut in every way a network can: a TCP proxy on the loopback address."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Literal

from deploy.supervisor import free_port

Fault = Literal["", "slow", "drop", "half-open", "reset", "refuse"]
HARD = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset at once
PIECE = 65536  # bytes


class Wire:
    """Whoever connects to `port` speaks to `target`, as long as nothing is wrong.

    `slow` delays every piece by `delay_s` each way; `drop` lets bytes vanish, both ways, and connections stay open;
    `half-open` lets what clients say through and no answer back; `reset` tears down all there are and every new one;
    `refuse` lets nobody in and tears down the rest. Each lasts until the next; connections that lost bytes are torn
    down then, as nobody could go on with them.
    """

    def __init__(self, target: tuple[str, int] | None = None) -> None:
        self.target = target
        self.port = free_port()
        self.delay_s = 0.0
        self._fault: Fault = ""
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._spoilt = False  # bytes of the present connections were lost
        self._listener: socket.socket | None = None
        self._listen()

    @contextlib.contextmanager
    def faulty(self, fault: Fault, *, delay_s: float = 0.0) -> Iterator[None]:
        """Misbehave for as long as the block lasts."""
        self.set(fault, delay_s=delay_s)
        try:
            yield
        finally:
            self.set("")

    def set(self, fault: Fault, *, delay_s: float = 0.0) -> None:
        with self._lock:
            torn = self._spoilt or fault in {"reset", "refuse"}
            self._fault, self.delay_s, self._spoilt = fault, delay_s, False
            pairs = list(self._pairs) if torn else []
        for pair in pairs:
            self._tear(*pair)
        if fault == "refuse":
            self._deaf()
        elif self._listener is None:
            self._listen()

    def close(self) -> None:
        self._deaf()
        for pair in list(self._pairs):
            self._tear(*pair)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name=f"wire {self.port}", daemon=True).start()

    def _deaf(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._join, args=(client,), daemon=True).start()

    def _join(self, client: socket.socket) -> None:
        assert self.target is not None, "nobody is at the other end of the wire yet"
        try:
            if self._fault == "reset":
                raise ConnectionError
            server = socket.create_connection(self.target, timeout=5)
        except OSError:  # nobody there: the client sees it as a connection that breaks
            self._hang_up(client)
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._pairs.add((client, server))
        threading.Thread(target=self._pump, args=(client, server, (client, server), False), daemon=True).start()
        self._pump(server, client, (client, server), True)

    def _pump(
        self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket], back: bool
    ) -> None:
        try:
            while piece := source.recv(PIECE):
                if self._fault == "drop" or (self._fault == "half-open" and back):
                    self._spoilt = True
                    continue
                if self._fault == "slow":
                    time.sleep(self.delay_s)
                sink.sendall(piece)
        except OSError:
            pass
        self._tear(*pair)

    def _tear(self, client: socket.socket, server: socket.socket) -> None:
        with self._lock:
            self._pairs.discard((client, server))
        for end in (client, server):
            self._hang_up(end)

    @staticmethod
    def _hang_up(end: socket.socket) -> None:
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, HARD)
            end.shutdown(socket.SHUT_RDWR)  # wakes the other thread
        end.close()
