"""Whose calendar work is due in."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall.limits import queries as limits
from oncall.people.holidays import Place
from oncall.people.models import Team, WorkCalendar
from oncall.work.due import end_of_working_day

AHEAD = timedelta(days=366)


def calendar_of(team: Team | None) -> WorkCalendar:
    """Return the calendar of a team, or Mon-Fri 09:00-17:00 Pacific where it has none (domain.md 5.1)."""
    if team is not None and team.calendar is not None:
        return team.calendar
    return WorkCalendar(name="Default, Mon-Fri 09:00-17:00", work_days=[1, 2, 3, 4, 5], starts=time(9), ends=time(17))


def due_for(team: Team | None, *, now: datetime) -> tuple[datetime, str]:
    """Return when work opened `now` is due, at the end of the next working day (`work_due_days`), and in which
    calendar.
    """
    calendar = calendar_of(team)
    zone = ZoneInfo(calendar.time_zone)
    today = now.astimezone(zone).date()
    due = end_of_working_day(
        now,
        days=limits.at(now).count("work_due_days"),
        zone=zone,
        work_days=calendar.work_days,
        starts=calendar.starts,
        ends=calendar.ends,
        holidays=Place(calendar.country, calendar.subdivision).between(today, today + AHEAD),
    )
    return due, calendar.name
