"""Ten thousand distinct events a minute from one source, and another source's alarm in the midst of them."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from bench import load
from bench.figures import spread
from bench.run import CONNECTIONS, GROUPS, Run, rate

A_MINUTE = 10_000
KEPT = """
    SELECT (SELECT count(*) FROM signals_signal JOIN signals_source s ON s.id = source_id WHERE s.name = %(source)s),
           (SELECT count(DISTINCT key) FROM (
               SELECT key FROM alarms_alarm WHERE source = %(source)s
               UNION ALL SELECT key FROM alarms_held WHERE source = %(source)s
           ) AS known WHERE key LIKE 'tempest%%'),
           (SELECT count(*) FROM alarms_alarm WHERE source = %(source)s)
"""


def tempest(run: Run) -> None:
    """:raises Refused: if an event is refused (no 5xx), comes late, or was accepted and is not kept."""
    before, cpu_before, pages_before = run.memories(), run.cpu(), len(run.arrivals())
    count = int(A_MINUTE * run.minutes)
    with ThreadPoolExecutor(1) as aside:
        other = aside.submit(_other, run, after=count / A_MINUTE * 60 / 2)
        sent = load.paced(
            port=run.port, path=run.hooks["tempest"][0], prefix="tempest", connections=CONNECTIONS, count=count,
            rate=A_MINUTE / 60,
        )  # fmt: skip
        alone = other.result()
    began = min(one.began for one in sent)
    drained = run.drain() - max(one.ended for one in sent)
    with psycopg.connect(run.addresses["DATABASE_URL"]) as rows:
        row = rows.execute(KEPT, {"source": "bench-tempest-0"}).fetchone()
    if row is None or (row[0], row[1]) != (len(sent), len(sent)):
        raise load.Refused(f"Accepted {len(sent)} events of as many keys; signals, keys and alarms kept are {row}.")
    number = f"+1415{list(GROUPS).index('tempest'):02}{0:05}"
    pages = sum(to == number for _, to, _ in run.arrivals()[pages_before:])
    run.note(
        "tempest",
        events=len(sent),
        per_s=rate(sent),
        behind_s=round(max(one.began - began - int(one.mark[-5:]) * 60 / A_MINUTE for one in sent), 1),
        answers=spread(one.ended - one.began for one in sent),
        another_paged_s=round(run.first_pages([alone], "calm")[0], 2),
        alarms=row[2],
        pages=pages,
        drained_s=round(drained, 1),
        cpu_ms=run.cpu_since(cpu_before, alarms=len(sent)),
        before=before,
        after=run.memories(),
    )


def _other(run: Run, *, after: float) -> load.Sent:
    time.sleep(after)
    return load.steadily(port=run.port, paths=[run.hooks["aside"][2]], prefix="calm", count=1, rate=1)[0]
