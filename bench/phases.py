"""What is measured, in this order. Each phase starts what it needs and adds to the results."""

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench import load
from bench.figures import cpu, machine_load, memory, spread
from deploy import demo
from deploy.supervisor import Program, Supervisor, answers, free_port

RATE = 1.6  # alarms a second, what the peers were measured at
CONNECTIONS = 8
STORM = 300
FEW = 5
MOST_SIGNALS = 5000  # of one throughput run
PATIENCE = 60.0  # seconds that a backlog may take to drain
# People per phase: no two alarms for one person within a minute, unless that is what is measured.
GROUPS = {"hook": 160, "ingest": 100, "storm": STORM, "few": FEW}
PARTS = ("postgres", "valkey", "web", "worker", "beat", "pulse")
WAITING = """
    SELECT (SELECT count(*) FROM alarms_alarm WHERE state <> 'resolved' AND stepped_at IS NULL)
         + (SELECT count(*) FROM paging_page WHERE state = 'calling' AND next_rung = 0)
"""


@dataclass
class Run:
    supervisor: Supervisor
    place: Path
    addresses: dict[str, str]
    signals: int
    seconds: float
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


def floor(run: Run) -> None:
    """The least: a bare view that writes one row, and one that also notifies a worker that makes the HTTP call."""
    environment = run.environment
    run.supervisor.start(provider_program(run))
    run.supervisor.start(
        Program(
            name="floor-worker",
            command=[sys.executable, "-m", "bench.floor", f"http://127.0.0.1:{run.provider_port}"],
            env=environment,
            directory=demo.ROOT,
            says="the floor's worker waits",
        )
    )
    run.supervisor.wait_healthy()
    run.supervisor.start(
        Program(
            name="floor-web",
            command=gunicorn("bench.floor:application", run.floor_port),
            env=environment,
            directory=demo.ROOT,
            healthy=answers(f"http://127.0.0.1:{run.floor_port}/healthz"),
        )
    )
    run.supervisor.wait_healthy()
    load.steadily(port=run.floor_port, paths=["/bare/", "/outbox/"], prefix="warm", count=40, rate=100)
    time.sleep(1)
    sent = load.steadily(
        port=run.floor_port, paths=["/outbox/"], prefix="floor", count=max(20, run.signals // 4), rate=RATE
    )
    paged = spread(run.first_pages(sent, "floor"))
    accepted = spread(one.ended - one.began for one in sent)
    rates = {}
    for path in ("/bare/", "/outbox/"):
        sent = load.flat_out(
            port=run.floor_port, paths=[path], prefix=f"flat{path[1]}", connections=CONNECTIONS, enough=run.enough
        )
        rates[path] = rate(sent)
    run.note("floor", bare_per_s=rates["/bare/"], outbox_per_s=rates["/outbox/"], paged=paged, accepted=accepted)
    run.supervisor.stop("floor-web", "floor-worker", "provider")


def start(run: Run) -> None:
    """The portal as a deployment runs it, and how long it takes to be there."""
    environment = run.environment
    began = time.monotonic()
    demo.manage("migrate", "--no-input", environment=environment)
    migrated = time.monotonic() - began
    staged = subprocess.run(
        [sys.executable, "-m", "bench.stage", json.dumps(GROUPS)],
        cwd=demo.ROOT, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    run.hooks = json.loads(staged.stdout)
    portal = [one for one in portal_programs(run, environment) if one.name != "simulator"]
    began = time.monotonic()
    for program in [provider_program(run), *portal]:
        run.supervisor.start(program)
    run.supervisor.wait_healthy()
    run.note("start", migrate_s=round(migrated, 1), up_s=round(time.monotonic() - began, 1))


def idle(run: Run) -> None:
    """Memory of every process of the portal, its database and its broker, when nothing happens."""
    for _ in range(20):  # every web worker has loaded its addresses, as after any first use
        urllib.request.urlopen(f"http://127.0.0.1:{run.port}/readyz", timeout=5).close()
    time.sleep(3)
    run.note("idle", **memories(run))


def hook(run: Run) -> None:
    """From sending the POST to the message's arrival at the provider."""
    load.steadily(port=run.port, paths=run.hooks["storm"][:40], prefix="warm", count=40, rate=10)
    run.drain()
    time.sleep(2)
    sent = load.steadily(port=run.port, paths=run.hooks["hook"], prefix="hook", count=run.signals, rate=RATE)
    paged = spread(run.first_pages(sent, "hook"))
    run.note("hook", paged=paged, accepted=spread(one.ended - one.began for one in sent))


def ingest(run: Run) -> None:
    """Distinct alarms as fast as they are taken, with everybody at work."""
    before = run.cpu()
    sent = load.flat_out(
        port=run.port, paths=run.hooks["ingest"], prefix="ingest", connections=CONNECTIONS, enough=run.enough
    )
    last = max(one.ended for one in sent)
    drained = run.drain() - last
    run.note(
        "ingest",
        per_s=rate(sent),
        accepted=spread(one.ended - one.began for one in sent),
        drained_s=round(drained, 1),
        cpu_ms=run.cpu_since(before, alarms=len(sent)),
    )


def storm(run: Run) -> None:
    """Distinct alarms at once, each for somebody else."""
    time.sleep(61)  # the warm-up's pages of these people are no longer shared
    run.note("storm", **burst(run, run.hooks["storm"], "storm"))


def few(run: Run) -> None:
    """The same for very few people, whose pages are shared: how soon each is called, and all alarms have been told."""
    run.note("few", **burst(run, run.hooks["few"], "few"))


def loaded(run: Run) -> None:
    """Memory after all of this."""
    run.note("loaded", **memories(run))


def rotations(run: Run) -> None:
    """Who is on call, with a thousand schedules: the arithmetic, storing, asking, and the API."""
    run.supervisor.stop("beat", "pulse", "worker")  # else they would store what is measured
    measured = subprocess.run(
        [sys.executable, "-m", "bench.rotations"],
        cwd=demo.ROOT, env=run.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if measured.returncode:
        raise load.Refused(f"bench.rotations failed:\n{measured.stderr[-2000:]}")
    found = json.loads(measured.stdout)
    token, schedules, started = found.pop("token"), found.pop("schedules"), found.pop("started_at")
    for name, (address, body) in questions(started).items():
        send = partial(load.Sender.ask, token=token, body=body) if body else partial(load.Sender.get, token=token)
        paths = [address.format(id=schedule) for schedule in schedules]
        load.flat_out(
            port=run.port, paths=paths, prefix="warm", connections=CONNECTIONS, enough=lambda n, _: n >= 40, send=send
        )
        before = cpu(run.supervisor.pid("web"))
        sent = load.flat_out(
            port=run.port, paths=paths, prefix=name, connections=CONNECTIONS, enough=run.enough, send=send
        )
        spent = 1000 * (cpu(run.supervisor.pid("web")) - before) / len(sent)
        answers = asdict(spread(one.ended - one.began for one in sent))
        found[name] = {"per_s": rate(sent), "web_cpu_ms": round(spent, 1), **answers}
    run.note("rotations", **found)


def questions(started: str) -> dict[str, tuple[str, bytes | None]]:
    """Return what the API is asked: an address, and a body where one is sent."""
    begin = datetime.fromisoformat(started)
    month = {"from": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "to": f"{begin + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"}
    rotation = {
        "time_zone": "America/Chicago", "first_handoff": "2020-10-30T01:30:00", "unit": "hour", "every": 24,
        "participants": ["a", "b", "c"],
    }  # fmt: skip
    return {
        "on_call_api": ("/api/v1/on-call/?schedule={id}", None),
        "shifts_api": (f"/api/v1/schedules/{{id}}/shifts/?{urlencode(month)}", None),
        "preview_api": ("/api/v1/rotations/preview/", json.dumps(rotation | month).encode()),
    }


PHASES: dict[str, Callable[[Run], None]] = {
    "floor": floor,
    "start": start,
    "idle": idle,
    "hook": hook,
    "ingest": ingest,
    "storm": storm,
    "few": few,
    "loaded": loaded,
    "rotations": rotations,
}


def burst(run: Run, paths: Sequence[str], prefix: str) -> dict[str, Any]:
    before, cpu_before = len(run.arrivals()), run.cpu()
    sent = load.flat_out(
        port=run.port, paths=paths, prefix=prefix, connections=CONNECTIONS, enough=lambda sent, _: sent >= STORM
    )
    began = min(one.began for one in sent)
    stepped = run.drain() - began
    time.sleep(1)  # what was claimed has been sent
    pages = [instant - began for instant, _, _ in run.arrivals()[before:]]
    return {
        "alarms": len(sent),
        "pages": len(pages),
        "paged": spread(pages),
        "accepted_s": round(max(one.ended for one in sent) - began, 2),
        "stepped_s": round(stepped, 2),
        "cpu_ms": run.cpu_since(cpu_before, alarms=len(sent)),
    }


def rate(sent: Sequence[load.Sent]) -> float:
    """Return signals a second, from the first that was sent to the last that was answered."""
    return round(len(sent) / (max(one.ended for one in sent) - min(one.began for one in sent)), 1)


def memories(run: Run) -> dict[str, float]:
    ours = {name: memory(run.supervisor.pid(name)) for name in PARTS}
    return {"total_mib": round(sum(ours.values()), 1), **ours}


def provider_program(run: Run) -> Program:
    secrets = demo.secrets_of(run.place)
    return Program(
        name="provider",
        command=[
            sys.executable, "-m", "bench.provider", str(run.provider_port),
            secrets["TWILIO_AUTH_TOKEN"], secrets["TWILIO_ACCOUNT_SID"],
        ],
        directory=demo.ROOT,
        healthy=answers(f"http://127.0.0.1:{run.provider_port}/arrivals"),
    )  # fmt: skip


def portal_programs(run: Run, environment: dict[str, str]) -> list[Program]:
    return demo.programs(environment, port=run.port, simulator_port=run.provider_port)


def gunicorn(application: str, port: int) -> list[str]:
    """Return the demo's own web command with another application."""
    web = next(one for one in demo.programs(_NOTHING, port=port, simulator_port=0) if one.name == "web")
    return [application if word == "oncall.wsgi:application" else word for word in web.command]


_NOTHING = dict.fromkeys(
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET", "PUBLIC_BASE_URL"), ""
)
