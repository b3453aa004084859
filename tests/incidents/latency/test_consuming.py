"""Messages of a broker become reports, at least once; nothing is committed to it before it is here."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from incidents.latency import consuming, mapping
from incidents.latency.models import Delivery, UnreadMessage, Visit
from oncall.troubles.models import Trouble
from tests.incidents.latency.test_ingest import ID, delivery, visit

pytestmark = pytest.mark.django_db

TOPICS = mapping.read(
    json.dumps(
        {
            "topics": {
                "visits": {
                    "kind": "visit",
                    "when": {"path": "kind", "is": "science"},
                    "fields": {name: name for name in visit()},
                },
                "deliveries": {"kind": "delivery", "fields": {name: name for name in delivery()}},
            }
        }
    )
)


class BrokerAway(Exception):
    pass


class Message:
    def __init__(self, topic, value, offset, error=None):
        self._all = topic, value, offset, error

    def topic(self):
        return self._all[0]

    def partition(self):
        return 0

    def offset(self):
        return self._all[2]

    def value(self):
        return self._all[1]

    def error(self):
        return self._all[3]


class Broker:
    """Hands out what it was given, once, and remembers how far was committed, and what was here by then."""

    def __init__(self, *said):
        self.waiting = [
            one if isinstance(one, Message) else Message(one[0], json.dumps(one[1]).encode(), number)
            for number, one in enumerate(said)
        ]
        self.commits = []
        self.is_away = False

    def consume(self, num_messages=1, timeout=-1):
        batch, self.waiting = self.waiting[:num_messages], self.waiting[num_messages:]
        return batch

    def commit(self, *, asynchronous):
        assert not asynchronous
        if self.is_away:
            raise BrokerAway("no broker")
        self.commits.append((Visit.objects.count(), Delivery.objects.count()))

    def list_topics(self, *, timeout):
        if self.is_away:
            raise BrokerAway("no broker")


class Maker:
    """Makes a loop over a broker; `now` is what its clock says."""

    def __init__(self, now):
        self.now = now

    def __call__(self, broker, waits=None):
        return consuming.Loop(
            broker,
            TOPICS,
            clock=lambda: self.now,
            wait=(waits if waits is not None else []).append,
            failures=(BrokerAway,),
        )


@pytest.fixture
def loop_of(now):
    return Maker(now)


def science(*args, **fields):
    return ("visits", visit(*args, **fields) | {"kind": "science"})


def test_messages_become_visits_and_deliveries_before_they_are_committed(loop_of):
    broker = Broker(("deliveries", delivery()), science(), ("visits", visit(ID + 1) | {"kind": "dark"}))
    loop = loop_of(broker)

    loop.turn()

    assert Visit.objects.get().verdict == "in_time"
    assert broker.commits == [(1, 1)]
    assert (loop.counts.taken, loop.counts.passed_over, loop.counts.unread) == (2, 1, 0)


def test_a_message_that_cannot_be_taken_is_kept_and_told_and_holds_up_no_other(loop_of):
    broker = Broker(Message("visits", b"\xff\x00", 0), science(), science(ID + 1, band=None))

    loop_of(broker).turn()

    kept = UnreadMessage.objects.order_by("offset").values_list("topic", "offset", "body", "errors")
    assert [one[:2] for one in kept] == [("visits", 0), ("visits", 2)]
    assert kept[0][2] == "��"
    assert kept[1][3] == {"band": ["Missing. Send a text of up to 10 characters."]}
    assert Visit.objects.count() == 1
    assert broker.commits == [(1, 0)]
    assert Trouble.objects.open().get().text == (
        "Messages about visits cannot be taken. The last is visits 0:2: "
        "band: Missing. Send a text of up to 10 characters. Look at the mapping."
    )


def test_a_message_that_comes_again_is_kept_once(loop_of):
    loop_of(Broker(Message("visits", b"x", 7))).turn()
    loop_of(Broker(Message("visits", b"x", 7))).turn()

    assert UnreadMessage.objects.count() == 1


def test_while_the_database_is_away_the_batch_in_hand_waits(loop_of, monkeypatch):
    broker, answers = Broker(science()), [OperationalError("away"), OperationalError("away")]
    waits: list[float] = []
    whole = consuming.take

    def take(**kwargs):
        if answers:
            raise answers.pop()
        return whole(**kwargs)

    monkeypatch.setattr(consuming, "take", take)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own

    loop_of(broker, waits).turn()

    assert (waits, broker.commits) == ([1.0, 2.0], [(1, 0)])


def test_a_broker_that_is_away_is_a_trouble_until_it_is_back(loop_of, now):
    broker = Broker()
    broker.is_away = True
    loop = loop_of(broker)

    loop.turn()
    away = [(one.kind, one.key) for one in Trouble.objects.open()]
    broker.is_away, loop_of.now = False, now + timedelta(seconds=30)
    loop.turn()

    assert away == [("feed", "broker")]
    assert not Trouble.objects.open().exists()


def test_it_looks_after_the_broker_only_now_and_then(loop_of, now):
    broker = Broker()
    loop = loop_of(broker)
    loop.turn()
    broker.is_away, loop_of.now = True, now + timedelta(seconds=29)

    loop.turn()

    assert not Trouble.objects.exists()


def test_a_commit_that_the_broker_refuses_loses_nothing(loop_of):
    broker = Broker(science())
    broker.is_away = True

    loop_of(broker).turn()

    assert Visit.objects.count() == 1


def test_what_the_broker_says_beside_messages_is_no_message(loop_of):
    broker = Broker(Message("visits", None, 0, error="end of partition"), science())

    loop_of(broker).turn()

    assert (Visit.objects.count(), UnreadMessage.objects.count()) == (1, 0)
