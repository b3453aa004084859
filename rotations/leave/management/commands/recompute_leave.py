"""`manage.py recompute_leave`: what past call-outs earn by the rules now known, and with --post the differences."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oncall import clock
from oncall.people.instants import EARLIEST, LATEST
from rotations.leave.recompute import RecomputationRefused, recompute


class Command(BaseCommand):
    help = (
        "Say what closed call-outs that began from --since to --until earn otherwise by the limits and hours now known "
        "to have been in force; with --post, post the differences with --reason. Running it again posts nothing."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--since", required=True, help="A day such as 2027-01-01, or an instant; UTC.")
        parser.add_argument("--until", help="As above; now when left out.")
        parser.add_argument("--reason", default="", help="Everybody whose leave changes will read it.")
        parser.add_argument("--post", action="store_true", help="Post it; without, it is only said.")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        since = _instant("--since", options["since"])
        until = _instant("--until", options["until"]) if options["until"] else now
        try:
            changes = recompute(
                since=since, until=until, by=None, reason=options["reason"], now=now, dry_run=not options["post"]
            )
        except RecomputationRefused as error:
            raise CommandError(f"--{error.field}: {error}") from error
        for change in changes:
            self.stdout.write(
                f"{change.call_out}: {change.out_of_hours_s:+} s out of hours, {change.credit_s:+} s of leave; "
                f"now {change.rule_after}"
            )
        done = "Posted" if options["post"] else "Nothing is posted; with --post it would be"
        total = sum(change.credit_s for change in changes)
        self.stdout.write(f"{done}: {len(changes)} differences, {total:+} s of leave together.")


def _instant(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{name}: “{text}” is no day or instant. Write one such as 2027-01-01.") from None
    instant = found.replace(tzinfo=UTC) if found.tzinfo is None else found
    if not EARLIEST <= instant < LATEST:
        raise CommandError(f"{name}: “{text}” is too far away. Choose an instant from 1990 to 2099.")
    return instant
