"""`manage.py consume_visits`: take visits, deliveries and nextVisits from Kafka (incidents/latency/mapping.py)."""

import json
import signal
import time
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.latency import mapping
from incidents.latency.consuming import Loop
from oncall import clock

try:
    import confluent_kafka
except ImportError:  # an optional extra
    confluent_kafka = None  # type: ignore[assignment,unused-ignore]


class Command(BaseCommand):
    help = "Consume reports of visits from Kafka until stopped. Run as many as there are partitions, in one group."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--servers", required=True, help="host:port, separated by commas")
        parser.add_argument("--mapping", required=True, help="Which topics, and where each field stands; a JSON file.")
        parser.add_argument("--group", default="oncall", help="The consumer group.")
        parser.add_argument(
            "--config", help="A JSON file of further librdkafka properties, such as sasl.password: never an argument."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if confluent_kafka is None:
            raise CommandError("confluent-kafka is not installed. Install the extra: pip install 'oncall[kafka]'.")
        try:
            topics = mapping.read(self.text(options["mapping"]))
        except mapping.BadMapping as error:
            raise CommandError(str(error)) from None
        consumer = self.consumer(options)
        consumer.subscribe(list(topics))
        failures = (confluent_kafka.KafkaException,)
        loop = Loop(consumer, topics, clock=clock.now, wait=time.sleep, failures=failures)
        self.stopping = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.stop)
        self.stdout.write(f"Consuming {', '.join(topics)}.")
        try:
            while not self.stopping:
                loop.turn()
        finally:
            consumer.close()
            self.stdout.write(f"Stopped: {loop.counts}.")

    def consumer(self, options: dict[str, Any]) -> Any:
        further = {}
        if options["config"]:
            try:
                further = dict(json.loads(self.text(options["config"])))
            except (ValueError, TypeError):
                raise CommandError(f"{options['config']} is no JSON object of librdkafka properties.") from None
        ours = {
            "bootstrap.servers": options["servers"],
            "group.id": options["group"],
            "enable.auto.commit": False,  # after our own commit, and by us
            "auto.offset.reset": "earliest",
        }
        try:
            return confluent_kafka.Consumer({**further, **ours})
        except confluent_kafka.KafkaException as error:
            raise CommandError(f"Kafka's client refuses its configuration: {error}") from None

    def text(self, path: str) -> str:
        try:
            return Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from None

    def stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
