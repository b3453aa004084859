"""The database's disk is full: nothing is accepted that cannot be kept, and all goes on once there is room."""

import contextlib
import os
import subprocess
from pathlib import Path

import psycopg
import pytest
import requests

from deploy.services import Postgres
from deploy.supervisor import Supervisor, free_port
from tests import system as systems
from tests.system import until

pytestmark = pytest.mark.chaos
SIZE_MB = 320
LEAVE_B = 64 * 1024  # so much is left, less than the log or a table takes at once


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    """A small disk of its own, in memory."""
    place = tmp_path_factory.mktemp("disk")
    for directory in (place, *place.parents[:3]):  # one more where tests run side by side
        directory.chmod(directory.stat().st_mode | 0o111)  # as root PostgreSQL runs as another account, or elsewhere
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=711", "tmpfs", str(place)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here; run as root where mounting is allowed")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture(scope="module")
def system(disk):
    server = Postgres(home=disk / "postgres", port=free_port(), durable=False)
    with Supervisor(logs=disk.parent / "logs-of-the-full-disk", say=lambda line: None) as supervisor:
        supervisor.tend_in_background()
        supervisor.start(server.prepare())
        supervisor.wait_healthy()
        with systems.running(server.url, systems.fill_empty(server.url), own_broker=True, speed=20) as running:
            running.start(*systems.EVERYTHING)
            yield running


@contextlib.contextmanager
def full(disk):
    """Fill the disk with a file of nothing."""
    ballast = disk / "ballast"
    try:
        yield ballast
    finally:
        ballast.unlink(missing_ok=True)


def fill_up(ballast: Path):
    left = os.statvfs(ballast.parent)
    with contextlib.suppress(OSError), ballast.open("ab") as file:
        file.write(b"\0" * max(0, left.f_bavail * left.f_frsize - LEAVE_B))


def send(system, nth):
    """Send a large signal; return the status of the answer, or 0 where there was none."""
    words = {"title": f"Disk {nth}", "key": f"disk {nth % 5}", "severity": 2, "description": os.urandom(6000).hex()}
    try:
        answer = system.hook("bea", words)
    except requests.RequestException:
        return 0, []
    return answer.status_code, answer.json().get("alarms", []) if answer.status_code == 202 else []


def test_a_full_disk_makes_honest_answers_and_nothing_accepted_is_lost(system, disk):
    """F16: 503 and no false 2xx while it is full; when there is room again nobody has to repair anything."""
    answers: list[tuple[int, list[str]]] = []

    def refused():
        fill_up(ballast)
        answers.append(send(system, len(answers)))
        return answers[-1][0] == 503

    with full(disk) as ballast:
        until(refused, "an answer that nothing can be kept")

    def accepted():
        answers.append(send(system, len(answers)))
        return answers[-1][0] == 202

    until(accepted, "a signal accepted once there is room")
    assert {status for status, _ in answers} <= {0, 202, 503}
    system.connection.close()
    known = {str(row["id"]) for row in until(lambda: rows(system), "the database")}
    assert {alarm for _, alarms in answers for alarm in alarms} <= known
    for name in ("pulse", "celery"):
        system.wait_for_cycles(name, 2)
    system.raise_for("carl", "There is room again")
    system.wait_for_text("carl", "There is room again")


def rows(system):
    with contextlib.suppress(psycopg.OperationalError):
        return system.rows("SELECT id FROM alarms_alarm")
