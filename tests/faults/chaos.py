"""The chaos run: thousands of pages while processes are killed, the database restarts and the provider misbehaves.

`python -m tests.faults.chaos --pages 3000 --minutes 5` (or `make chaos PAGES=3000`) runs one and prints what came of
it; `--seed` repeats a plan. What is killed when, who is acknowledged and which alarm is sent when is drawn from the
seed; what a process was doing when it was killed is not repeatable, and need not be: it must never matter.
"""

import argparse
import contextlib
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import psycopg
import requests

from deploy import demo, supervisor
from deploy.services import Postgres
from deploy.supervisor import free_port
from tests import system as systems
from tests.faults import crowd, invariants
from tests.faults.invariants import Delivery
from tests.system import System

# A fifth of the requests that send, as paging.md 3.4 had them, and of the questions.
PROVIDER: dict[str, Any] = {
    "messages": [
        {"mode": "status", "status": 429, "code": 20429, "retry_after_s": 1, "share": 0.05},
        {"mode": "status", "status": 503, "code": 20503, "share": 0.03},
        {"mode": "accept_then_status", "status": 500, "share": 0.03},
        {"mode": "accept_then_drop", "share": 0.05, "drop_callbacks": True},
        {"mode": "slow", "delay_s": 12, "share": 0.02},  # answers when the client has gone
        {"duplicate_callbacks": 2, "reverse_callbacks": True, "share": 0.02},
    ],
    "lookups": [
        {"mode": "status", "status": 503, "code": 20503, "share": 0.1},
        {"mode": "accept_then_drop", "share": 0.1},
    ],
}
PROVIDER["calls"] = PROVIDER["messages"]
# What the provider needs is short here, so that a run of minutes sees every path to its end.
LIMITS = {
    "attempt_lease_s": 12, "settle_sms_s": 3, "settle_call_s": 3, "poll_after_s": 10, "poll_give_up_s": 90,
    "poll_again_s": 20, "poll_last_s": 40, "page_wait_after_last_s": 20, "redial_no_answer_s": 5,
    "redial_no_answer_times": 1, "spend_cap_day": 0, "spend_cap_month": 0,
}  # fmt: skip
# Who is killed, and how often: a child costs its parent a fork, a whole program costs seconds.
VICTIMS = {"worker child": 168, "web child": 12, "pulse": 8, "beat": 3, "worker": 2, "web": 1, "stop": 6}
STOPPED_S = 6.0  # a loop that is stopped comes back after so long
ACKNOWLEDGED = 0.2  # of the alarms, each by two people at once
SETTLE_S = 400.0  # for everything to come to its end afterwards


@dataclass(frozen=True)
class Wish:
    pages: int = 600
    minutes: float = 2.0  # for sending the signals; settling comes after it
    seed: int = 1
    kill_every_s: float = 0.4
    restarts: int = 2  # immediate, of the database
    broker_losses: int = 1

    @property
    def alarms(self) -> int:
        """Who acknowledges spares about one of the later tiers."""
        return max(1, round(self.pages / (len(crowd.TIERS) - ACKNOWLEDGED)))


@dataclass
class Report:
    """What came of a run. `problems` is empty when it was clean; extra copies are counted, not forbidden."""

    wish: Wish
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # answers that were no 2xx, by what they were
    kills: Counter[str] = field(default_factory=Counter)
    wins: Counter[str] = field(default_factory=Counter)
    first_tried: str = ""  # how long after it began a page was first attempted
    delivery: Delivery = field(default_factory=Delivery)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def extra_share(self) -> float:
        return len(self.delivery.extra) / max(1, self.delivery.pages)

    def __str__(self) -> str:
        told = self.delivery
        lines = [
            f"seed {self.wish.seed}: {self.accepted} signals accepted, {told.pages} pages in {self.seconds:.0f} s",
            f"  killed: {dict(self.kills)} ({self.kills.total()} in all)",
            f"  signals not accepted at first: {dict(self.refused)}; acknowledgements: {dict(self.wins)}",
            f"  first attempt after {self.first_tried}",
            f"  lost {len(told.lost)}, extra copies {len(told.extra)} ({self.extra_share:.3%})",
            f"  taken late {len(told.late)}, over before sent {told.spared}, given up aloud {len(told.given_up)}",
            *[f"  extra: {one}" for one in told.extra[:10]],
            *[f"  given up: {one}" for one in told.given_up[:10]],
            *[f"  BROKEN {one}" for one in self.problems],
        ]
        return "\n".join(lines)


class Chaos:
    """One run on a system. Signals, acknowledgements and faults come from threads, until their time is over."""

    def __init__(self, system: System, database: supervisor.Supervisor, wish: Wish) -> None:
        self.system, self.database, self.wish, self.report = system, database, wish, Report(wish)
        self.accepted: dict[int, str] = {}  # group, its alarm
        self.winners: dict[str, list[str]] = {}  # alarm, who was told that they have it
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._loops = [name for name in system.programs if name.startswith(("worker", "pulse"))]

    def run(self) -> Report:
        began = time.monotonic()
        self.system.faults(**PROVIDER)
        with ThreadPoolExecutor(64, thread_name_prefix="outside") as outside:
            faults = [
                outside.submit(self._kill_on_and_on),
                outside.submit(self._at_fractions, self.wish.restarts, self._restart_database),
                outside.submit(self._at_fractions, self.wish.broker_losses, self._lose_broker),
            ]
            signals = self._send_all(outside)
            for one in signals:
                one.result()
            self.stopping.set()
            for one in faults:
                one.result()
        self.system.faults()
        self._wait_until_settled()
        self._judge()
        self.report.seconds = time.monotonic() - began
        return self.report

    # --- What happens -------------------------------------------------------------------------------------------------

    def _send_all(self, outside: ThreadPoolExecutor) -> list[Future[None]]:
        """Send a signal for each group, spread evenly; acknowledge some of them."""
        draw = random.Random(self.wish.seed)
        pause = self.wish.minutes * 60 / self.wish.alarms
        began, sent = time.monotonic(), []
        for group in range(self.wish.alarms):
            time.sleep(max(0.0, began + group * pause - time.monotonic()))
            answer_after_s = draw.uniform(0.5, 25) if draw.random() < ACKNOWLEDGED else None
            sent.append(outside.submit(self._signal, group, answer_after_s))
        return sent

    def _signal(self, group: int, answer_after_s: float | None) -> None:
        """Send one as a machine does that repeats itself until it is told that it was heard."""
        while (alarm := self._heard(group)) is None:
            time.sleep(0.5)
        with self._lock:
            self.accepted[group] = alarm
        if answer_after_s is not None:
            time.sleep(answer_after_s)
            self._answer_at_once(alarm, crowd.names(group)[:2])

    def _heard(self, group: int) -> str | None:
        """Send it once; return the alarm it was told of, or nothing if it was not accepted."""
        words = {"title": f"Chaos {group}", "key": f"chaos {group}", "severity": 2}
        try:
            answer = self.system.hook(str(group), words)
        except requests.RequestException as error:
            self._count(self.report.refused, type(error).__name__)
            return None
        if answer.status_code != 202:
            self._count(self.report.refused, str(answer.status_code))
            return None
        return str(answer.json()["alarms"][0])

    def _answer_at_once(self, alarm: str, people: list[str]) -> None:
        """Let two people acknowledge at the same instant, each until they know who has it."""
        together = threading.Barrier(len(people))

        def press(person: str) -> None:
            together.wait()
            while True:
                try:
                    answer = requests.post(
                        f"{self.system.url}/api/v1/alarms/{alarm}/acknowledge/",
                        headers={"Authorization": f"Token {self.system.cast['tokens'][person]}"},
                        timeout=30,
                    )
                except requests.RequestException:
                    time.sleep(0.3)
                    continue
                if answer.status_code in {200, 409}:
                    break
                time.sleep(0.3)
            self._count(self.report.wins, {200: "won", 409: "told who has it"}[answer.status_code])
            if answer.status_code == 200:
                with self._lock:
                    self.winners.setdefault(alarm, []).append(person)

        pressing = [threading.Thread(target=press, args=(person,)) for person in people]
        for thread in pressing:
            thread.start()
        for thread in pressing:
            thread.join()

    def _kill_on_and_on(self) -> None:
        """Harm each kind once, spread over the sending; between these, each as often as VICTIMS says."""
        draw = random.Random(self.wish.seed + 1)
        kinds, weights = list(VICTIMS), list(VICTIMS.values())
        owed = draw.sample(kinds, len(kinds))
        began, pause = time.monotonic(), self.wish.minutes * 60 / (len(kinds) + 1)
        while not self.stopping.wait(self.wish.kill_every_s):
            due = bool(owed) and time.monotonic() - began >= pause * (len(kinds) - len(owed) + 1)
            kind = owed[-1] if due else draw.choices(kinds, weights)[0]
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, IndexError, KeyError):
                self._harm(kind, draw)
                self._count(self.report.kills, kind)
                if due:
                    owed.pop()  # where nobody was there to be harmed, it is tried again

    def _harm(self, kind: str, draw: random.Random) -> None:
        program, _, child = kind.partition(" ")
        named = [name for name in self.system.programs if name.startswith(program)]
        if kind == "stop":
            name = draw.choice(self._loops)
            self.system.supervisor.kill(name, signal.SIGSTOP)
            threading.Timer(STOPPED_S, self.system.supervisor.kill, [name, signal.SIGCONT]).start()
        elif child:
            leader = psutil.Process(self.system.supervisor.pid(draw.choice(named)))
            draw.choice(leader.children()).kill()
        else:
            self.system.supervisor.kill(draw.choice(named))

    def _at_fractions(self, times: int, harm: Callable[[], None]) -> None:
        """Do it so many times, spread over the run."""
        for nth in range(times):
            del nth
            if self.stopping.wait(self.wish.minutes * 60 / (times + 1)):
                return
            harm()

    def _restart_database(self) -> None:
        """What `pg_ctl restart -m immediate` does: no goodbye, no checkpoint; what was committed comes from the log."""
        self.database.kill("postgres", signal.SIGQUIT, family=False)
        self._count(self.report.kills, "database")

    def _lose_broker(self) -> None:
        """Killed, it forgets everything; the supervisor starts another in its place."""
        self.system.supervisor.kill("valkey")
        self._count(self.report.kills, "broker")

    def _count(self, counter: Counter[str], what: str) -> None:
        with self._lock:
            counter[what] += 1

    # --- What came of it ----------------------------------------------------------------------------------------------

    def _wait_until_settled(self) -> None:
        """Wait until no page calls, no attempt is open and no step is due; what does not settle is a problem."""
        end = time.monotonic() + SETTLE_S
        query = """SELECT
            (SELECT count(*) FROM paging_page WHERE state = 'calling') AS pages,
            (SELECT count(*) FROM paging_attempt WHERE state IN ('intent', 'unknown', 'accepted')) AS attempts,
            (SELECT count(*) FROM alarms_alarm WHERE state = 'firing'
                AND (next_due IS NULL OR next_due < now() + interval '1 min')) AS steps"""
        while any((left := self.rows(query)[0]).values()):
            if time.monotonic() > end:
                self.report.problems.append(f"after {SETTLE_S:g} s it has not settled: {left}")
                return
            time.sleep(0.5)

    def rows(self, query: str, *values: object) -> list[systems.Row]:
        """Ask the database, over a connection that a restart may have cut."""
        while True:
            try:
                return self.system.rows(query, *values)
            except psycopg.OperationalError:
                self.system.connection.close()
                time.sleep(0.2)

    def _audit(self) -> list[str]:
        """Return what our own auditor finds broken."""
        done = subprocess.run(
            [sys.executable, "manage.py", "audit"],
            cwd=demo.ROOT,
            env={**os.environ, **self.system.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        found = [f"audit: {line}" for line in done.stdout.splitlines() if line.startswith("BROKEN")]
        return found or ([f"audit ended with {done.returncode}: {done.stderr[-500:]}"] if done.returncode else [])

    def keep(self, place: Path) -> None:
        """Copy what somebody needs who wants to know how it came about."""
        place.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.system.place / "logs", place / "logs", dirs_exist_ok=True)
        shutil.copy(self.system.place / "simulator.sqlite3", place)
        for table in ("paging_page", "paging_attempt", "paging_callback", "alarms_logentry", "troubles_trouble"):
            found = self.rows(f"SELECT to_jsonb(one)::text AS row FROM {table} one")
            (place / f"{table}.jsonl").write_text("\n".join(row["row"] for row in found))

    def _judge(self) -> None:
        report, now = self.report, self.system.now()
        report.accepted = len(self.accepted)
        report.problems += invariants.broken(self.rows, now=now)
        report.problems += self._audit()
        known = {str(row["id"]) for row in self.rows("SELECT id FROM alarms_alarm")}
        report.problems += [f"P1 accepted and not kept: alarm {one}" for one in set(self.accepted.values()) - known]
        never = "SELECT id FROM alarms_alarm WHERE stepped_at IS NULL AND state = 'firing'"
        idle = {str(row["id"]) for row in self.rows(never)}
        report.problems += [f"never paged: alarm {one}" for one in set(self.accepted.values()) & idle]
        doubles = {alarm: names for alarm, names in self.winners.items() if len(names) > 1}
        report.problems += [f"I7 two were told that they have it: {one}" for one in doubles.items()]
        report.delivery = invariants.delivery(self.rows, self.system.place / "simulator.sqlite3")
        for what in ("lost", "late"):
            report.problems += [f"{what}: {one}" for one in getattr(report.delivery, what)]
        waits = "SELECT extract(epoch FROM min(a.started_at) - p.created_at)::float AS s FROM paging_page p JOIN "
        waits += "paging_attempt a ON a.page_id = p.id GROUP BY p.id ORDER BY s"
        waited = [row["s"] for row in self.rows(waits)]
        report.first_tried = ", ".join(
            f"{words} {waited[round(share * (len(waited) - 1))]:.1f} s"
            for words, share in (("half of them", 0.5), ("99 %", 0.99), ("all", 1))
        )
        expected = self.rows("SELECT count(*) AS n FROM alarms_logentry WHERE kind = 'paged'")[0]["n"]
        if expected < report.delivery.pages:
            report.problems.append(f"{report.delivery.pages} pages, and only {expected} lines in the log say so")


@contextlib.contextmanager
def stage(wish: Wish, place: Path) -> Iterator[Chaos]:
    """A database server, a crowd and a system of their own, with two workers and two pulses."""
    place.chmod(0o711)
    server = Postgres(home=place / "postgres", port=free_port(), durable=False)
    with (
        mock.patch.object(supervisor, "LONGEST_PAUSE", supervisor.FIRST_PAUSE),  # who is killed often is not at fault
        supervisor.Supervisor(logs=place / "logs", say=lambda line: None) as database,
    ):
        database.tend_in_background()
        database.start(server.prepare())
        database.wait_healthy()
        cast = systems.fill_empty(server.url, "tests.faults.crowd", str(wish.alarms))
        with systems.running(server.url, cast, own_broker=True, speed=20) as system:
            system.also("worker-2", like="worker")
            system.also("pulse-2", like="pulse")
            system.limits(**LIMITS)
            system.start("simulator", "web", "worker", "worker-2", "beat", "pulse", "pulse-2")
            yield Chaos(system, database, wish)


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="chaos", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--pages", type=int, default=600)
    asked.add_argument("--minutes", type=float, default=0.0, help="of sending; 0: so many as 8 pages a second need")
    asked.add_argument("--seed", type=int, default=0, help="0: another each time")
    asked.add_argument("--kill-every", type=float, default=0.4, help="seconds")
    asked.add_argument("--restarts", type=int, default=2)
    asked.add_argument("--broker-losses", type=int, default=1)
    asked.add_argument("--keep", type=Path, help="a directory for the logs, the telephones' store and the attempts")
    options = asked.parse_args(arguments)
    wish = Wish(
        pages=options.pages,
        minutes=options.minutes or options.pages / 8 / 60,
        seed=options.seed or secrets.randbelow(10**6),
        kill_every_s=options.kill_every,
        restarts=options.restarts,
        broker_losses=options.broker_losses,
    )
    print(f"{wish}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="oncall-chaos-", ignore_cleanup_errors=True) as directory,
        stage(wish, Path(directory)) as chaos,
    ):
        report = chaos.run()
        if report.problems:
            print(chaos.system.last_words())
        if options.keep:
            chaos.keep(options.keep)
    print(report, flush=True)
    return 1 if report.problems or report.extra_share > 0.001 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
