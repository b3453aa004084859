"""`manage.py audit`: ask every invariant, now, with the database alone; each broken one with its rows."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oncall import clock
from oncall.limits import queries as limits
from oncall.troubles.invariants import Gravity, ask, every


class Command(BaseCommand):
    help = "Ask what must always be true of the pager. Ends with 1 where it is not, after the rows that break it."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--strict", action="store_true", help="End with 1 for advice too.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        found = {one.id: one for one in ask(every(), now=now, limits=limits.at(now))}
        bad = 0
        for invariant in every():
            finding = found.get(invariant.id)
            if finding is None:
                self.stdout.write(f"ok      {invariant.id:<10} {invariant.text}")
                continue
            grave = invariant.gravity == Gravity.PAGER or options["strict"]
            bad += grave
            self.stdout.write(f"{'BROKEN' if grave else 'advice'}  {invariant.id:<10} {finding.text}")
            for row in finding.rows:
                self.stdout.write(f"          {row}")
        if bad:
            raise CommandError(f"{bad} broken. deploy/operations.md says what each means and what to do.", returncode=1)
