"""When the checks before observing are due, for the nights to come: asked of the sun, and told to readiness, which must
not know it (an upper room may, and a lower one may not ask upwards).

Due at `readiness_morning_min` Pacific of the night's civil day, whatever the clocks do, and so long before sunset as a
limit says. Work closes on that day, or on the next one on which anybody works. Source: domain.md 3.2; row R29.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from oncall.limits.queries import Limits
from oncall.people.holidays import Place
from oncall.people.models import Site
from oncall.people.queries import NoObservingSite, observing_site
from oncall.work.queries import calendar_of
from playbooks.readiness.models import Night
from playbooks.readiness.nights import PACIFIC
from playbooks.readiness.services import plan_night
from rotations.night import sun
from rotations.night.wall import wall_instant

DAYS = 14  # in which somebody works
THERE = Place("US")  # own choice: whose public holidays count where work closes at 17:00 Pacific
AHEAD = 3  # nights, this one among them: a result may come the evening before
NUMBERS = (
    "readiness_morning_min", "readiness_close_min", "readiness_before_sunset_s", "readiness_rerun_s",
    "readiness_urgent_s",
)  # fmt: skip


def keep(*, now: datetime, limits: Limits) -> None:
    """The chore, each half minute: plan this night and the next ones. Two queries where they are planned."""
    first = sun.day_obs(now)
    plan([first + timedelta(days=number) for number in range(AHEAD)], now=now, limits=limits)


def plan(nights: Iterable[date], *, now: datetime, limits: Limits) -> None:
    """Plan these nights, or those of them whose numbers or site have changed; none where no site observes."""
    try:
        site = observing_site()
    except NoObservingSite:
        return
    wanted, terms = list(nights), _terms(site, limits)
    known = set(Night.objects.filter(day_obs__in=wanted, terms=terms).values_list("day_obs", flat=True))
    for night in wanted:
        found = sun.night_at(night, site) if night not in known else None
        if found is None or found.sunset is None or found.sunrise is None:
            continue
        plan_night(
            night=night,
            morning_due=_pacific(night, limits.count("readiness_morning_min")),
            close_of_work=_pacific(_working_day(night), limits.count("readiness_close_min")),
            sunset=found.sunset,
            ends_at=found.sunrise,
            in_force=limits,
            terms=terms,
            now=now,
        )


def _working_day(night: date) -> date:
    """Return the day on which somebody works to mend what is red: the night's, or the next working day of the calendar
    that stands where a team has none (domain.md 5.1), without public holidays there.
    """
    days = [night + timedelta(days=more) for more in range(DAYS)]
    holidays, work_days = THERE.between(days[0], days[-1]), calendar_of(None).work_days
    return next((day for day in days if day.isoweekday() in work_days and day not in holidays), night)


def _pacific(night: date, minutes: int) -> datetime:
    """Return the UTC instant at which clocks in California show so many minutes after midnight on the night's day."""
    at = min(max(minutes, 0), 24 * 60 - 1)
    return wall_instant(night, time(at // 60, at % 60), PACIFIC)


def _terms(site: Site, limits: Limits) -> str:
    """Return of what the instants are computed, as one text to compare."""
    numbers = (f"{limits.number(name).normalize():f}" for name in NUMBERS)
    return f"{site.latitude},{site.longitude};" + ",".join(numbers)
