"""`manage.py receive_mail`: take mails to sources by SMTP. A process of its own, behind the site's mail server."""

import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection

from incidents.signals.mail_server import MailServer
from oncall import clock
from oncall.troubles import services as troubles
from oncall.troubles.signs import MAIL

log = logging.getLogger("mail")
BEAT_EVERY_S = 15.0


def _beat() -> None:
    """Say that mails are taken. Without a database they are not."""
    try:
        troubles.beat(name=MAIL, now=clock.now())
    except (DatabaseError, InterfaceError) as error:
        log.warning("no sign of life: database: %s", error)
    finally:
        connection.close()


class Command(BaseCommand):
    help = "Take mails to sources of signals by SMTP, for ever (MAIL_IN_HOST, MAIL_IN_PORT, MAIL_IN_DOMAIN)."
    requires_system_checks: list[str] = []  # they load every screen, which this process never shows

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--host", default=settings.MAIL_IN_HOST)
        parser.add_argument("--port", type=int, default=settings.MAIL_IN_PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        server = MailServer(host=options["host"], port=options["port"])
        server.start()
        domain = settings.MAIL_IN_DOMAIN or "any domain"
        self.stdout.write(f"Taking mails for {domain} on {options['host']}:{options['port']}.")
        while not stopping.is_set():
            if server.answers():
                _beat()
            else:
                log.error("our own mail server does not answer on port %s", options["port"])
            stopping.wait(BEAT_EVERY_S)
        server.stop()
        log.info("no more mails are taken")
