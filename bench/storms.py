"""Many alarms at once: as many as people, a few people's, one key's; and ten thousand open ones that fall due."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg

from bench import due, load
from bench.figures import spread
from bench.run import CONNECTIONS, PATIENCE, STORM, Run, rate
from deploy import demo

KEYS = (500, 1)  # over which the events of a storm are spread
ASIDE_AFTER = 2.0  # seconds into the storm, when somebody else's first alarm comes
DUE_RATE = 10_000 / 60  # alarms a second: every one of ten thousand once a minute
KEPT = """
    SELECT (SELECT count(*) FROM signals_signal JOIN signals_source s ON s.id = source_id WHERE s.name = %(source)s),
           (SELECT count(*) FROM alarms_alarm WHERE source = %(source)s),
           (SELECT coalesce(sum(count), 0) FROM alarms_alarm WHERE source = %(source)s)
"""


def storm(run: Run) -> None:
    """Distinct alarms at once, each for somebody else."""
    time.sleep(61)  # the warm-up's pages of these people are no longer shared
    run.note("storm", **burst(run, run.hooks["storm"], "storm"))


def few(run: Run) -> None:
    """The same for very few people, whose pages are shared: how soon each is called, and all alarms have been told."""
    run.note("few", **burst(run, run.hooks["few"], "few"))


def flood(run: Run) -> None:
    """Ten thousand events over 500 keys, and over one, and somebody else's first alarm in the midst of them."""
    found = {f"keys_{keys}": _flood(run, nth, keys) for nth, keys in enumerate(KEYS)}
    run.note("flood", **found)


def _flood(run: Run, nth: int, keys: int) -> dict[str, Any]:
    """:raises Refused: if what was accepted is not kept and counted."""
    prefix = f"flood{keys}k"
    with ThreadPoolExecutor(1) as aside:
        first = aside.submit(_aside, run, run.hooks["aside"][nth], f"aside{keys}k")
        sent = load.flat_out(
            port=run.port,
            paths=[run.hooks["flood"][nth]],
            prefix=prefix,
            connections=CONNECTIONS,
            enough=lambda begun, _: begun >= run.events,
            send=partial(load.Sender.post, keys=keys),
        )
        alone = first.result()
    with psycopg.connect(run.addresses["DATABASE_URL"]) as rows:
        row = rows.execute(KEPT, {"source": f"bench-flood-{nth}"}).fetchone()
    wanted = (len(sent), min(keys, run.events), len(sent))
    if row is None or tuple(map(int, row)) != wanted:
        raise load.Refused(f"Accepted {wanted[0]} events over {wanted[1]} keys; kept, alarms and counted are {row}.")
    return {
        "events": len(sent),
        "per_s": rate(sent),
        "accepted": spread(one.ended - one.began for one in sent),
        "another_paged_s": round(run.first_pages([alone], f"aside{keys}k")[0], 2),
        "drained_s": round(run.drain() - max(one.ended for one in sent), 1),
    }


def _aside(run: Run, path: str, prefix: str) -> load.Sent:
    time.sleep(ASIDE_AFTER)
    return load.steadily(port=run.port, paths=[path], prefix=prefix, count=1, rate=1)[0]


def lateness(run: Run) -> None:
    """With ten thousand alarms open, how long after its due time each step is written."""
    wanted = {"alarms": run.alarms, "rate": DUE_RATE, "group": "due"}
    staged = subprocess.run(
        [sys.executable, "-m", "bench.due", json.dumps(wanted)],
        cwd=demo.ROOT, env=run.environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if staged.returncode:
        raise load.Refused(f"bench.due failed:\n{staged.stderr[-2000:]}")
    cpu_before = run.cpu()
    time.sleep(json.loads(staged.stdout))
    with psycopg.connect(run.addresses["DATABASE_URL"], autocommit=True) as rows:
        deadline = time.monotonic() + PATIENCE
        while (row := rows.execute(due.UNDONE).fetchone()) and row[0] and time.monotonic() < deadline:
            time.sleep(0.2)
        steps: Sequence[tuple[str, float]] = rows.execute(due.STEPS).fetchall()
    taken = Counter(alarm for alarm, _ in steps)
    run.note(
        "lateness",
        late=spread(seconds for _, seconds in steps),
        early=sum(seconds < 0 for _, seconds in steps),
        lost=run.alarms - len(taken),
        doubled=sum(count > 1 for count in taken.values()),
        cpu_ms=run.cpu_since(cpu_before, alarms=run.alarms),
    )


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
