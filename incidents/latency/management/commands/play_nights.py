"""`manage.py play_nights`: the demo's nights (incidents/latency/demo_nights.py) and the jobs that check before them
(incidents/latency/check_jobs.py), through the addresses of real input.

It reads access.json, which load_demo wrote into ONCALL_DEMO_DIR, and remembers in nights.json beside it what is done.
"""

import contextlib
import json
import logging
import os
import threading
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from incidents.latency import demo_nights
from incidents.latency.check_jobs import Jobs
from incidents.latency.models import Visit
from incidents.latency.recording import Record
from incidents.latency.replaying import Sender
from oncall import clock
from oncall.people.queries import observing_site
from rotations.night import sun

log = logging.getLogger(__name__)
GENTLY = 10  # of nice(2): everything else in the demo goes first
IDLE_SHARE = 3  # for each second in which the portal worked for us, leave it so many to others
LONGEST_PAUSE = timedelta(seconds=20)
CHECKS_PAUSE_S = 5  # less than the half minute after which the portal looks what is missing, where the clock is set


class Command(BaseCommand):
    help = "Play tonight as it goes with the checks before it, and once the past year, for the demo."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("These nights are invented: not with ONCALL_ENV=production.")
        os.nice(GENTLY)
        place = Path(os.environ.get("ONCALL_DEMO_DIR", ".demo"))
        self.access = json.loads((place / "access.json").read_text())
        self.memory = place / "nights.json"
        self.site = observing_site()
        self.settle_blocks()
        threading.Thread(target=self.play_checks, daemon=True).start()
        threading.Thread(target=self.play_year, args=[sun.day_obs(clock.now())], daemon=True).start()
        self.play_live()

    def sender(self) -> Sender:
        beats = self.access.get("heartbeats", {})
        return Sender(self.access["base_url"], self.access["api_token"], beats=beats, say=self.stderr.write)

    def settle_blocks(self) -> None:
        """As the pilot did it, before any visit comes; a block that somebody settled since is left alone."""
        headers = {"Authorization": f"Token {self.access['api_token']}"}
        for code, expected in demo_nights.BLOCKS.items():
            url = f"{self.access['base_url']}/api/v1/survey-blocks/{code}/"
            known = requests.get(url, headers=headers, timeout=30)
            if known.status_code == requests.codes.not_found:
                requests.put(url, json={"alerts_expected": expected}, headers=headers, timeout=30).raise_for_status()

    def play_live(self) -> None:
        live, sender = demo_nights.Live(self.site), self.sender()
        self.stdout.write("Tonight is played as it goes.")
        while True:
            now = clock.now()
            due = live.due(now)
            if due:
                sender.send(due)
            time.sleep(live.pause(clock.now(), longest=LONGEST_PAUSE).total_seconds())

    def play_checks(self) -> None:
        """In a thread of its own: a night that is sent does not make a check late."""
        jobs = Jobs(self.access["base_url"], self.access["api_token"], place=self.site, say=self.stderr.write)
        with contextlib.closing(connection):
            while True:
                try:
                    jobs.turn(clock.now())
                except Exception:  # whatever it is, the jobs of tomorrow are not to be missing for it
                    log.exception("The jobs of the checks")
                    connection.close()
                time.sleep(CHECKS_PAUSE_S)

    def play_year(self, today: date) -> None:
        """In a thread of its own, so that tonight does not wait for it."""
        sender, done = self.sender(), self.done()

        def send(records: Sequence[Record]) -> None:
            began = time.monotonic()
            sender.send(records)
            time.sleep(IDLE_SHARE * (time.monotonic() - began))

        def finished(day: date) -> None:
            done.add(day)
            self.memory.write_text(json.dumps(sorted(day.isoformat() for day in done)) + "\n")

        with contextlib.closing(connection):
            demo_nights.send_year(today, done=done, place=self.site, send=send, finished=finished)
        self.stdout.write(f"The past year is there: {sender.tally}.")
        for line in sender.tally.errors:
            self.stderr.write(line)

    def done(self) -> set[date]:
        """Return the nights that were sent before; none where the database has no visits, whatever the file says."""
        if not Visit.objects.exists():
            return set()
        try:
            return {date.fromisoformat(day) for day in json.loads(self.memory.read_text())}
        except (OSError, ValueError, TypeError):
            return set()
