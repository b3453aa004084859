"""Who watches the watcher, with real processes: a receiver outside hears from a pulse that works, and from no other."""

import http.server
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from deploy import demo
from tests import system as systems

pytestmark = pytest.mark.chaos
SEVERAL_HEARTBEATS_S = 5
SOON: dict[str, Any] = {"heartbeat_every_s": 1, "canary_every_s": 2, "canary_stale_after_s": 60}
UNTIL_THE_NEXT_AUDIT = timedelta(seconds=31)


@pytest.fixture(scope="module")
def heard():
    """What a watcher outside has heard; its address is in the pulse's environment."""
    found: list[str] = []

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found, f"http://127.0.0.1:{server.server_port}/ping"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def system(heard):
    environment = {"HEARTBEAT_URL": heard[1]}
    with systems.system(start=("simulator", "web", "pulse"), environment=environment, **SOON) as running:
        yield running


def audit(system) -> subprocess.CompletedProcess[str]:
    environment = {**system.environment, "REDIS_URL": "redis://127.0.0.1:1/0"}  # it needs no broker
    return subprocess.run(
        [sys.executable, "manage.py", "audit"],
        cwd=demo.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def hears(heard, more: int = 2) -> None:
    found, _ = heard
    enough = len(found) + more
    systems.until(lambda: len(found) >= enough, "a heartbeat to the watcher outside")


def test_a_pulse_that_works_is_heard_outside(system, heard):
    """W2: canary, audit and heartbeat of one pulse, with no broker. The first audit comes before the first canary."""
    landed = "SELECT state FROM paging_page WHERE title = 'Canary' AND state = 'answered' LIMIT 1"
    systems.until(lambda: system.rows(landed), "a canary that landed")
    system.travel(UNTIL_THE_NEXT_AUDIT)

    hears(heard)


def test_the_audit_command_finds_nothing_and_needs_no_broker(system):
    done = audit(system)

    assert (done.returncode, done.stderr) == (0, "")
    assert "BROKEN" not in done.stdout


def test_a_pulse_that_is_killed_falls_silent_and_is_heard_again_when_it_is_back(system, heard):
    """W2, F6."""
    found, _ = heard
    system.kill_for_good("pulse")
    before = len(found)
    time.sleep(SEVERAL_HEARTBEATS_S)

    assert len(found) == before
    system.start("pulse")
    hears(heard)


def test_an_engine_that_a_promotion_made_old_claims_nothing(system, heard):
    """W3: real processes, one of them of the epoch before."""
    system.rows("UPDATE troubles_epoch SET number = number + 1 RETURNING number")
    log = system.place / "logs" / "pulse.log"
    systems.until(lambda: "has begun since" in log.read_text(), "the old pulse saying that it stopped")
    system.raise_for("bea", "After a promotion")
    before = system.beats("pulse")
    time.sleep(SEVERAL_HEARTBEATS_S)

    assert (system.beats("pulse"), system.texts("bea")) == (before, [])
    system.stop("pulse")
    system.start("pulse")
    system.wait_for_text("bea", "After a promotion")
