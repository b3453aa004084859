"""Visits and what was sent for them, reported as the observatory's programs do: one by one, and a thousand at once.

`python -m bench.visits` prints a token that may report.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from bench import load
from bench.figures import spread
from bench.run import CONNECTIONS, Run, rate
from deploy import demo

BATCH, BATCHES = 1000, 10
ROLL = timedelta(hours=12)  # the night is the date at UTC-12
WARM = 40  # before each, as for the floor
ADDRESSES = {"visits": "/api/v1/visits/", "deliveries": "/api/v1/deliveries/"}
KEPT = {
    "visits": "SELECT count(*) FROM latency_visit WHERE visit_id / 1000000 = %s",
    "deliveries": "SELECT count(*) FROM latency_delivery WHERE visit_id / 1000000 = %s",
}


def visits(run: Run) -> None:
    """Distinct visits one by one over 8 connections, after some that warm it, then what was sent for them; and both a
    thousand at once.
    """
    made = subprocess.run(
        [sys.executable, "-m", "bench.visits"],
        cwd=demo.ROOT, env=run.environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    token = made.stdout.strip()
    reporter = Reporter(token=token, ended_at=two_days_ago())
    earlier = Reporter(token=token, ended_at=reporter.ended_at - timedelta(days=2))
    found: dict[str, Any] = {}
    for name in ADDRESSES:
        load.flat_out(
            port=run.port, paths=[name], prefix="warm", connections=CONNECTIONS, enough=lambda sent, _: sent >= WARM,
            send=earlier.one,
        )  # fmt: skip
        time.sleep(1)
        before = run.cpu()
        sent = load.flat_out(
            port=run.port, paths=[name], prefix=f"one-{name}", connections=CONNECTIONS, enough=run.enough,
            send=reporter.one,
        )  # fmt: skip
        look_for(run, name, night=reporter.night, sent=len(sent))
        found[f"{name}_one_by_one"] = {
            "per_s": rate(sent),
            "answers": spread(one.ended - one.began for one in sent),
            "cpu_ms": run.cpu_since(before, alarms=len(sent)),
        }
    for name in ADDRESSES:
        took = reporter.batches(run.port, name)
        found[f"{name}_by_{BATCH}"] = {"per_s": round(BATCH / (sum(took) / len(took)), 1), "answers": spread(took)}
    run.note("visits", **found)


def look_for(run: Run, name: str, *, night: str, sent: int) -> None:
    """:raises Refused: if one that was accepted is not in the database."""
    with psycopg.connect(run.addresses["DATABASE_URL"]) as rows:
        found = rows.execute(KEPT[name], [int(night)]).fetchone()
    if not found or found[0] != sent:
        raise load.Refused(f"{sent} {name} were accepted, and {found and found[0]} are kept.")


def two_days_ago() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC) - timedelta(days=2)  # noqa: TID251  # a sender's own clock


def night_of(instant: datetime) -> str:
    return f"{instant - ROLL:%Y%m%d}"


class Reporter:
    """Makes reports of visits that ended `ended_at` and a second later each; batches are of the night before."""

    def __init__(self, *, token: str, ended_at: datetime) -> None:
        self.headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self.ended_at = ended_at

    @property
    def night(self) -> str:
        return night_of(self.ended_at)

    def item(self, name: str, number: int, ended_at: datetime) -> dict[str, Any]:
        visit_id = int(f"{night_of(ended_at)}{number:06}")
        at = ended_at + timedelta(seconds=number / 1000)
        if name == "visits":
            return {
                "visit_id": visit_id, "instrument": "LSSTCam", "survey_block": "BLOCK-365", "band": "r",
                "end_readout": at.isoformat(), "on_sky": True, "dome_open": True, "expected_alerts": 9800,
            }  # fmt: skip
        first, last = ((at + timedelta(seconds=later)).isoformat() for later in (30, 50))
        return {
            "visit_id": visit_id, "sent": 9800, "sent_within_limit": 9790, "first_sent_at": first, "last_sent_at": last,
            "stage": "sent",
        }  # fmt: skip

    def one(self, sender: load.Sender, name: str, mark: str) -> load.Sent:
        body = json.dumps({name: [self.item(name, int(mark[-5:]), self.ended_at)]}).encode()
        return self._report(sender, name, mark, body, holds=b'"accepted":1,"updated":0,"rejected":[]')

    def batches(self, port: int, name: str) -> list[float]:
        """Return how many seconds each batch took, over one connection."""
        sender, took = load.Sender(port), []
        for nth in range(BATCHES):
            numbers = range(nth * BATCH, (nth + 1) * BATCH)
            items = [self.item(name, number, self.ended_at - timedelta(days=1)) for number in numbers]
            body = json.dumps({name: items}).encode()
            began = time.monotonic()
            self._report(sender, name, str(nth), body)
            took.append(time.monotonic() - began)
        sender.close()
        return took

    def _report(
        self, sender: load.Sender, name: str, mark: str, body: bytes, holds: bytes = b'"rejected":[]'
    ) -> load.Sent:
        """:raises Refused: if the answer is not 200, or rejects anything, or what is new was there already."""
        return sender.put_in(ADDRESSES[name], mark, body=body, headers=self.headers, holds=holds)


def token() -> str:
    from oncall import clock
    from oncall.people import services as people
    from oncall.people.models import Person

    now = clock.now()
    person = Person.objects.filter(username__startswith="bench-").order_by("username")[0]
    return people.create_token(person=person, name="bench visits", now=now)[1]


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    print(token())
