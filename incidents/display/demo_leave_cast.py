"""When the demo's people are at work: most from nine to five where they live, some part-time, one away for a while.

Whose public holidays count is part of it: of the country, or of the part of the country, where somebody lives.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from incidents.display.demo_leave_calls import PARIS, SANTIAGO
from oncall.limits import queries as limits
from oncall.people import hours
from oncall.people.models import Person, RoleTerm, WorkCalendar

SUBDIVISIONS = {"fraser": "SCT", "reyes": "AZ", "osei": "AZ", "walker": "WA"}
SINCE = timedelta(days=400)  # the people have been here for longer than their year of leave
FOUR_DAYS_AGO, MORNINGS_AGO, AWAY_AGO, AWAY = (timedelta(days=days) for days in (200, 120, 150, 12))
Put = Callable[[datetime, Callable[[datetime], None]], None]


def settle_in(people: Mapping[str, Person], *, now: datetime, put: Put) -> None:
    """Write down where people live, and put on the agenda (`put`) what changes in the year before `now`."""
    for username, subdivision in SUBDIVISIONS.items():
        Person.objects.filter(pk=people[username].pk).update(subdivision=subdivision)
    RoleTerm.objects.filter(person=people["novak"], starts_at__gt=now - SINCE).update(starts_at=now - SINCE)
    four_days = WorkCalendar.objects.create(
        name="Four days, Wednesdays off", time_zone=PARIS.key, work_days=[1, 2, 4, 5], starts=time(9), ends=time(17)
    )
    mornings = WorkCalendar.objects.create(
        name="Mornings", time_zone="America/Los_Angeles", work_days=[1, 2, 3, 4, 5], starts=time(8), ends=time(13)
    )
    admin = people["admin"]

    def works(person: Person, calendar: WorkCalendar) -> Callable[[datetime], None]:
        def do(at: datetime) -> None:
            current = Person.objects.get(pk=person.pk)
            hours.change(
                person=current,
                time_zone=current.time_zone,
                calendar=calendar,
                country=current.country,
                subdivision=current.subdivision,
                by=admin,
                now=at,
            )

        return do

    def travels(at: datetime) -> None:
        hours.add_term(
            person=people["lindqvist"],
            starts_at=at + timedelta(days=2),
            ends_at=at + timedelta(days=2) + AWAY,
            time_zone=SANTIAGO.key,
            calendar=people["lindqvist"].calendar,
            country="CL",
            subdivision="",
            reason="At the summit for the camera's maintenance.",
            by=people["lindqvist"],
            now=at,
        )

    def returned(at: datetime) -> None:
        hours.apply_due(now=at, limits=limits.at(at))

    put(now - FOUR_DAYS_AGO, works(people["girard"], four_days))
    put(now - MORNINGS_AGO, works(people["walker"], mornings))
    put(now - AWAY_AGO, travels)
    for after in (timedelta(days=2, minutes=1), timedelta(days=2, minutes=1) + AWAY):
        put(now - AWAY_AGO + after, returned)
