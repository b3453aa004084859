"""Connect to an address that a person gave us, without being made to knock on doors inside (security.md S16).

The host is looked up once, its addresses are checked, and the connection goes to a checked address: a name that means
something else a moment later changes nothing. One deadline holds for all of it, however slowly the bytes drip.
"""

import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Collection
from typing import Any

from oncall.outside.addresses import BadAddress, NotReached, Target, is_outside

PORTS = (80, 443)
CHUNK = 64 * 1024


def deadline_in(seconds: float) -> float:
    """Return the deadline that `connect` takes, so many seconds from now."""
    return time.monotonic() + seconds


def connect(target: Target, *, allowed: Collection[str], deadline: float, what: str = "We ask addresses") -> "Patient":
    """Connect to one of the addresses of the host that may be asked.

    `allowed`: "host" or "host:port" that may be asked wherever it is. `what` begins the sentence about ports.

    :raises NotReached: if there is none.
    :raises OSError: if none of them answers.
    """
    free = target.host in allowed or f"{target.host}:{target.port}" in allowed
    if not free and target.port not in PORTS:
        raise BadAddress(f"{what} at ports 80 and 443 only, and {target.host} is to be asked at {target.port}.")
    found = _look_up(target, deadline)
    good = [one for one in found if free or is_outside(one)]
    if not good:
        raise BadAddress(f"{target.host} is not on the open internet, so we do not ask it. Give a public address.")
    for place, address in enumerate(good):
        try:
            left = _left(deadline) / (len(good) - place)  # one that is silent leaves time for the next
            plain = socket.create_connection((address, target.port), timeout=left)
        except OSError:
            if place == len(good) - 1:
                raise
            continue
        return Patient(_wrapped(plain, target, deadline), deadline)
    raise AssertionError("unreachable: there is at least one address")


def _wrapped(plain: socket.socket, target: Target, deadline: float) -> socket.socket:
    if target.scheme == "http":
        return plain
    try:
        plain.settimeout(_left(deadline))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise


def _look_up(target: Target, deadline: float) -> list[str]:
    """Return the addresses of a host. The system's resolver knows no deadline, so it works beside us."""
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except queue.Empty:
        raise TimeoutError from None
    if not isinstance(answer, list):
        raise NotReached(f"There is no host called {target.host}. Look at the address again.")
    return answer


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Patient:
    """A connected socket of which every read and write ends by the deadline; what http.client needs of one."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._socket = plain
        self._deadline = deadline

    def sendall(self, data: Any) -> None:
        self._socket.settimeout(_left(self._deadline))
        self._socket.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._deadline), CHUNK)

    def close(self) -> None:
        """The client closes as soon as it has the head of an answer without a length; its reader goes on."""

    def hang_up(self) -> None:
        self._socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket = plain
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)
