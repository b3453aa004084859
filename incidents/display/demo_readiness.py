"""The demo's checks before observing: a month of nights, one of them red at 10:05 Pacific and mended at 13:40.

Scenario (d) of docs/domain.md; rows R28, R29. From now on they are waived: in the demo no job runs them, and a red
board would call triage each evening.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from random import Random

from incidents.latency import checks_ahead
from oncall.limits import queries as limits
from oncall.people.models import Person
from playbooks.readiness import deploying, services
from playbooks.readiness.models import Check, Night, Result, Waiver
from playbooks.readiness.nights import PACIFIC
from rotations.night import sun
from rotations.night.wall import wall_instant

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
NIGHTS, RED_NIGHT, RED_CHECK = 30, 11, 4  # counted back from tonight
RELEASES = 7  # a release each week
WAIVED = "The demo has no job that runs the checks. Report one with POST /api/v1/readiness/, or by hand: it counts."


def load(*, people: Mapping[str, Person], now: datetime) -> None:
    """Let the checks of the last nights have been made. For a database that has no results; where no site observes,
    there are no nights.
    """
    if Result.objects.exists():
        return
    tonight = sun.day_obs(now)
    days = [tonight - back * DAY for back in range(NIGHTS, 0, -1)]
    checks_ahead.plan(days, now=now, limits=limits.at(now))
    nights = {night.day_obs: night for night in Night.objects.filter(day_obs__in=days)}
    checks, version, chance = list(Check.objects.order_by("number")), "w00", Random("readiness")  # noqa: S311  # a demo
    for nth, day in enumerate(days):
        if nth % RELEASES == 0:
            version = f"w{day.isocalendar().week:02d}"
            at = wall_instant(day, time(8, 30), PACIFIC)
            for service in ("Prompt Processing", "Next Visit Fan Out"):
                deploying.report(service=service, version=version, at=at, who="Ken Ito", by=people["ito"], now=at)
        if day in nights:
            is_red = tonight - day == RED_NIGHT * DAY
            _run(nights[day], checks, version, by=people["admin"], chance=chance, is_red=is_red)
    waived = [
        Waiver(of=check, by=people["tanaka"], why=WAIVED, starts_at=now, until=now + _longest(now)) for check in checks
    ]
    Waiver.objects.bulk_create(waived)


def _longest(now: datetime) -> timedelta:
    return timedelta(days=limits.at(now).count("readiness_waiver_days"))


def _run(night: Night, checks: list[Check], version: str, *, by: Person, chance: Random, is_red: bool) -> None:
    """Report the checks of one night as its job did: by 10:00 Pacific, and once more before sunset."""
    morning = _pacific(night.day_obs, 9, 40)
    _pass([check for check in checks if not (is_red and check.number == RED_CHECK)], night, version, morning, by=by)
    if is_red:
        _is_red_and_mended(next(check for check in checks if check.number == RED_CHECK), night, version, by=by)
    _pass(checks, night, version, night.rerun_from + chance.randint(10, 40) * MINUTE, by=by)
    services.settle(night=night.day_obs, now=night.ends_at)


def _pass(checks: list[Check], night: Night, version: str, at: datetime, *, by: Person) -> None:
    """As services.record keeps them, all at once: what passes asks nothing of anybody."""
    Result.objects.bulk_create(
        Result(day_obs=night.day_obs, of=check, result="pass", version=version, at=at, by=by) for check in checks
    )


def _is_red_and_mended(check: Check, night: Night, version: str, *, by: Person) -> None:
    """A work item is opened for the owner with the time left, and closed when the check passes."""

    def record(result: str, at: datetime, detail: str = "") -> None:
        services.record(
            night=night.day_obs, check=check, result=result, by=by, version=version, detail=detail, now=at
        )  # fmt: skip

    record("fail", _pacific(night.day_obs, 10, 5), "No notification within 10 s of the upload.")
    record("pass", _pacific(night.day_obs, 13, 40))


def _pacific(day: date, hour: int, minute: int) -> datetime:
    return wall_instant(day, time(hour, minute), PACIFIC)
