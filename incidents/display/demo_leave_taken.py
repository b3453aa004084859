"""Leave that the demo's people ask for: taken, refused, withdrawn, broken off half-way, and what still waits.

Whoever has most to take asks, so that there is enough; on days on which nobody must cover for them.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from oncall.people.models import Person
from rotations.leave import accounts, taking
from rotations.leave.models import LeaveRequest
from rotations.night.wall import wall_instant

DAY, SOON = timedelta(days=1), timedelta(hours=20)
ENOUGH_S = 2 * 3600
AT_MOST_S = 8 * 3600
LOOK_AHEAD = 40  # days among which a free one is found
WHO = ("moreno", "singh", "castillo", "dubreuil", "girard", "okafor", "lindqvist", "walker", "fuentes", "ito", "reyes")
Put = Callable[[datetime, Callable[[datetime], None]], None]


class NobodyHasEnough(Exception):
    """No leave is there to be taken, so the demo's story cannot be told. Ask later in the year."""


class Requests:
    def __init__(self, people: Mapping[str, Person], *, now: datetime, put: Put) -> None:
        self.people, self.manager, self.now, self.put = people, people["novak"], now, put
        self.asked: set[str] = set()

    def through_the_year(self) -> None:
        for ago, note, then in (
            (180, "A long weekend.", self._approve),
            (140, "My daughter's first day at school.", self._approve),
            (100, "The week of the review.", self._refuse),
            (75, "Visitors.", self._break_off),
            (50, "Moving house, I thought.", self._withdraw),
            (40, "A day at the sea.", self._approve),
            (6, "A concert the evening before.", self._approve),
            (3, "Making up for the night of the storm.", self._wait),
            (1, "", self._wait),
        ):
            self.put(self.now - ago * DAY, lambda at, note=note, then=then: self._ask(note, then, at))  # type: ignore[misc]

    def _ask(self, note: str, then: Callable[[LeaveRequest, datetime], None], at: datetime) -> None:
        person, available_s = self._richest()
        self.asked.add(person.username)
        start, end = free_time(person, seconds=min(available_s, AT_MOST_S), after=at + 5 * DAY)
        request = taking.ask(person=person, by=person, starts_at=start, ends_at=end, now=at, note=note)
        then(request, at)

    def _richest(self) -> tuple[Person, int]:
        """Return who has most to take of those who have not asked yet, or of all."""
        found = accounts.balances([self.people[one] for one in WHO])
        able = [one for one in found if one.available_s >= ENOUGH_S]
        if not able:
            raise NobodyHasEnough(
                "Nobody has two hours of leave to take. Let people be called, confirm and approve first."
            )
        fresh = [one for one in able if one.person.username not in self.asked] or able
        most = max(fresh, key=lambda one: (one.available_s, one.person.username))
        return most.person, most.available_s

    def _approve(self, request: LeaveRequest, at: datetime) -> None:
        self.put(at + SOON, lambda at: _drop(taking.approve(request=request, by=self.manager, now=at)))

    def _refuse(self, request: LeaveRequest, at: datetime) -> None:
        answer = "Two others of the team are away on that day. Any other day is fine."
        self.put(at + SOON, lambda at: _drop(taking.refuse(request=request, by=self.manager, now=at, answer=answer)))

    def _withdraw(self, request: LeaveRequest, at: datetime) -> None:
        self.put(at + SOON, lambda at: _drop(taking.withdraw(request=request, by=request.person, now=at)))

    def _break_off(self, request: LeaveRequest, at: datetime) -> None:
        self._approve(request, at)
        half = request.starts_at + timedelta(seconds=(request.ends_at - request.starts_at).total_seconds() // 2)
        reason = "Called in to help with the camera."
        self.put(half, lambda at: _drop(taking.cancel(request=request, by=request.person, now=at, reason=reason)))

    def _wait(self, request: LeaveRequest, at: datetime) -> None:
        """Nobody has answered yet."""


def free_time(person: Person, *, seconds: int, after: datetime) -> tuple[datetime, datetime]:
    """Return whole hours of work time, `seconds` at most, on a day without a shift of theirs.

    :raises LookupError: if there is no such day among the next forty.
    """
    current = Person.objects.get(pk=person.pk)
    zone = ZoneInfo(current.time_zone)
    first = after.astimezone(zone).date()
    for day in (first + number * DAY for number in range(LOOK_AHEAD)):
        work = _work(current, day, zone)
        if work is None or taking.clashes(current, *work):
            continue
        end = min(work[1], work[0] + timedelta(hours=seconds // 3600))
        if taking.slices_of(current, work[0], end):
            return work[0], end
    raise LookupError(f"{current.name} has no work day without a shift among the next {LOOK_AHEAD}.")


def _work(person: Person, day: date, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    midnights = [wall_instant(one, time(0), zone) for one in (day, day + DAY)]
    pieces = taking.slices_of(person, midnights[0], midnights[1])
    return (pieces[0].starts_at, pieces[-1].ends_at) if pieces else None


def _drop(_: object) -> None:
    """What a verb returns is not needed."""
