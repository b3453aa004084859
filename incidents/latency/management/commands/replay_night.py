"""`manage.py replay_night FILE`: send a recorded night to a portal, at any speed (incidents/latency/recording.py)."""

import os
from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents.latency import recording
from incidents.latency.replaying import Refused, Sender, play
from oncall import clock


class Command(BaseCommand):
    help = "Send a recorded night to a portal through its public addresses. Sending it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="One record a line, as incidents/latency/recording.py says.")
        parser.add_argument("--to", default=settings.PUBLIC_BASE_URL, help="The portal. Default: this one.")
        parser.add_argument(
            "--token", default=os.environ.get("ONCALL_TOKEN", ""), help="Default: the environment's ONCALL_TOKEN."
        )
        parser.add_argument("--speed", type=float, default=1.0, help="Times as fast as it was; 0: as fast as it goes.")
        parser.add_argument(
            "--now",
            action="store_true",
            help="Move the night to now, so that its last record is sent in its own time; at speed 1, all are.",
        )
        parser.add_argument(
            "--beat", action="append", default=[], metavar="NAME=URL", help="Where a heartbeat of the file calls."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["token"]:
            raise CommandError("There is no token. Give --token, or set ONCALL_TOKEN, which other accounts cannot see.")
        if not 0 <= options["speed"] < float("inf"):
            raise CommandError(f"--speed is {options['speed']:g}. Give 0 or more.")
        beats = dict(self.named(pair) for pair in options["beat"])
        records = self.records(Path(options["file"]))
        if options["now"] and records:
            records = self.moved(records, speed=options["speed"])
        sender = Sender(options["to"], options["token"], beats=beats, say=self.stderr.write)
        try:
            play(records, sender.send, speed=options["speed"])
        except Refused as error:
            raise CommandError(str(error)) from None
        for line in sender.tally.errors:
            self.stderr.write(line)
        if sender.tally.left_out:
            self.stderr.write(f"{sender.tally.left_out} beats were left out: give --beat NAME=URL to send them.")
        self.stdout.write(f"{len(records)} records: {sender.tally}.")

    def named(self, pair: str) -> tuple[str, str]:
        name, found, url = pair.rpartition("=http")
        if not found:
            raise CommandError(f"--beat is {pair!r}. Give the name and the URL: 'Summit monitoring=https://…'.")
        return name, f"http{url}"

    def records(self, path: Path) -> list[recording.Record]:
        try:
            with path.open(encoding="utf-8") as lines:
                return recording.in_order(recording.read(lines))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise CommandError(f"{path} is not UTF-8. Write one JSON object a line.") from None
        except recording.UnreadableLine as error:
            raise CommandError(str(error)) from None

    def moved(self, records: list[recording.Record], *, speed: float) -> list[recording.Record]:
        first, last = records[0].at, records[-1].at
        takes = (last - first) / speed if speed else timedelta()
        by = clock.now() + takes - last
        try:
            return [recording.shifted(record, by) for record in records]
        except ValueError as error:
            raise CommandError(f"The night cannot be moved: {error}.") from None
