"""Beat's entry: `python -m oncall.timetable`.

It only sends ticks by name, so it loads no task and no model; nor Celery's command line, which brings a terminal's
editor with it (README.md, Decisions).
"""

import argparse
import os
import sys
from collections.abc import Sequence

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")

app = Celery("oncall", fixups=[])
app.config_from_object("django.conf:settings", namespace="CELERY")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m oncall.timetable", description="Send a tick each second.")
    parser.add_argument(
        "-s", "--schedule", metavar="FILE", help="keeps when what was sent last (default celerybeat-schedule)"
    )
    app.Beat(schedule=parser.parse_args(arguments).schedule, loglevel="WARNING").run()


if __name__ == "__main__":
    main(sys.argv[1:])
