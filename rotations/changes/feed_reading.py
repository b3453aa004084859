"""Read a stranger's calendar in a process of its own, which is ended if it takes too long or too much memory.

A few bytes can ask for more work than there is time (a rule that never comes true is looked for until the year 9999),
and the library remembers the time zones of files it has read, so that one person's file could change another's times.
The process knows no secret of ours: it is given the file, a zone and an instant, and nothing of our environment.
"""

import json
import os
import resource
import subprocess
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rotations.changes.feed_shapes import Found, Occurrence, TooMuch, Unreadable

ROOT = Path(__file__).resolve().parents[2]
PROCESSOR_S = 15  # 5 MB of honest events take about five
PATIENCE_S = 30  # on a busy machine
MEMORY = 1024**3  # bytes
HANDED_ON = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "PYTHONTZPATH")
UNREADABLE = 3


def read(body: bytes, *, zone: ZoneInfo, now: datetime) -> Found:
    """Return what `absences_in` finds.

    :raises Unreadable: as it does, or because the file takes more time or memory than we give it.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rotations.changes.feed_reading", zone.key, now.astimezone(UTC).isoformat()],
            input=body,
            capture_output=True,
            cwd=ROOT,
            env={name: os.environ[name] for name in HANDED_ON if name in os.environ},
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TooMuch("takes too long to read; it may hold a rule without end") from None
    if done.returncode == UNREADABLE:
        raise Unreadable(done.stdout.decode())
    if done.returncode:
        raise TooMuch("takes too long or too much memory to read; it may hold a rule without end")
    answer = json.loads(done.stdout)
    return Found([_from_json(row) for row in answer["absences"]], answer["skipped"])


def _from_json(row: list[str]) -> Occurrence:
    return Occurrence(row[0], datetime.fromisoformat(row[1]), datetime.fromisoformat(row[2]), row[3])


def main(zone: str, now: str) -> int:
    """Read the file on standard input; write what is found, or why it cannot be read, to standard output."""
    from rotations.changes.feed_parsing import absences_in  # noqa: PLC0415 -- 4 MB, for the process that reads alone

    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    try:
        found = absences_in(sys.stdin.buffer.read(), zone=ZoneInfo(zone), now=datetime.fromisoformat(now))
    except Unreadable as error:
        sys.stdout.write(str(error))
        return UNREADABLE
    rows = [[one.uid, one.starts_at.isoformat(), one.ends_at.isoformat(), one.summary] for one in found.absences]
    json.dump({"absences": rows, "skipped": found.skipped}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
