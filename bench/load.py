"""Senders of signals, readers of the API, and what they saw. Instants are seconds of CLOCK_MONOTONIC."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

ACCEPTED, ANSWERED = 202, 200


class Refused(Exception):
    """What was sent was not accepted. The message says what came instead."""


@dataclass(frozen=True)
class Sent:
    """One request: its mark (in a signal's title), when it was sent, when the answer was there."""

    mark: str
    began: float
    ended: float


def signal(mark: str, key: str) -> bytes:
    """Return a payload as a small program sends it; the mark comes back in the page."""
    return json.dumps(
        {"key": key, "title": f"{mark} is late", "severity": 2, "labels": {"instrument": "camera"}}
    ).encode()


def key_of(mark: str, keys: int) -> str:
    """Return the key of the n-th signal where they take turns at so many keys."""
    return f"{mark[:-5]}{int(mark[-5:]) % keys:05}"


def marks(prefix: str) -> Iterator[str]:
    return (f"{prefix}{number:05}" for number in itertools.count())


class Sender:
    """One connection, opened anew when the server has closed it."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def post(self, path: str, mark: str, *, keys: int = 0) -> Sent:
        """Send a signal, with a key of its own or one of so many. :raises Refused: if the answer is not 202."""
        body = signal(mark, key_of(mark, keys) if keys else mark)
        return self._ask("POST", path, body, {"Content-Type": "application/json"}, mark, ACCEPTED)

    def get(self, path: str, mark: str, *, token: str) -> Sent:
        """:raises Refused: if the answer is not 200."""
        return self._ask("GET", path, None, {"Authorization": f"Token {token}"}, mark, ANSWERED)

    def ask(self, path: str, mark: str, *, token: str, body: bytes) -> Sent:
        """Send a question that has a body. :raises Refused: if the answer is not 200."""
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        return self._ask("POST", path, body, headers, mark, ANSWERED)

    def put_in(self, path: str, mark: str, *, body: bytes, headers: dict[str, str], holds: bytes) -> Sent:
        """:raises Refused: if the answer is not 200, or does not hold this."""
        return self._ask("POST", path, body, headers, mark, ANSWERED, holds)

    def browse(self, path: str, mark: str, *, headers: dict[str, str]) -> Sent:
        """:raises Refused: if the answer is not 200."""
        return self._ask("GET", path, None, headers, mark, ANSWERED)

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        mark: str,
        wanted: int,
        holds: bytes = b"",
    ) -> Sent:
        began = time.monotonic()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != wanted or holds not in content:
            raise Refused(f"{path} answered {answer.status}: {content[:200]!r}")
        return Sent(mark, began, time.monotonic())

    def close(self) -> None:
        self.connection.close()


def steadily(*, port: int, paths: Sequence[str], prefix: str, count: int, rate: float) -> list[Sent]:
    """Send `count` signals, `rate` a second, each over a connection of its own, as senders that rarely send do."""

    def one(path: str, mark: str) -> Sent:
        sender = Sender(port)
        try:
            return sender.post(path, mark)
        finally:
            sender.close()

    first = time.monotonic() + 0.1
    with ThreadPoolExecutor(8) as pool:
        flying = []
        for number, mark in zip(range(count), marks(prefix), strict=False):
            time.sleep(max(0.0, first + number / rate - time.monotonic()))
            flying.append(pool.submit(one, paths[number % len(paths)], mark))
        return [future.result() for future in flying]


def paced(
    *, port: int, path: str, prefix: str, connections: int, count: int, rate: float, late: float = 30.0
) -> list[Sent]:
    """Send `count` signals to one path, `rate` a second in all, over so many connections that stay.

    :raises Refused: if they are not taken as fast as they come: `late` seconds behind.
    """
    numbers, lock, first, sent = iter(range(count)), threading.Lock(), time.monotonic() + 0.1, list[Sent]()

    def run(nth: int) -> None:
        sender = Sender(port)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            wait = first + number / rate - time.monotonic()
            if wait < -late:
                raise Refused(f"Signal {number} is sent {-wait:.1f} s late: they are not taken as fast as they come.")
            time.sleep(max(0.0, wait))
            one = sender.post(path, f"{prefix}{number:05}")
            with lock:
                sent.append(one)
        sender.close()

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(run, range(connections)))  # raises what a thread raised
    return sent


Send = Callable[[Sender, str, str], Sent]  # to a path, with a mark


def flat_out(
    *,
    port: int,
    paths: Sequence[str],
    prefix: str,
    connections: int,
    enough: Callable[[int, float], bool],
    send: Send = Sender.post,
) -> list[Sent]:
    """Send over so many connections, each as fast as answers come, until `enough(begun, seconds)`."""
    numbers, lock, began, begun = marks(prefix), threading.Lock(), time.monotonic(), itertools.count()
    sent: list[Sent] = []

    def run(nth: int) -> None:
        sender = Sender(port)
        while True:
            with lock:
                number = next(begun)
                if enough(number, time.monotonic() - began):
                    break
                mark = next(numbers)
            one = send(sender, paths[number % len(paths)], mark)
            with lock:
                sent.append(one)
        sender.close()

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(run, range(connections)))  # raises what a thread raised
    return sent
