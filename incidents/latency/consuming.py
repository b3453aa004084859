"""Take reports from a broker, at least once: offsets are committed after what they stand for is.

Whatever implements `Consumer` will do: confluent_kafka's, or a test's. A message that cannot be read, or is rejected,
is kept and passed by; the topic goes on. While the database is away the batch in hand waits for it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db import InterfaceError, OperationalError, connection

from incidents.latency import ingest
from incidents.latency.mapping import Topic, Unmappable
from incidents.latency.models import UnreadMessage
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.troubles import services as troubles

logger = logging.getLogger(__name__)
TROUBLE, AWAY, UNREAD = "feed", "broker", "messages"
KEPT = 16 * 1024  # bytes of a message that could not be taken
AT_ONCE = 500  # messages of a batch
WAIT_S = 1.0
LOOK_EVERY = timedelta(seconds=30)  # after whether the broker is there, while nothing comes
UNREAD_FOR = timedelta(hours=1)  # without another one, the trouble about such messages is over
LONGEST_PAUSE_S = 30.0
TAKE = {"visit": ingest.take_visits, "delivery": ingest.take_deliveries, "next_visit": ingest.take_next_visits}


class Message(Protocol):
    def topic(self) -> str | None: ...
    def partition(self) -> int | None: ...
    def offset(self) -> int | None: ...
    def value(self) -> bytes | None: ...
    def error(self) -> Any: ...


class Consumer(Protocol):
    """As confluent_kafka's: `consume` moves the position on, `commit` without offsets commits that position."""

    def consume(self, num_messages: int = 1, timeout: float = -1) -> Sequence[Message]: ...
    def commit(self, *, asynchronous: bool) -> Any: ...
    def list_topics(self, *, timeout: float) -> Any: ...


@dataclass
class Counts:
    """Since the start. `passed_over`: the mapping says that they are none of ours."""

    taken: int = 0
    passed_over: int = 0
    unread: int = 0

    def __str__(self) -> str:
        return f"{self.taken} taken, {self.passed_over} passed over, {self.unread} unread"


def take(*, messages: Sequence[Message], topics: Mapping[str, Topic], now: datetime, limits: Limits) -> Counts:
    """Take a batch, each kind in its order, and keep what cannot be taken. Each kind is a transaction of its own, since
    locks on visits are taken once in one; a batch that broke on the way comes again, and changes nothing where it did.
    """
    counts, unread = Counts(), []
    by_kind: dict[str, list[tuple[Message, dict[str, Any]]]] = {kind: [] for kind in TAKE}
    for message in messages:
        topic = topics[message.topic() or ""]
        try:
            body = topic.read(message.value())
        except Unmappable as error:
            unread.append((message, {"detail": [str(error)]}))
            continue
        if body is None:
            counts.passed_over += 1
        else:
            by_kind[topic.kind].append((message, body))
    for kind, found in by_kind.items():
        if found:
            receipt = TAKE[kind](items=[body for _, body in found], now=now, limits=limits)
            counts.taken += receipt.accepted + receipt.updated
            unread += [(found[one.index][0], one.errors) for one in receipt.rejected]
    counts.unread = len(unread)
    if unread:
        _keep(unread, now=now)
    return counts


def _keep(unread: Sequence[tuple[Message, dict[str, list[str]]]], *, now: datetime) -> None:
    rows = [
        UnreadMessage(
            topic=message.topic() or "",
            partition=message.partition() or 0,
            offset=message.offset() or 0,
            at=now,
            body=(message.value() or b"")[:KEPT].decode(errors="replace").replace("\0", "�"),
            errors=errors,
        )
        for message, errors in unread
    ]
    UnreadMessage.objects.bulk_create(rows, ignore_conflicts=True)
    last, errors = unread[-1]
    where = f"{last.topic()} {last.partition()}:{last.offset()}"
    words = " ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items())
    logger.warning("%s messages could not be taken; the last is %s: %s", len(unread), where, words)
    text = f"Messages about visits cannot be taken. The last is {where}: {words} Look at the mapping."
    troubles.raise_trouble(kind=TROUBLE, key=UNREAD, text=text, now=now)


class Loop:
    """Consumes until told to stop. `clock` says now; `wait` sleeps for so many seconds."""

    def __init__(
        self,
        consumer: Consumer,
        topics: Mapping[str, Topic],
        *,
        clock: Callable[[], datetime],
        wait: Callable[[float], None],
        failures: tuple[type[Exception], ...],
    ) -> None:
        """`failures`: what the consumer raises where its broker does not do what it should."""
        self.consumer, self.topics, self.clock, self.wait, self.failures = consumer, topics, clock, wait, failures
        self.counts = Counts()
        self.looked_at: datetime | None = None
        self.is_away = False

    def turn(self) -> int:
        """Wait up to a second for messages, take them, commit; return how many there were."""
        messages = [
            one for one in self.consumer.consume(num_messages=AT_ONCE, timeout=WAIT_S) if not self._is_error(one)
        ]
        if not messages:
            self._look()
            return 0
        counts = self._insist(
            lambda now: take(messages=messages, topics=self.topics, now=now, limits=limits.lately(now))
        )
        self.counts.taken += counts.taken
        self.counts.passed_over += counts.passed_over
        self.counts.unread += counts.unread
        try:
            self.consumer.commit(asynchronous=False)
        except self.failures as error:  # they come again, and change nothing then
            logger.warning("The broker did not keep how far we are: %s", error)
        if self.is_away:
            self._back()
        return len(messages)

    def _insist(self, take: Callable[[datetime], Counts]) -> Counts:
        """Do it until the database lets us."""
        pause = 1.0
        while True:
            try:
                return take(self.clock())
            except (OperationalError, InterfaceError) as error:
                logger.warning("The database is away; the messages in hand wait: %s", error)
                connection.close()
                self.wait(pause)
                pause = min(LONGEST_PAUSE_S, pause * 2)

    def _is_error(self, message: Message) -> bool:
        if message.error() is None:
            return False
        logger.warning("The broker says: %s", message.error())
        return True

    def _look(self) -> None:
        """While nothing comes, now and then: is the broker there at all? The consumer itself tries again for ever."""
        try:
            now = self.clock()
            if self.looked_at is not None and now - self.looked_at < LOOK_EVERY:
                return
            self.looked_at = now
            troubles.clear_old(kind=TROUBLE, key=UNREAD, before=now - UNREAD_FOR, now=now)
            try:
                self.consumer.list_topics(timeout=5.0)
            except self.failures as error:
                self.is_away = True
                logger.warning("The broker does not answer: %s", error)
                text = f"The broker of visits does not answer ({error}); we keep trying. What it holds comes late."
                troubles.raise_trouble(kind=TROUBLE, key=AWAY, text=text, now=now)
            else:
                self._back()
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database is away: %s", error)
            connection.close()

    def _back(self) -> None:
        troubles.clear_trouble(kind=TROUBLE, key=AWAY, now=self.clock())
        self.is_away = False
