"""Take one guard after the other out of a copy of the code, and see whether the tests notice.

`python -m tests.faults.mutations` prints a table and fails if a mutant survives; `make test-long` runs it. A test that
fails without any mutation says nothing, so the chosen tests are run on an unchanged copy first.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import services

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__")


@dataclass(frozen=True)
class Mutation:
    """What is taken out, where, and which tests ought to notice."""

    name: str
    file: str
    pattern: str  # every place that fits is changed
    becomes: str
    tests: tuple[str, ...]


OUTBOX, TWILIO = "oncall/paging/outbox.py", "oncall/paging/twilio.py"
AT_ONCE, LATE = ("tests/faults/test_at_once.py",), ("tests/faults/test_late_reports.py",)
REPORTS, HOOKS = ("tests/oncall/paging/test_outbox.py",), ("tests/incidents/alarms/test_answers.py",)
LOCKED = "Alarm.objects.select_for_update()"
JOINED = 'Alarm.objects.select_for_update(of=("self",)).select_related("acknowledged_by")'
MUTATIONS = [
    Mutation("SKIP LOCKED of pages", "oncall/paging/claims.py", "skip_locked=True", "skip_locked=False", AT_ONCE),
    Mutation("SKIP LOCKED of alarms", "incidents/alarms/engine.py", "skip_locked=True", "skip_locked=False", AT_ONCE),
    Mutation("comparison of the lease", OUTBOX, r"attempt\.lease_token != lease", "False", REPORTS),
    Mutation("comparison of ranks", OUTBOX, r"newer = report\.rank > attempt\.rank or .*", "newer = True", LATE),
    Mutation("check of the signature", TWILIO, r"if not any\(RequestValidator\(.*\):", "if False:", HOOKS),
    Mutation("who has it, read after the wait", "incidents/alarms/work.py", re.escape(LOCKED), JOINED, AT_ONCE),
]


def main() -> int:
    services.ensure()
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="oncall-mutations-") as directory:
        place = Path(directory) / "copy"
        shutil.copytree(ROOT, place, ignore=LEFT_OUT)
        shutil.copy(ROOT / ".gitignore", place)
        chosen = sorted({test for mutation in MUTATIONS for test in mutation.tests})
        failing, words = run(place, chosen)
        if failing:
            print(f"The tests fail without any mutation:\n{words}")
            return 2
        print(f"{'taken out':36}  noticed by")
        for mutation in MUTATIONS:
            noticed = noticed_by(place, mutation)
            survivors += not noticed
            print(f"{mutation.name:36}  {len(noticed)}: {', '.join(noticed[:3]) or 'NOBODY'}", flush=True)
    return 1 if survivors else 0


def noticed_by(place: Path, mutation: Mutation) -> list[str]:
    """Return the tests that fail with the mutation in place; afterwards the copy is as it was."""
    file = place / mutation.file
    before = file.read_text()
    after, places = re.subn(mutation.pattern, lambda _: mutation.becomes, before)
    if not places:
        raise SystemExit(f"{mutation.name}: nothing in {mutation.file} fits {mutation.pattern}. Write it anew.")
    file.write_text(after)
    try:
        return run(place, mutation.tests)[0]
    finally:
        file.write_text(before)


def run(place: Path, tests: Sequence[str]) -> tuple[list[str], str]:
    """Run tests on the copy; return the names of those that fail, and what pytest said."""
    options = ["-q", "-p", "no:cacheprovider", "--create-db", "--tb=no", "--timeout=120"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=place,
        env={**os.environ, "ONCALL_ENV": "test", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    failing = re.findall(r"^(?:FAILED|ERROR) \S*?::(\S+)", done.stdout, re.MULTILINE)
    if done.returncode and not failing:
        raise SystemExit(f"pytest broke:\n{done.stdout}\n{done.stderr}")
    return failing, done.stdout


if __name__ == "__main__":
    sys.exit(main())
