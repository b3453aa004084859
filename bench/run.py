"""What the phases share: the portal that runs, where it is, what was found so far."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench import load
from bench.figures import cpu, machine_load, memory
from deploy import demo
from deploy.supervisor import Supervisor, free_port

RATE = 1.6  # alarms a second, what the peers were measured at
CONNECTIONS = 8
STORM = 300
FEW = 5
MOST_SIGNALS = 5000  # of one throughput run
PATIENCE = 60.0  # seconds that a backlog may take to drain
# People per phase: no two alarms for one person within a minute, unless that is what is measured.
GROUPS = {
    "hook": 160, "ingest": 100, "storm": STORM, "few": FEW, "flood": 2, "aside": 3, "due": 300,
    "tempest": 1,
}  # fmt: skip
PARTS = ("postgres", "valkey", "web", "worker", "beat", "pulse")
WAITING = """
    SELECT (SELECT count(*) FROM alarms_alarm WHERE state <> 'resolved' AND stepped_at IS NULL)
         + (SELECT count(*) FROM paging_page WHERE state = 'calling' AND next_rung = 0 AND held_until IS NULL)
"""


@dataclass
class Run:
    supervisor: Supervisor
    place: Path
    addresses: dict[str, str]
    signals: int
    seconds: float
    events: int
    alarms: int
    minutes: float
    listed: int
    port: int = field(default_factory=free_port)
    provider_port: int = field(default_factory=free_port)
    floor_port: int = field(default_factory=free_port)
    hooks: dict[str, list[str]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        public = {"PUBLIC_BASE_URL": f"http://127.0.0.1:{self.port}"}
        return demo.environment_of(port=self.port, simulator_port=self.provider_port, addresses=self.addresses) | public

    @property
    def enough(self) -> Callable[[int, float], bool]:
        return lambda sent, seconds: sent >= MOST_SIGNALS or seconds >= self.seconds

    def note(self, name: str, **figures: Any) -> None:
        self.results[name] = figures | {"load": machine_load()}

    def cpu(self) -> dict[str, float]:
        return {name: cpu(self.supervisor.pid(name)) for name in PARTS}

    def cpu_since(self, before: dict[str, float], *, alarms: int) -> dict[str, float]:
        """Return the milliseconds of CPU that each part of the portal has used for an alarm since `before`."""
        spent = {name: round(1000 * (now - before[name]) / alarms, 1) for name, now in self.cpu().items()}
        return {"total": round(sum(spent.values()), 1), **spent}

    def memories(self) -> dict[str, float]:
        """Return the PSS of each part of the portal in MiB."""
        ours = {name: memory(self.supervisor.pid(name)) for name in PARTS}
        return {"total_mib": round(sum(ours.values()), 1), **ours}

    def arrivals(self) -> list[tuple[float, str, str]]:
        """Return every message that the telephone company received: instant, to, body."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.provider_port}/arrivals", timeout=10) as answer:
            return [tuple(one) for one in json.load(answer)]

    def first_pages(self, sent: Sequence[load.Sent], prefix: str) -> list[float]:
        """Return for each signal the seconds until a message with its mark arrived, once all have (or patience ends).

        :raises TimeoutError: if some never arrive: a page was lost.
        """
        wanted = {one.mark: one.began for one in sent}
        deadline = time.monotonic() + PATIENCE
        while True:
            first: dict[str, float] = {}
            for instant, _, body in self.arrivals():
                found = re.search(rf"{prefix}\d{{5}}", body)
                if found:
                    first.setdefault(found[0], instant)
            if wanted.keys() <= first.keys():
                return [first[mark] - began for mark, began in wanted.items()]
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(wanted.keys() - first.keys())} of {len(wanted)} pages did not arrive.")
            time.sleep(0.2)

    def drain(self) -> float:
        """Return the instant at which every alarm had its step and every page its first attempt."""
        with psycopg.connect(self.addresses["DATABASE_URL"], autocommit=True) as rows:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                found = rows.execute(WAITING).fetchone()
                if found and not found[0]:
                    return time.monotonic()
                time.sleep(0.01)
        raise TimeoutError(f"The backlog was not worked off within {PATIENCE:.0f} s. See {self.place / 'logs'}.")


def rate(sent: Sequence[load.Sent]) -> float:
    """Return signals a second, from the first that was sent to the last that was answered."""
    return round(len(sent) / (max(one.ended for one in sent) - min(one.began for one in sent)), 1)
