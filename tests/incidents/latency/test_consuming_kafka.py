"""The same over Kafka's own protocol, with librdkafka's own broker for tests."""

import json
import time

import confluent_kafka
import pytest

from incidents.latency import consuming
from incidents.latency.models import Delivery, Visit
from oncall.troubles.models import Trouble
from tests.incidents.latency.test_consuming import TOPICS, science
from tests.incidents.latency.test_ingest import ID, delivery

pytestmark = pytest.mark.django_db

PATIENCE_S = 60


@pytest.fixture
def broker():
    """Yield a producer with a broker of its own, and that broker's address."""
    producer = confluent_kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    (address,) = producer.list_topics(timeout=PATIENCE_S).brokers.values()
    yield producer, f"{address.host}:{address.port}"
    producer.flush(PATIENCE_S)


def consumer_at(address):
    config = {
        "bootstrap.servers": address,
        "group.id": "oncall",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000,  # the least a broker takes: so long it waits for one who is gone
    }
    consumer = confluent_kafka.Consumer(config)
    consumer.subscribe(list(TOPICS))
    return consumer


def loop_over(consumer, now):
    return consuming.Loop(
        consumer, TOPICS, clock=lambda: now, wait=time.sleep, failures=(confluent_kafka.KafkaException,)
    )


def turn_until(loop, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, loop.counts
        loop.turn()


def say(producer, *messages):
    for topic, body in messages:
        producer.produce(topic, json.dumps(body).encode())
    assert producer.flush(PATIENCE_S) == 0


def test_who_takes_over_goes_on_where_the_last_one_committed(broker, now):
    producer, address = broker
    say(producer, science(), ("deliveries", delivery()))
    first = consumer_at(address)
    try:
        turn_until(loop_over(first, now), lambda: Visit.objects.count() == Delivery.objects.count() == 1)
    finally:
        first.close()
    say(producer, science(ID + 1))
    Visit.objects.all().delete()  # so that the first one would be seen again

    second = consumer_at(address)
    try:
        turn_until(loop_over(second, now), Visit.objects.exists)
    finally:
        second.close()

    assert [one.visit_id for one in Visit.objects.all()] == [ID + 1]


def test_a_broker_that_is_not_there_is_a_trouble_and_no_error(now):
    consumer = consumer_at("127.0.0.1:1")
    try:
        turn_until(loop_over(consumer, now), Trouble.objects.open().exists)
    finally:
        consumer.close()

    assert Trouble.objects.get().text.startswith("The broker of visits does not answer (")
