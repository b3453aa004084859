"""What processes load that never show a screen. Each megabyte is there once for each of them, day and night."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
WORKER_AND_PULSE = """
import sys
from oncall import celery
celery.app.loader.import_default_modules()
celery.share_what_is_loaded()
import incidents.alarms.management.commands.pulse
import celery.apps.worker
print(*sys.modules)
"""
BEAT = "import sys, oncall.timetable; oncall.timetable.app.Beat(schedule='x'); print(*sys.modules)"
NEVER = {
    "PIL", "django.test", "icalendar", "jinja2", "markdown_it", "nh3", "oncall.urls", "prompt_toolkit", "pywebpush",
    "recurring_ical_events", "rest_framework.serializers", "slack_sdk", "unittest", "xlsxwriter",
}  # fmt: skip


def loaded(program: str) -> set[str]:
    """Return the modules that are there when a process of its own has run this."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "ONCALL_ENV": "test"}, capture_output=True,
        check=True, text=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_worker_has_loaded_its_chores_before_its_processes_part_and_neither_screens_nor_what_few_need():
    chores = [*settings.CHORES_EVERY_SECOND, *settings.CHORES_EVERY_HALF_MINUTE]

    found = loaded(WORKER_AND_PULSE)

    assert found & NEVER == set()
    assert {name.rpartition(".")[0] for name in chores} | set(settings.INVARIANTS) <= found


def test_beat_loads_neither_models_nor_a_command_line():
    assert loaded(BEAT) & (NEVER | {"celery.bin.celery", "django.db", "incidents", "rotations"}) == set()
