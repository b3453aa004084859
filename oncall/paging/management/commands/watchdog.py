"""`manage.py watchdog`: the peer at the other site asks whether the main site is ready, and texts people if it is not.

It needs no database, so it runs beside a standby. Its telephone account is the one of its own environment, which must
not be the main site's. Whom it texts is a list of numbers, not a rota: a rota is what may be broken. Source:
docs/paging.md W3.
"""

import logging
import signal
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import FrameType
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError

from oncall.paging.channels import Order, Verdict
from oncall.paging.providers import channel

log = logging.getLogger("watchdog")
TIMEOUT_S = 5.0


@dataclass
class Watch:
    """What is known of the main site: since when it has not been ready, and when people were last told."""

    after_s: float
    again_s: float
    not_ready_since: float | None = None  # none: it is ready
    told_at: float | None = None  # none: nobody was told of this

    def saw(self, *, ready: bool, at: float) -> str:
        """Return what to tell people at `at`, in seconds of a clock that never goes back; nothing most of the time."""
        if ready:
            told, self.not_ready_since, self.told_at = self.told_at, None, None
            return "is ready again" if told is not None else ""
        if self.not_ready_since is None:
            self.not_ready_since = at
        since = at - self.not_ready_since
        if since < self.after_s or (self.told_at is not None and at - self.told_at < self.again_s):
            return ""
        self.told_at = at
        return f"has not been ready for {since / 60:.0f} min. Look at it, or promote the other site"


class Command(BaseCommand):
    help = "Ask the main site's /readyz for ever, and text a few people when it is not ready."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("url", help="The main site's /readyz.")
        parser.add_argument("numbers", nargs="+", help="Whom to text, in E.164 (+56912345678).")
        parser.add_argument("--every", type=float, default=15, help="Seconds between questions.")
        parser.add_argument("--after", type=float, default=120, help="Seconds of silence before people are told.")
        parser.add_argument("--again", type=float, default=900, help="Seconds after which they are told again.")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = [number for number in options["numbers"] if not (number.startswith("+") and number[1:].isdigit())]
        if wrong:
            raise CommandError(f"{', '.join(wrong)}: write numbers as +56912345678.")
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        watch = Watch(after_s=options["after"], again_s=options["again"])
        log.info("the watchdog watches")
        while True:
            words = watch.saw(ready=ready(options["url"]), at=time.monotonic())
            if words:
                tell(options["numbers"], words)
            if stopping.wait(options["every"]):
                return


def ready(url: str) -> bool:
    """Say whether the main site answers that it is ready."""
    try:
        answer = requests.get(url, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        log.warning("main site: %s", type(error).__name__)
        return False
    if answer.status_code != 200:
        log.warning("main site: HTTP %s %s", answer.status_code, answer.text[:500])
    return answer.status_code == 200


def tell(numbers: list[str], words: str) -> None:
    """Text each of them. Whatever becomes of one, the others are texted too."""
    log.error("the main site %s", words)
    for number in numbers:
        outcome = channel("sms").send(
            Order(
                attempt_id=uuid.uuid4(),
                channel="sms",
                address=number,
                subject="",
                body=f"oncall watchdog: the pager of the main site {words}.",
                reference="",
                answer_path="",
                started_at=datetime.fromtimestamp(time.time(), UTC),  # noqa: TID251 -- no database to ask
                valid_for=timedelta(seconds=900),
                ring_for=timedelta(seconds=25),
                talk_for=timedelta(seconds=60),
                callbacks=False,  # there is nobody here to hear them
            )
        )
        if outcome.verdict is not Verdict.ACCEPTED:
            log.error("text to •••• %s: %s %s", number[-4:], outcome.verdict, outcome.text)
