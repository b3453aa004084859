"""The demo's nights: the past year once, and tonight as it goes, from the generator. Every night is invented.

What is sent is a matter of the night alone, so sending it again after a restart changes nothing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from incidents.latency.generator import CHECKOUT, NO_ALERTS, NO_IMAGES, SURVEY, Plan, by_chance, generate
from incidents.latency.recording import BEAT, DELIVERY, VISIT, Record
from rotations.night import sun

DAY = timedelta(days=1)
YEAR = 365  # nights
STILL_COMING = 2  # nights of which something may be caught up yet: tonight and the one before
LATE_BEAT = timedelta(minutes=1)  # a heartbeat's word is of its minute
BLOCKS = {
    **dict.fromkeys(SURVEY, True),
    CHECKOUT: False,
    NO_IMAGES: False,
    NO_ALERTS: False,
}  # as the pilot settled them


def plan_of(day: date, *, today: date, night: sun.Night) -> Plan | None:
    """Return what befalls a night, as of the night `today`; None: nothing is observed.

    In the middle of the last June that is over, the Long-Haul Network is cut from 02:10 to 04:40 UTC: 243 visits
    (scenario (a) of domain.md section 4). Tonight is never lost to weather.
    """
    seed = int(sun.written(day))
    if day == cut_of(today):
        start = datetime(day.year, day.month, day.day, 2, 10, tzinfo=UTC) + DAY
        return Plan(cut=(start, start + timedelta(hours=2, minutes=30)))
    plan = by_chance(night, seed=seed)
    return Plan() if plan is None and day == today else plan


def cut_of(today: date) -> date:
    """Return the night of the cut: 14 June, of this year once its review can be over, else of the last."""
    return date(today.year if (today.month, today.day) > (6, 20) else today.year - 1, 6, 14)


def records_of(day: date, *, today: date, place: sun.Place) -> list[Record]:
    """Return the records of a night, as they arrive; none of one in which nothing is observed."""
    night = sun.night_at(day, place)
    plan = plan_of(day, today=today, night=night)
    return generate(night, seed=int(sun.written(day)), plan=plan) if plan else []


def past(today: date, *, done: Collection[date]) -> Iterator[date]:
    """Yield the nights of the past year that are over and not `done`, the latest first."""
    for back in range(STILL_COMING, YEAR + STILL_COMING):
        day = today - back * DAY
        if day not in done:
            yield day


class Live:
    """What of the last two nights has arrived by now and was not sent yet."""

    def __init__(self, place: sun.Place) -> None:
        self.place = place
        self.today: date | None = None
        self.waiting: list[Record] = []

    def due(self, now: datetime) -> list[Record]:
        """Return what has arrived by `now` since the last time; beats only as they come. A night later, or after the
        clock was set, it begins anew and everything of these nights is due once more.
        """
        if sun.day_obs(now) != self.today:
            self.today = sun.day_obs(now)
            nights = [self.today - DAY, self.today]
            found = [record for day in nights for record in records_of(day, today=self.today, place=self.place)]
            self.waiting = sorted(found, key=lambda record: record.at)
        arrived = [record for record in self.waiting if record.at <= now]
        self.waiting = self.waiting[len(arrived) :]
        return [record for record in arrived if record.kind != BEAT or now - record.at <= LATE_BEAT]

    def pause(self, now: datetime, *, longest: timedelta) -> timedelta:
        """Return how long to wait for the next record, at least a second."""
        wait = self.waiting[0].at - now if self.waiting else longest
        return min(max(wait, timedelta(seconds=1)), longest)


def send_year(
    today: date,
    *,
    done: Collection[date],
    place: sun.Place,
    send: Callable[[Sequence[Record]], None],
    finished: Callable[[date], None],
) -> None:
    """Send every night of the past year that is not done, and say of each that it is finished.

    No beats, which would be taken as of now, and no nextVisits, which nobody asks for later.
    """
    for day in past(today, done=done):
        records = records_of(day, today=today, place=place)
        send([record for record in records if record.kind in (VISIT, DELIVERY)])
        finished(day)
