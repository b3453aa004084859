"""`manage.py pulse`: the loop that stands behind the workers. It needs the database and nothing else."""

import logging
import signal
import time
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from incidents.alarms.loop import Loop
from oncall.troubles.outward import Outward

log = logging.getLogger("pulse")


class Command(BaseCommand):
    help = "Escalate and send whatever is due, for ever, with no broker. Every deployment runs one."
    requires_system_checks: list[str] = []  # they load every screen, which this process never shows: a third more

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="Do what is due now, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = []

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.append(number)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        loop, outward = Loop(name="pulse", behind=not options["once"]), Outward()
        if not options["once"]:
            outward.start()
        log.info("the pulse beats")
        while not stopping:
            try:
                loop.turn()
                if options["once"]:
                    break
                loop.sleep()
            except DatabaseError as error:  # the database restarts, or is away: come back by ourselves
                log.warning("database: %s", error)
                connections.close_all()
                loop.close()
                time.sleep(1)
                loop = Loop(name="pulse", behind=True)
            except Exception:
                log.exception("the pulse stumbles")
                time.sleep(1)
        outward.close()
        loop.close()
        log.info("the pulse ends")
