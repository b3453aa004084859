"""Send the records of a night as other programs would: through the public addresses, over HTTP, by token.

Sending again changes nothing there, so whatever did not get an answer is sent once more until it gets one.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from incidents.latency.recording import BEAT, DELIVERY, NEXT_VISIT, VISIT, Record

AT_MOST = 1000  # items of a request
TIMEOUT_S = (5, 60)  # to connect, to answer
ADDRESSES = {VISIT: "visits", DELIVERY: "deliveries", NEXT_VISIT: "next-visits"}
NAMES = {VISIT: "visits", DELIVERY: "deliveries", NEXT_VISIT: "next_visits"}
REFUSED_FROM, AWAY_FROM = 400, 500


class Refused(Exception):
    """The other side does not take this, and would not the next time. The message is fit to show."""


@dataclass
class Tally:
    """What came of all that was sent; `left_out`: beats whose heartbeat has no URL here."""

    requests: int = 0
    accepted: int = 0
    updated: int = 0
    rejected: int = 0
    beats: int = 0
    left_out: int = 0
    errors: list[str] = field(default_factory=list)  # of the first few rejected items

    def __str__(self) -> str:
        words = (
            f"{self.accepted} accepted, {self.updated} updated, {self.rejected} rejected in {self.requests} requests"
        )
        return words + (f"; {self.beats} beats" if self.beats else "")


class Sender:
    """Posts records to the portal at `base_url`. `beats`: the URL of each heartbeat, by the name records call it.

    `say` hears once of each stretch in which the portal does not answer. `wait` sleeps for so many seconds.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        beats: Mapping[str, str] | None = None,
        say: Callable[[str], None] = lambda line: None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url, self.beats, self.say, self.wait = base_url.rstrip("/"), dict(beats or {}), say, wait
        self.session = requests.Session()
        self.headers = {"Authorization": f"Token {token}"}
        self.tally = Tally()

    def send(self, records: Sequence[Record]) -> None:
        """Send these, by kind, in batches; of one kind in their order.

        :raises Refused: if the portal says that this is no request of its.
        """
        for kind, batch in batches(record for record in records if record.kind != BEAT):
            self._report(kind, batch)
        for record in records:
            if record.kind == BEAT:
                self._beat(record)

    def _report(self, kind: str, batch: Sequence[Record]) -> None:
        url = f"{self.base_url}/api/v1/{ADDRESSES[kind]}/"
        answer = self._post(url, {NAMES[kind]: [record.body for record in batch]}, self.headers).json()
        self.tally.accepted += answer["accepted"]
        self.tally.updated += answer["updated"]
        self.tally.rejected += len(answer["rejected"])
        room = max(0, 5 - len(self.tally.errors))
        self.tally.errors += [
            f"{kind} {batch[one['index']].body}: {one['errors']}" for one in answer["rejected"][:room]
        ]

    def _beat(self, record: Record) -> None:
        url = self.beats.get(str(record.body.get("name")))
        if url is None:
            self.tally.left_out += 1
            return
        self._post(url, {key: value for key, value in record.body.items() if key != "name"}, {})
        self.tally.beats += 1

    def _post(self, url: str, body: Any, headers: Mapping[str, str]) -> requests.Response:
        pause = 0.0
        while True:
            try:
                response = self.session.post(url, json=body, headers=headers, timeout=TIMEOUT_S)
            except requests.RequestException as error:
                problem = f"{type(error).__name__}"
            else:
                if response.status_code < REFUSED_FROM:
                    self.tally.requests += 1
                    return response
                if response.status_code < AWAY_FROM and response.status_code != requests.codes.too_many_requests:
                    raise Refused(f"{url} answered {response.status_code}: {response.text[:500]}")
                problem = f"answer {response.status_code}"
            if not pause:
                self.say(f"{self.base_url} does not take it ({problem}). Trying again until it does.")
            pause = min(30.0, pause * 2 or 1.0)
            self.wait(pause)


def batches(records: Iterable[Record]) -> Iterator[tuple[str, list[Record]]]:
    """Yield records by kind, a thousand at most, each kind in its order. What was sent comes before the visits, so that
    a night that is sent in one go never looks like images without alerts.
    """
    by_kind: dict[str, list[Record]] = {DELIVERY: [], NEXT_VISIT: [], VISIT: []}
    for record in records:
        by_kind[record.kind].append(record)
    for kind, found in by_kind.items():
        for start in range(0, len(found), AT_MOST):
            yield kind, found[start : start + AT_MOST]


def play(records: Sequence[Record], send: Callable[[Sequence[Record]], None], *, speed: float) -> None:
    """Send records, which are in order, `speed` times as fast as they came; 0: as fast as they are taken.

    What is due by the time that something was sent is sent together.
    """
    if not records or not speed:
        send(records)
        return
    began, first, sent = time.monotonic(), records[0].at, 0
    while sent < len(records):
        reached = (time.monotonic() - began) * speed
        upto = sent
        while upto < len(records) and (records[upto].at - first).total_seconds() <= reached:
            upto += 1
        if upto > sent:
            send(records[sent:upto])
            sent = upto
        else:
            due = (records[sent].at - first).total_seconds() / speed
            time.sleep(max(0.001, due - (time.monotonic() - began)))
