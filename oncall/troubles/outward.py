"""An edge: the heartbeat to a watcher outside, who calls people by a telephone of their own when it stays away.

Sent each minute by the pulse, and only on evidence: the last audit is fresh and found nothing, engine, sender,
auditor and the pulse itself have just worked, and a canary page went the whole way. It has a thread and a connection
of its own, so that a slow receiver holds up nothing; the thread alone is no evidence, and says nothing for a loop that
hangs.
Source: docs/paging.md W2; docs/faults.md F52.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

import requests
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.troubles import services as troubles
from oncall.troubles.guard import why_not
from oncall.troubles.signs import OUTWARD, signs

log = logging.getLogger(__name__)
PULSE = "pulse"
TIMEOUT_S = 5.0
LOOK_EVERY_S = 1.0
KIND, KEY = "heartbeat", "receiver"


def silent_because(*, now: datetime, limits: Limits) -> str:
    """Return why nobody outside may be told that all is well; nothing if all is well."""
    reason = why_not()
    if reason:
        return reason
    seen = signs(now=now, limits=limits)
    if not seen.audit.fresh:
        return "No audit ran lately."
    broken = [one["id"] for one in [*seen.broken, *seen.doubted]]
    if broken:
        return f"The audit found {', '.join(broken)} broken."
    missing = [*(loop.name for loop in seen.loops if loop.name == PULSE and not loop.fresh), *seen.missing]
    return f"No fresh sign of {', '.join(missing)}." if missing else ""


@dataclass
class Outward:
    """Sends the heartbeat from a thread, until it is closed. Without an address it does nothing."""

    url: str = ""
    failures: int = 0
    due: datetime | None = None  # none: at once
    said: str = ""

    def __post_init__(self) -> None:
        self.url = self.url or settings.HEARTBEAT_URL
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outward", daemon=True)

    def start(self) -> None:
        if self.url:
            self._thread.start()

    def close(self) -> None:
        """End. One that is just being sent ends by itself, within its five seconds."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(LOOK_EVERY_S):
            try:
                close_old_connections()
                self.turn(now=clock.now())
            except (DatabaseError, InterfaceError) as error:  # a database that is away: nothing is known, so silence
                log.warning("no heartbeat: database: %s", error)
                connection.close()
            except Exception:
                log.exception("heartbeat")
        connection.close()

    def turn(self, *, now: datetime) -> bool:
        """Send the heartbeat if it is due and all is well. Returns whether the watcher outside took it."""
        in_force = limits.at(now)
        every = in_force.span("heartbeat_every_s")
        if self.due is not None and self.due - every <= now < self.due:
            return False
        reason = silent_because(now=now, limits=in_force)
        if reason != self.said:
            log.warning("heartbeat: %s", reason or "all is well again")
            self.said = reason
        if reason:
            return False  # looked at again in a second: silence is no reason to be late
        self.due = now + every
        error = self._send()
        if error:
            self._failed(error, now=now, limits=in_force)
            return False
        self.failures = 0
        troubles.beat(name=OUTWARD, now=now)
        troubles.clear_trouble(kind=KIND, key=KEY, now=now)
        return True

    def _send(self) -> str:
        """Return what went wrong, without the address: who knows it can speak for us."""
        try:
            answer = requests.post(self.url, data=b"", timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            return type(error).__name__
        return "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"

    def _failed(self, error: str, *, now: datetime, limits: Limits) -> None:
        self.failures += 1
        log.warning("heartbeat: the watcher outside did not take it: %s (%s in a row)", error, self.failures)
        if self.failures >= limits.count("heartbeat_failures"):
            text = (
                f"The watcher outside has not taken {self.failures} heartbeats in a row ({error}): nobody would call "
                "if this system died. Look at the receiver and at the way there."
            )
            troubles.raise_trouble(kind=KIND, key=KEY, text=text, url="/", now=now)
