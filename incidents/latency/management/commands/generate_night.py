"""`manage.py generate_night DAY_OBS`: write an invented night as a file that replay_night sends."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.latency.generator import Plan, Span, by_chance, generate
from incidents.latency.recording import instant, write
from oncall.people.queries import NoObservingSite, observing_site
from rotations.night import sun


class Command(BaseCommand):
    help = "Write an invented night, one record a line, to standard output. One seed always gives the same night."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("day_obs", help="YYYYMMDD, the date at UTC-12")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--by-chance", action="store_true", help="Let weather and failures come as they may.")
        for name, what in (
            ("cut", "the Long-Haul Network is down"),
            ("crash", "the pipeline fails"),
            ("late", "alerts leave too late"),
            ("closed", "the dome is closed"),
        ):
            parser.add_argument(f"--{name}", metavar="FROM/TO", help=f"Two instants between which {what}.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            night = sun.night_at(sun.read(options["day_obs"]), observing_site())
        except (sun.NoSuchNight, NoObservingSite) as error:
            raise CommandError(str(error)) from None
        cut, crash, late, closed = (self.span(options[name], name) for name in ("cut", "crash", "late", "closed"))
        plan: Plan | None = Plan(cut=cut, crash=crash, late=late, closed=closed)
        if options["by_chance"]:
            plan = by_chance(night, seed=options["seed"])
            if plan is None:
                raise CommandError(f"With seed {options['seed']} the whole night is lost to weather. Take another.")
        sys.stdout.writelines(write(generate(night, seed=options["seed"], plan=plan)))

    def span(self, text: str | None, name: str) -> Span | None:
        if text is None:
            return None
        try:
            start, end = (instant(part) for part in text.split("/"))
        except ValueError:
            raise CommandError(
                f"--{name} is {text!r}. Give two instants: 2026-06-15T02:10:00Z/2026-06-15T04:40:00Z."
            ) from None
        if start >= end:
            raise CommandError(f"--{name} ends before it begins. Exchange the two.")
        return start, end
