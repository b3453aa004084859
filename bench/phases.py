"""What is measured, in this order. Each phase starts what it needs and adds to the results."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench import load
from bench.figures import Spread, cpu, spread
from bench.listing import listing
from bench.run import CONNECTIONS, GROUPS, PATIENCE, RATE, Run, rate
from bench.searching import searching
from bench.storms import DUE_RATE, few, flood, lateness, storm
from bench.tempest import tempest
from bench.visits import visits
from deploy import demo
from deploy.supervisor import Program, answers

FLOOR_DUE_S = 15  # seconds in which the floor's rows fall due
FALL_DUE = """
    INSERT INTO floor_step (due_at)
    SELECT clock_timestamp() + interval '1 second' * (1 + n / %s::float) FROM generate_series(0, %s - 1) AS n
"""
LATENESS = "SELECT extract(epoch FROM at - due_at)::float FROM floor_step"


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
    found: dict[str, Any] = {}
    for name in ("bare", "outbox", "count"):
        sent = load.flat_out(
            port=run.floor_port, paths=[f"/{name}/"], prefix=f"flat{name}", connections=CONNECTIONS, enough=run.enough
        )
        found |= {f"{name}_per_s": rate(sent), f"{name}_answers": spread(one.ended - one.began for one in sent)}
    run.note("floor", paged=paged, accepted=accepted, late=floor_lateness(run), **found)
    run.supervisor.stop("floor-web", "floor-worker", "provider")


def floor_lateness(run: Run) -> Spread:
    """How late the floor's worker comes to rows that fall due one after the other."""
    with psycopg.connect(run.addresses["DATABASE_URL"], autocommit=True) as rows:
        rows.execute(FALL_DUE, [DUE_RATE, int(DUE_RATE * FLOOR_DUE_S)])
        time.sleep(FLOOR_DUE_S + 2)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            late = [seconds for (seconds,) in rows.execute(LATENESS).fetchall()]
            if None not in late:
                return spread(late)
            time.sleep(0.2)
    raise TimeoutError("The floor's worker did not come to what fell due.")


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
    run.note("idle", **run.memories())


def hook(run: Run) -> None:
    """From sending the POST to the message's arrival at the provider."""
    load.steadily(port=run.port, paths=run.hooks["storm"][:40], prefix="warm", count=40, rate=10)
    run.drain()
    time.sleep(2)
    sent = load.steadily(port=run.port, paths=run.hooks["hook"], prefix="hook", count=run.signals, rate=RATE)
    paged = spread(run.first_pages(sent, "hook"))
    run.note("hook", paged=paged, accepted=spread(one.ended - one.began for one in sent))


def ingest(run: Run) -> None:
    """Distinct alarms as fast as they are taken, with everybody at work; after some, as the floor's are."""
    load.steadily(port=run.port, paths=run.hooks["ingest"], prefix="warm", count=40, rate=100)
    run.drain()
    time.sleep(1)
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


def loaded(run: Run) -> None:
    """Memory after all of this."""
    run.note("loaded", **run.memories())


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
    "flood": flood,
    "lateness": lateness,
    "visits": visits,
    "tempest": tempest,
    "loaded": loaded,
    "listing": listing,
    "search": searching,
    "rotations": rotations,
}


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
