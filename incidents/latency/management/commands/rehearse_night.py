"""`manage.py rehearse_night FILE`: what a recorded night would have become, and which alarms there would have been."""

from argparse import ArgumentParser
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.latency import recording
from incidents.latency.budget import Budget, Counts, uses
from incidents.latency.gathering import numbers_of, spans_of_night, terms_of
from incidents.latency.models import Rule, SurveyBlock
from incidents.latency.rehearsal import Rang, Rehearsed, rehearse
from oncall import clock
from oncall.limits import queries as limits

VERDICTS = ("in_time", "delayed", "failed", "unknown", "not_eligible")
LIMITS = {"late_2": "2 % not in time", "delayed_1": "1 % delayed", "failed_01": "0.1 % failed"}
SHOWN = 20  # lines that could not be taken


class Command(BaseCommand):
    help = (
        "Play a recorded night (docs/latency.md) on a clock of its own, as fast as it goes, by the rules in force."
        " It pages nobody and keeps nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="One record a line: kind, at, body.")
        parser.add_argument("--every", type=float, default=5, help="Seconds of the night between two looks; usually 5.")
        parser.add_argument("--usual", type=Decimal, help="Alerts for a visit of a median night, if they are known.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["every"] <= 600:
            raise CommandError(f"--every {options['every']:g}: look at least each 600 s and at most each second.")
        now = clock.now()
        in_force = limits.at(now)
        rules = [rule for rule in Rule.objects.at(now) if rule.mode != Rule.Mode.OFF]
        settled = SurveyBlock.objects.filter(alerts_expected__isnull=False)
        found = rehearse(
            self.records(options["file"]),
            terms=[terms_of(rule) for rule in rules],
            numbers=numbers_of(in_force),
            night_of=spans_of_night,
            every=timedelta(seconds=options["every"]),
            expected={block.code: bool(block.alerts_expected) for block in settled},
            usual=options["usual"],
        )
        self.tell_verdicts(found)
        budget = Budget(
            late=in_force.number("budget_late_share"),
            delayed=in_force.number("budget_delayed_share"),
            failed=in_force.number("budget_failed_share"),
            planned=in_force.number("planned_visits_per_year"),
        )
        self.tell_budget(found.verdicts(), budget)
        self.tell_alarms(found, {rule.kind: rule for rule in rules})
        for line in found.refused[:SHOWN]:
            self.stderr.write(f"not taken: {line}")
        if len(found.refused) > SHOWN:
            self.stderr.write(f"and {len(found.refused) - SHOWN} more were not taken")

    def records(self, file: Path) -> list[recording.Record]:
        try:
            with file.open(encoding="utf-8") as lines:
                return list(recording.read(lines))
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file} cannot be read: {error}. Name a recorded night.") from None
        except recording.UnreadableLine as error:
            raise CommandError(f"{file}: {error}") from None

    def tell_verdicts(self, found: Rehearsed) -> None:
        verdicts = found.verdicts()
        self.stdout.write(f"{len(found.visits)} visits, the rules asked {found.looks} times")
        for name in VERDICTS:
            self.stdout.write(f"  {name.replace('_', ' '):<14}{verdicts[name]:>6}")
        for why, count in sorted(found.why_not_eligible().items()):
            self.stdout.write(f"    {why.replace('_', ' '):<14}{count:>4}")

    def tell_budget(self, verdicts: Counter[str], budget: Budget) -> None:
        counts = Counts(**{name: verdicts[name] for name in (*VERDICTS, "pending")})
        night = uses(counts, budget, of=counts.eligible)
        year = uses(counts, budget, of=budget.planned)
        self.stdout.write(f"budget: {counts.eligible} eligible visits")
        for name, words in LIMITS.items():
            shares = f"{night[name].percent} % of the night's, {year[name].percent} % of the year's"
            self.stdout.write(f"  {words:<16}{night[name].count:>6} visits, {shares}")

    def tell_alarms(self, found: Rehearsed, rules: dict[str, Rule]) -> None:
        self.stdout.write(f"alarms: {len(found.alarms)}")
        for one in found.alarms:
            shadow = "" if rules[one.kind].mode == Rule.Mode.PAGING else " (in shadow)"
            self.stdout.write(f"  {_time(one.fired_at)}  {one.kind}{shadow}  {_severities(one)}  {one.title}")
            over = _time(one.resolved_at) if one.resolved_at else "not over when the record ends"
            self.stdout.write(f"  {over}  over" if one.resolved_at else f"            {over}")


def _severities(one: Rang) -> str:
    (_, first), *worse = one.severities
    return " ".join([f"SEV-{first}", *(f"SEV-{severity} at {at:%H:%M:%S}" for at, severity in worse)])


def _time(instant: datetime) -> str:
    return f"{instant:%d %H:%M:%S}"
