"""One loop for whoever runs it: claim, work, sleep until a NOTIFY or for 100 ms at most. A Celery tick runs it for its
second, the pulse for ever. PostgreSQL is queue, clock and lock; nothing here is lost with the process.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import psycopg
from django.conf import settings
from django.db import InterfaceError, connection
from django.utils.module_loading import import_string

from incidents.alarms import engine, reminding, turnover, watch
from incidents.alarms.models import Alarm
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import spending
from oncall.paging.models import Page
from oncall.paging.sender import Sender
from oncall.paging.wake import CHANNEL
from oncall.troubles import services as troubles
from oncall.troubles.guard import ENGINE, SENDER, Guard
from rotations.changes import swaps
from rotations.coverage import reminders, watching
from rotations.coverage import services as coverage
from rotations.leave import services as leave

log = logging.getLogger(__name__)
LONGEST_SLEEP_S = 0.1
STORING_S = 0.2  # of a second, for shifts of schedules that changed: pages come first
SLOW_EVERY = timedelta(seconds=1)  # lookups, audits and what else may wait
SLOWEST_EVERY = timedelta(seconds=30)
GAPS_EVERY = timedelta(minutes=1)
STEPS_AT_ONCE = 25  # before what they made is sent: in one transaction (together.py), some 25 ms
NAP_S = 0.02  # after work, whoever calls: in a storm, what comes meanwhile goes together
BEHIND = timedelta(milliseconds=50)  # how long a loop that stands behind the workers leaves to them what is due


class Loop:
    """Escalate, send, look up, audit; `name` is under which its heartbeat is kept.

    `behind`: it takes only what others have left for a moment, so that not all run for the same rows at once.
    """

    def __init__(self, *, name: str, threads: int = 0, behind: bool = False) -> None:
        self.name = name
        self.patience = BEHIND if behind else timedelta()
        self._worked = False
        self.guard = Guard(name=name)
        self.sender = Sender(threads=threads or settings.SENDERS)
        self._listener: psycopg.Connection[tuple[object, ...]] | None = None
        self._limits: Limits | None = None
        self._slow_at: datetime | None = None
        self._slowest_at: datetime | None = None
        self._gaps_at: datetime | None = None

    def run_for(self, seconds: float) -> None:
        """Run until `seconds` of the database's clock have passed, and let what is under way finish."""
        end = clock.now() + timedelta(seconds=seconds)
        while self.turn() < end:
            self.sleep()

    def turn(self) -> datetime:
        """Do all that is due now: a few steps, then what they made to send, and again. Returns the instant it ended.

        However many alarms are due, the first page never waits for the last step, and what must happen every second
        happens every second.
        """
        self._worked = False
        while True:
            now = clock.now()
            slow = self._is_late(now)
            if not slow and not _anything_due(now - self.patience):
                return now
            if not self.guard.allows(now=now):
                return now
            in_force = self._every_second(now, slow=slow)
            steps, sent = self._step(now, in_force), self._send(now, in_force)
            if not steps and not sent:
                return now
            self._worked = True

    def _step(self, now: datetime, in_force: Limits) -> int:
        """Let a few alarms take their step. Where that breaks, what is due to be sent goes all the same."""
        try:
            steps = engine.escalate_due(now=now, limits=in_force, at_most=STEPS_AT_ONCE, due_by=now - self.patience)
            self.guard.finished(ENGINE, now=now)
        except Exception as error:
            log.exception("steps of %s", self.name)
            _raise_if_gone(error)
            return 0
        return steps

    def _send(self, now: datetime, in_force: Limits) -> int:
        try:
            sent = self.sender.send_due(now=now, limits=in_force, due_by=now - self.patience)
            if sent or self.sender.free:  # all threads busy: a cycle is over when one is free again
                self.guard.finished(SENDER, now=now)
        except Exception as error:
            log.exception("sending of %s", self.name)
            _raise_if_gone(error)
            return 0
        return sent

    def _is_late(self, now: datetime) -> bool:
        """Say whether a second has passed; also where the clock was put back."""
        return self._slow_at is None or now >= self._slow_at or now < self._slow_at - SLOW_EVERY

    def _every_second(self, now: datetime, *, slow: bool) -> Limits:
        if self._limits is None or slow:
            self._limits = limits.at(now)
            self._slow(now, self._limits)
        return self._limits

    def _slow(self, now: datetime, in_force: Limits) -> None:
        """Once a second: ask about lost answers, send notices, move on from dead ways, follow who is on call, watch
        troubles, beat.

        Rooms above this one do their part by name (`settings.CHORES…`). Whatever may find many rows takes a few at a
        time: no page waits for a rota.
        """
        self._slow_at = now + SLOW_EVERY
        chores: list[Callable[[], object]] = [
            lambda: self.sender.reconcile(now=now, limits=in_force),
            lambda: self.sender.send_notices(now=now, limits=in_force),
            lambda: engine.hasten(now=now, limits=in_force),
            lambda: turnover.notice_changes(now=now),
            lambda: turnover.offer(now=now, limits=in_force),
            lambda: reminding.remind_due(now=now, limits=in_force),
            lambda: watch.watch(now=now),
            lambda: self.guard.compare_clocks(now=now, limits=in_force),
            *_named(settings.CHORES_EVERY_SECOND, now, in_force),
        ]
        if self._slowest_at is None or now >= self._slowest_at:
            self._slowest_at = now + SLOWEST_EVERY
            chores += [
                lambda: spending.watch(now=now, limits=in_force),
                lambda: leave.close_forgotten(now=now),
                lambda: swaps.remind_due(now=now),
                lambda: swaps.expire_due(now=now),
                lambda: reminders.send_due(now=now),
                *_named(settings.CHORES_EVERY_HALF_MINUTE, now, in_force),
            ]
        if self._gaps_at is None or now >= self._gaps_at:
            self._gaps_at = now + GAPS_EVERY
            chores += [lambda: watching.watch_gaps(now=now), lambda: watching.watch_teams(now=now)]
        chores.append(lambda: coverage.refresh_due(now=now, at_most=200, for_s=STORING_S))
        for chore in chores:
            try:
                chore()
            except InterfaceError:
                raise  # the connection is gone: the loop is made anew
            except Exception:  # what breaks one chore must not keep the others, or the beat, from happening
                log.exception("a chore of %s", self.name)
        troubles.beat(name=self.name, now=now)

    def sleep(self) -> None:
        """Return at a NOTIFY, when a thread that pages wait for is free again, or after 100 ms."""
        if self.sender.crowded:
            self.sender.wait(LONGEST_SLEEP_S)
            return
        if self._worked:
            time.sleep(NAP_S)
            return
        for _ in self._listening().notifies(timeout=LONGEST_SLEEP_S, stop_after=1):
            pass

    def _listening(self) -> "psycopg.Connection[tuple[object, ...]]":
        if self._listener is None or self._listener.closed:
            connection.ensure_connection()
            self._listener = psycopg.connect(**connection.get_connection_params() | {"autocommit": True})
            self._listener.execute(f"LISTEN {CHANNEL}")
        return self._listener

    def close(self) -> None:
        """Let what is under way finish, and hang up."""
        self.sender.close()
        if self._listener is not None:
            self._listener.close()


def _raise_if_gone(error: Exception) -> None:
    """Raise it again where the connection is gone: the loop is made anew."""
    if isinstance(error, InterfaceError) or not connection.is_usable():
        raise error


def _anything_due(now: datetime) -> bool:
    """Say whether any step or page is due: the one question of a turn in which nothing is to be done."""
    pages = Page.objects.calling().due(now).order_by().values("pk")[:1]
    return bool(pages.union(Alarm.objects.open().due(now).order_by().values("pk")[:1], all=True))


def _named(names: list[str], now: datetime, in_force: Limits) -> list[Callable[[], object]]:
    """Return the chores that settings name by dotted path; each takes `now` and `limits`."""
    return [partial(_do, name, now=now, limits=in_force) for name in names]


def _do(name: str, *, now: datetime, limits: Limits) -> None:
    import_string(name)(now=now, limits=limits)
