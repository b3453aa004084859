"""An edge: whether this process may work at all, what parts of it have finished a cycle, and whether clocks agree.

A loop asks `Guard.allows` before each cycle. It says no to an engine of another epoch (a peer was promoted), of another
site, or of a version that the rows are not of: then nothing is claimed, and /readyz and the auditor say what is amiss.
Source: docs/paging.md W1, W3; docs/faults.md F21, F40.
"""

import json
import logging
import socket
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from oncall import clock
from oncall.limits.queries import Limits
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)
ENGINE, SENDER, AUDITOR = "engine", "sender", "auditor"
VERSIONS = {ENGINE: 1, SENDER: 1, AUDITOR: 1}  # of the rows, as this code knows them; see models.EngineModule
EACH = timedelta(seconds=1)  # how often a heartbeat is written and clocks are compared
LOG_AGAIN = timedelta(minutes=1)
SLOW_S = 1.0

_epoch: int | None = None  # in which this process began; a database that comes back does not make it young again


def why_not() -> str:
    """Return why this process may not work, worded to be shown; nothing if it may. One query."""
    global _epoch
    number, reason = _asked()
    if not reason and _epoch is None:
        _epoch = number
    if not reason and _epoch is not None and number > _epoch:
        return f"This began in epoch {_epoch}, and {number} has begun since. Start it again if it is wanted here."
    return reason


def elsewhere() -> str:
    """Return why no process of this code may work at this site; nothing if one may. For screens, which do not age."""
    return _asked()[1]


def _asked() -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, site, (SELECT jsonb_object_agg(name, version) FROM troubles_enginemodule)"
            " FROM troubles_epoch WHERE id = 1"
        )
        row = cursor.fetchone()
    if row is None:
        return 0, "The database has no epoch. Run manage.py migrate."
    number, site, known = row[0], row[1], json.loads(row[2] or "{}")
    if site and site != settings.SITE:
        here_is = settings.SITE or "another site"
        return number, f"{site} has the pager since epoch {number}; this is {here_is} and stands by."
    for name, version in VERSIONS.items():
        if known.get(name) != version:
            has = f"version {known[name]}" if name in known else "none"
            says = f"This code knows version {version} of the {name}; the database has {has}. Deploy what matches."
            return number, says
    return number, ""


class Guard:
    """One loop's permission to work, and its evidence of having worked."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        self._said = ""
        self._said_at: datetime | None = None
        self._beaten: dict[str, datetime] = {}
        self._clocks = Clocks()

    def allows(self, *, now: datetime) -> bool:
        """Say whether the cycle may begin. The reason is logged when it changes, and once a minute."""
        reason = why_not()
        if reason and (reason != self._said or self._said_at is None or now - self._said_at >= LOG_AGAIN):
            log.error("%s does not work: %s", self.name, reason)
            self._said_at = now
        elif self._said and not reason:
            log.warning("%s works again", self.name)
        self._said = reason
        return not reason

    def finished(self, *modules: str, now: datetime) -> None:
        """Note that these parts have finished a cycle; written once a second at most."""
        for module in modules:
            last = self._beaten.get(module)
            if last is None or not timedelta() <= now - last < EACH:
                self._beaten[module] = now
                troubles.beat(name=module, now=now)

    def compare_clocks(self, *, now: datetime, limits: Limits) -> None:
        """Once a second: say aloud that the database's clock jumped, or that this machine's differs (F21)."""
        self._clocks.compare(now=now, limits=limits)


class Clocks:
    """The database's clock against the time that passed here, and against this machine's clock.

    Only the database's decides anything. One that jumps makes everything early or late by the jump.
    """

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None
        self._clear = False

    def compare(self, *, now: datetime, limits: Limits) -> None:
        """Raise or clear the troubles `clock`; `now` only dates them. Source: docs/faults.md F21."""
        most = limits.span("clock_difference_s")
        before = elapsed()
        read, passed = clock.reading(), elapsed()
        if passed - before > SLOW_S:  # nobody knows when in between the database looked
            self._last = None
            return
        if self._last is not None:
            jump = (read - self._last[0]) - timedelta(seconds=passed - self._last[1])
            if abs(jump) > most:
                _say("database", f"The database's clock jumped by {jump.total_seconds():+.0f} s", now=now)
                self._clear = False
        self._last = read, passed
        apart = here() - read
        name = socket.gethostname()[:60]
        if abs(apart) > most:
            text = f"The clock of {name} is {apart.total_seconds():+.0f} s from the database's"
            _say(name, text, now=now)
            self._clear = False
        elif not self._clear:
            troubles.clear_trouble(kind="clock", key=name, now=now)
            self._clear = troubles.clear_old(
                kind="clock", key="database", before=now - limits.span("clock_told_for_s"), now=now
            )


def here() -> datetime:
    """Return what this machine's own clock says. It is compared with the database's, and decides nothing."""
    return datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251


def elapsed() -> float:
    """Return seconds that passed, sleep of the machine included where the system tells."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def _say(key: str, text: str, *, now: datetime) -> None:
    text = f"{text}. Look at the time service of both machines: steps and pages come too early or too late."
    troubles.raise_trouble(kind="clock", key=key, text=text, url="/", now=now)
