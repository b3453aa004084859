"""The rule by which a call-out earns, as it is kept with the call-out and explained in words."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from oncall.limits import queries as limits
from oncall.people.holidays import Place
from oncall.people.models import Person
from oncall.people.queries import calendar_of
from rotations.leave.credit import Credit, Hours, credit

VERSION = 1  # of the arithmetic; a change of it posts differences only where somebody asks for them
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def rule_of(person: Person, *, now: datetime) -> dict[str, Any]:
    """Return the rule in force for `person` at `now`, as JSON: their calendar, their zone, whose holidays, how much.

    Source: domain.md 5.6 (own calendar, own zone), R34 (the multiplier).
    """
    calendar = calendar_of(person)
    country = person.country or calendar.country
    return {
        "version": VERSION,
        "calendar": calendar.name,
        "work_days": sorted(calendar.work_days),
        "starts": calendar.starts.isoformat("seconds"),
        "ends": calendar.ends.isoformat("seconds"),
        "time_zone": person.time_zone,
        "country": country,
        "subdivision": (person.subdivision if person.country else calendar.subdivision) if country else "",
        "multiplier": f"{limits.at(now).number('credit_multiplier').normalize():f}",
    }


def earn(rule: dict[str, Any], start: datetime, end: datetime) -> Credit:
    """Return what `[start, end)` earns under a kept rule."""
    zone = ZoneInfo(rule["time_zone"])
    first, last = (instant.astimezone(zone).date() for instant in (start - timedelta(days=1), end + timedelta(days=1)))
    hours = Hours(
        zone=zone,
        work_days=frozenset(rule["work_days"]),
        starts=time.fromisoformat(rule["starts"]),
        ends=time.fromisoformat(rule["ends"]),
        holidays=Place(rule["country"], rule["subdivision"]).between(first, last),
    )
    return credit([(start, end)], hours=hours, multiplier=Decimal(rule["multiplier"]))


def in_words(rule: dict[str, Any]) -> str:
    """Say the rule: "1.5 times the time outside Default (Mon to Fri 09:00-17:00 Europe/Paris, public holidays FR)"."""
    days = rule["work_days"]
    run = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
    names = f"{WEEKDAYS[days[0] - 1]} to {WEEKDAYS[days[-1] - 1]}" if run else ", ".join(WEEKDAYS[d - 1] for d in days)
    place = Place(rule["country"], rule["subdivision"])
    return (
        f"{rule['multiplier']} times the time outside {rule['calendar']} ({names or 'no days'}"
        f" {rule['starts'][:5]}-{rule['ends'][:5]} {rule['time_zone']},"
        f" {_holiday_words(place)}), rule {rule['version']}"
    )


def _holiday_words(place: Place) -> str:
    if not place.country:
        return "no public holidays"
    return f"public holidays {place}" if place.is_known else f"no public holidays known for {place}"
