"""The demo's past year of leave: about 150 call-outs, told by the services that the portal uses, each at its own time.

Everything happens in the order of time: what was said of a call-out, asked for, approved and corrected comes between
the calls, as it did. Once, into an empty database: whoever calls this knows that it is one.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import count
from uuid import NAMESPACE_URL, uuid5

from django.urls import reverse

from incidents.display import demo_expert, demo_handover
from incidents.display import demo_leave_calls as calls
from incidents.display.demo_leave_calls import Act, Call
from incidents.display.demo_leave_cast import settle_in
from incidents.display.demo_leave_taken import Requests
from incidents.display.demo_leave_things import arrange
from incidents.display.demo_leave_words import Words
from oncall.paging.models import Notice
from oncall.people.models import Person, Team
from rotations.coverage import queries as coverage
from rotations.coverage import services as storing
from rotations.leave import services
from rotations.leave.models import Evidence, Rest
from rotations.night.sun import day_obs, written
from rotations.night.wall import wall_instant
from rotations.schedule.models import Schedule

Doing = Callable[[datetime], None]
A_YEAR_LATER = timedelta(weeks=52)
DAY, CALENDAR_DAYS, FRIDAY = timedelta(days=1), 60, 5
TIERS = {calls.TRIAGE: 1, **dict.fromkeys((*calls.EXPERTS, calls.SUMMIT), 2)}


class Agenda:
    """What happens when; what happens may put more on it. Nothing of the future happens."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now
        self._order = count()
        self._waiting: list[tuple[datetime, int, Doing]] = []

    def put(self, at: datetime, do: Doing) -> None:
        if at <= self.now:
            heapq.heappush(self._waiting, (at, next(self._order), do))

    def live(self) -> None:
        while self._waiting:
            at, _, do = heapq.heappop(self._waiting)
            do(at)


def load(
    *,
    people: Mapping[str, Person],
    teams: Mapping[str, Team],
    schedules: Mapping[str, Schedule],
    besides: Sequence[tuple[datetime, Doing]] = (),
    now: datetime,
) -> None:
    """Let the people live through the year before `now`, and through what else happened in it (`besides`). Takes some
    seconds; for an empty database.
    """
    now = now.replace(microsecond=0)
    for name, tier in TIERS.items():
        Schedule.objects.filter(pk=schedules[name].pk).update(tier=tier)
    agenda = Agenda(now=now)
    for back in range(calls.DAYS, 0, -CALENDAR_DAYS):
        agenda.put(now - back * DAY, _store_shifts)
    settle_in(people, now=now, put=agenda.put)
    for at, do in besides:
        agenda.put(at, do)
    words = Words(people, now=now, put=agenda.put)
    night = _night_of_the_expert(people["dubreuil"], schedules, now)
    demo_expert.play(night, people=people, schedules=schedules, put=agenda.put)
    demo_handover.play(people=people, triage=schedules[calls.TRIAGE], now=now, put=agenda.put)
    for call in calls.calls(now=now, besides={night.date()}):
        _play(agenda, call, schedules, words)
    arrange(people, teams, now=now, put=agenda.put)
    words.through_the_year(now - calls.DAYS * DAY)
    Requests(people, now=now, put=agenda.put).through_the_year()
    agenda.live()
    Rest.objects.filter(ends_at__lte=now).update(next_due=None)  # over long ago: nobody is asked for cover now
    Notice.objects.filter(created_at__lt=now - DAY).delete()  # they were read long ago: no telephone rings for them now


def _store_shifts(at: datetime) -> None:
    """As the loop does each second: who was on call is then read, and never rewritten."""
    while storing.refresh_due(now=at):
        pass


def _play(agenda: Agenda, call: Call, schedules: Mapping[str, Schedule], words: Words) -> None:
    """Find who was called when it comes to it, and let each act be written down."""

    def begin(at: datetime) -> None:
        people = {
            nth: _called(schedules[call.schedules[nth]], at, volunteers=call.volunteers)
            for nth in sorted({act.person for act in call.acts})
        }
        for nth, person in people.items():
            acts = [act for act in call.acts if act.person == nth]
            agenda.put(acts[-1].at, _tell(person, call, acts))
        if call.is_forgotten:
            words.stood_down_by_nobody(people[0], _subject(call, 0), call.acts[-1].at)

    agenda.put(call.at, begin)


def _tell(person: Person, call: Call, acts: Sequence[Act]) -> Doing:
    """Let what one person did be written down: settled once, with the last act, so that a year takes seconds."""

    def do(at: datetime) -> None:
        Evidence.objects.bulk_create(
            Evidence(
                person=person,
                at=act.at,
                kind=act.kind,
                subject=_subject(call, act.alarm),
                text=act.text,
                url=_where(act.at),
                created_at=act.at,
            )
            for act in acts[:-1]
        )
        subject = _subject(call, acts[-1].alarm)
        last = acts[-1]
        services.record(person=person, at=at, kind=last.kind, subject=subject, text=last.text, url=_where(at), now=at)

    return do


def _where(at: datetime) -> str:
    """Return the address of the night on which it was: of these calls the demo has no alarms, but every night."""
    return reverse("night", args=[written(day_obs(at))])


def _subject(call: Call, alarm: int) -> str:
    return f"alarm:{uuid5(NAMESPACE_URL, f'demo {call.at.isoformat()} {alarm}')}:1"


def _called(schedule: Schedule, at: datetime, *, volunteers: bool) -> Person:
    """Return who was on call; before the rotations began, who was a year later. A volunteer is a colleague."""
    duties = coverage.on_call(schedule=schedule, at=at) or coverage.on_call(schedule=schedule, at=at + A_YEAR_LATER)
    assert schedule.team is not None  # each of the demo's has one
    members = list(schedule.team.members.order_by("name"))
    on_call = duties[0].person if duties else members[0]
    return next(one for one in members if one.pk != on_call.pk) if volunteers else on_call


def _night_of_the_expert(expert: Person, schedules: Mapping[str, Schedule], now: datetime) -> datetime:
    """Return 03:20 Paris of a night before a morning on which the expert, on call, has a shift of triage (domain.md
    section 4, scenario f).

    :raises LookupError: if no such night lies in the last months.
    """
    for back in range(50, 200):
        at = wall_instant(now.date() - back * DAY, time(3, 20), calls.PARIS)
        if at.astimezone(calls.PARIS).isoweekday() > FRIDAY:
            continue
        facility = coverage.on_call(schedule=schedules[calls.FACILITY], at=at)
        if [duty.person.pk for duty in facility] == [expert.pk] and _morning_shift(expert, schedules[calls.TRIAGE], at):
            return at
    raise LookupError(f"No night of the last months has {expert.name} on call and on triage in the morning.")


def _morning_shift(person: Person, triage: Schedule, at: datetime) -> coverage.CoveredShift | None:
    found = coverage.shifts(schedule=triage, start=at + timedelta(hours=2), end=at + timedelta(hours=6), role="primary")
    return next((one for one in found if one.person.pk == person.pk and "By day" not in one.why), None)
