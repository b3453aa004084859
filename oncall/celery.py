"""The worker's entry: `python -m oncall.celery`.

It does not load Celery's command line, which brings a terminal's editor with it (README.md, Decisions); for what else
that can do, `celery -A oncall.celery` is still there.
"""

import argparse
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from billiard.util import get_pdeathsig  # type: ignore[attr-defined]  # its stubs do not know it
from celery import Celery
from celery.signals import worker_before_create_process
from celery.utils.nodenames import default_nodename, host_format
from django.conf import settings
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # they load every screen, which no worker and no beat ever shows

app = Celery("oncall")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_before_create_process.connect
def share_what_is_loaded(**_: object) -> None:
    """What the parent has loaded is its children's too; a collector that looked at it would copy it, page by page.

    What the loop finds by name, each child would load for itself with its first tick; and to be ended with its parent,
    each would load a reader of C (5 MB), which is loaded when the parent asks for the same of itself.
    """
    with contextlib.suppress(OSError):  # not on Linux
        get_pdeathsig()
    for name in (*settings.CHORES_EVERY_SECOND, *settings.CHORES_EVERY_HALF_MINUTE):
        import_string(name)
    for name in settings.INVARIANTS:
        import_module(name)
    gc.collect()
    gc.freeze()


def main(arguments: Sequence[str]) -> int:
    """Work until a signal ends it: one tells what is under way to finish. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m oncall.celery", description="Do what ticks and feeds ask for.")
    parser.add_argument("-c", "--concurrency", metavar="N", type=int, default=2, help="processes (default %(default)s)")
    parser.add_argument("-Q", "--queues", default="pages,feeds", help="which to serve (default %(default)s)")
    parser.add_argument("-n", "--name", default="celery@%h", help="of this worker among others (default %(default)s)")
    chosen = parser.parse_args(arguments)
    worker = app.Worker(
        hostname=host_format(default_nodename(chosen.name)),
        concurrency=chosen.concurrency,
        queues=chosen.queues,
        loglevel="INFO",
        optimization="default",
        without_gossip=True,  # workers need not know of each other: the rows decide
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
