"""`manage.py drill`: the weekly test of the whole way to a real telephone; and a note of one held with people."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from incidents.alarms import drill
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging.services import Unreachable
from oncall.people.models import Person

LOOK_EVERY_S = 1.0
GRACE_S = 30  # after which no callback is waited for any more


class Command(BaseCommand):
    help = (
        "Page the telephone that answers by itself, wait until text and call arrive, and write down how long it took."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--person", default=settings.DRILL_PERSON, help="Its account; else DRILL_PERSON.")
        parser.add_argument("--with-people", metavar="WORDS", help="Only write down a drill that was held with people.")
        parser.add_argument("--failed", action="store_true", help="It did not pass (with --with-people).")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if options["with_people"]:
            drill.with_people(words=options["with_people"], passed=not options["failed"], started_at=now, now=now)
            self.stdout.write("Written down. Home shows it as the last drill.")
            return
        try:
            page = drill.begin(person=self._person(options["person"]), now=now)
        except (drill.NotADrillPerson, Unreachable) as error:
            raise CommandError(str(error)) from error
        in_force = limits.at(now)
        end = now + in_force.span("drill_slow_after_s")
        while not drill.times(page).whole and (clock.now() - end).total_seconds() < GRACE_S:
            time.sleep(LOOK_EVERY_S)
        row = drill.finish(page=page, now=clock.now(), limits=in_force)
        self.stdout.write(f"Text: {_seconds(row.text_s)}. Call: {_seconds(row.call_s)}.")
        if not row.passed:
            raise CommandError("The drill did not pass.", returncode=1)

    def _person(self, username: str) -> Person:
        found = Person.objects.filter(username=username).first() if username else None
        if found is None:
            raise CommandError("Say whose telephone answers by itself: DRILL_PERSON or --person, an account's name.")
        person: Person = found
        return person


def _seconds(value: float | None) -> str:
    return "never arrived" if value is None else f"{value:.0f} s"
