"""`manage.py promote`: this site has the pager from now on; every engine that began before stops."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from oncall import clock
from oncall.troubles import services as troubles

WAIT_S = 60


class Command(BaseCommand):
    help = "Give the pager to this site (ONCALL_SITE). A standby database is promoted first. See deploy/operations.md."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--yes", action="store_true", help="The other site is down or cut off, and I am sure.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["yes"]:
            raise CommandError("Make sure that the other site does not page any more, then say --yes.")
        if self._standby():
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = 0")
                cursor.execute("SELECT pg_promote(true, %s)", [WAIT_S])
            connection.close()
            if self._standby():
                raise CommandError(f"The standby did not become a primary in {WAIT_S} s. Look at its log.")
            self.stdout.write("The standby is the primary now.")
        epoch = troubles.promote(site=settings.SITE, now=clock.now())
        where = settings.SITE or "no site by name: set ONCALL_SITE where there are two"
        self.stdout.write(f"Epoch {epoch.number} ({where}). Engines of earlier epochs stop at their next cycle.")
        self.stdout.write("Start the pulse and the workers here again, and look at /readyz.")

    def _standby(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery()")
            return bool(cursor.fetchone()[0])
