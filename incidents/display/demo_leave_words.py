"""What the demo's people say of their call-outs: confirmed each week, approved each month; a few set right or argued.

Every word is said by the services, at its own time (rows R32 to R34).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time, timedelta
from itertools import count
from random import Random

from oncall.limits import queries as limits
from oncall.people.models import Person
from rotations.leave import accounts, approving, forgotten, services
from rotations.leave.models import CallOut
from rotations.night.wall import wall_instant

DAY, WEEK = timedelta(days=1), timedelta(days=7)
LATE = timedelta(days=2)  # a call-out is confirmed by whoever has slept over it
LEFT_FOR_NOW = timedelta(days=33)  # what is younger is confirmed by some, and approved by nobody yet
Put = Callable[[datetime, Callable[[datetime], None]], None]


class Words:
    """Puts on the agenda what is said; `manager` approves what is everybody's."""

    def __init__(self, people: Mapping[str, Person], *, now: datetime, put: Put) -> None:
        self.people, self.manager = people, people["novak"]
        self.now, self.put = now, put
        self.chance = Random("words")  # noqa: S311  # words, not a secret
        self.nth_forgotten = count()

    def through_the_year(self, beginning: datetime) -> None:
        """Each Monday people confirm; on the sixth of each month the manager approves what was confirmed."""
        for day in _days(beginning, self.now):
            if day.isoweekday() == 1:
                self.put(day.replace(hour=17), self.confirm)
            if day.day == 6:
                self.put(day.replace(hour=19), self.approve_last_month)

        for ago in (260, 160, 90):
            self.put(self.now - timedelta(days=ago), self.split_the_longest)
        for ago, username in ((130, "ito"), (25, "girard")):
            self.put(self.now - timedelta(days=ago), lambda at, who=self.people[username]: self.add_hours(who, at))  # type: ignore[misc]

    def confirm(self, at: datetime) -> None:
        """Everybody confirms what is theirs; of late, some have not come to it."""
        recent = CallOut.objects.live().filter(ends_at__lte=at - LATE, ends_at__gt=at - 6 * WEEK)
        closed = list(recent.select_related("person").order_by("starts_at", "pk"))
        for call_out, stands in zip(closed, accounts.standings(closed).values(), strict=True):
            unhurried = self.now - at < LEFT_FOR_NOW and self.chance.random() < 1 / 2
            if stands.state in {"to_confirm", "changed"} and not stands.is_nothing and not unhurried:
                approving.confirm(call_out=call_out, by=call_out.person, now=at)

    def approve_last_month(self, at: datetime) -> None:
        if self.now - at >= LEFT_FOR_NOW - WEEK:
            last = at.replace(day=1).date() - DAY
            for month in (last, last.replace(day=1) - DAY):  # what was confirmed late is of the month before that
                approving.approve_month(by=self.manager, month=month, now=at)

    def split_the_longest(self, at: datetime) -> None:
        """Whoever had the longest night of the last weeks says that they slept in the middle of it."""
        recent = (
            CallOut.objects.live().filter(ends_at__lte=at - DAY, ends_at__gt=at - 6 * WEEK).select_related("person")
        )
        longest = max(recent, key=lambda one: (one.ends_at or one.starts_at) - one.starts_at)
        assert longest.ends_at is not None  # it has ended
        third = (longest.ends_at - longest.starts_at) // 3
        services.split(
            call_out=longest,
            by=longest.person,
            pause_starts_at=longest.starts_at + third,
            pause_ends_at=longest.ends_at - third,
            reason="I lay down while the copy ran.",
            now=at,
        )

    def add_hours(self, person: Person, at: datetime) -> None:
        """Somebody was telephoned, without a page: they say so themselves."""
        evening = wall_instant(at.date() - 2 * DAY, time(21, 10), person.zone)
        services.add(
            person=person,
            by=person,
            starts_at=evening,
            ends_at=evening + timedelta(minutes=42, seconds=30),
            reason="The control room called me directly about the link.",
            now=at,
        )

    def stood_down_by_nobody(self, person: Person, subject: str, last_act: datetime) -> None:
        """Somebody forgot to stand down: it is closed for them, and they are asked; most set it right, some argue."""
        closed_at = last_act + limits.at(last_act).span("call_out_forgotten_after_s") + timedelta(minutes=1)
        morning = closed_at + DAY
        self.put(closed_at, lambda at: void(services.close_forgotten(now=at)))
        self.put(morning, lambda at: void(forgotten.keep(now=at, limits=limits.at(at))))
        self.put(morning + timedelta(hours=3), lambda at: self.answer(next(self.nth_forgotten), person, subject, at))

    def answer(self, nth: int, person: Person, subject: str, at: datetime) -> None:
        found = CallOut.objects.live().get(person=person, subjects__contains=[subject])
        assert found.ends_at is not None  # closed a day ago
        if nth == 0:
            self._argue(found, person, at)
        elif nth == 1:
            self._ask_back(found, person, at)
        elif nth % 4 != 2:  # some say nothing: the cap stands
            services.correct(
                call_out=found,
                by=person,
                starts_at=found.starts_at,
                ends_at=found.ends_at + timedelta(minutes=7 * nth, seconds=20),
                reason="I watched until the third visit was in time, and forgot to stand down.",
                now=at,
            )

    def _argue(self, found: CallOut, person: Person, at: datetime) -> None:
        """Both sides' words are kept; in the end the hours are set right and approved."""
        approving.dispute(
            call_out=found,
            by=person,
            reason="I was at it for an hour longer, on the telephone with the summit.",
            now=at,
        )

        def asks(at: datetime) -> None:
            approving.ask_back(call_out=found, by=self.manager, reason="With whom, and until when about?", now=at)

        def answers(at: datetime) -> None:
            current = CallOut.objects.get(pk=found.pk)
            assert current.ends_at is not None
            services.correct(
                call_out=current,
                by=person,
                starts_at=current.starts_at,
                ends_at=current.ends_at + timedelta(hours=1),
                reason="With the observers in the control room, an hour more; it is in their night log.",
                now=at,
            )
            approving.confirm(call_out=current, by=person, now=at + timedelta(minutes=1))

        def agrees(at: datetime) -> None:
            approving.approve(
                call_out=CallOut.objects.get(pk=found.pk), by=self.manager, reason="The night log says so too.", now=at
            )

        for days, do in ((1, asks), (2, answers), (3, agrees)):
            self.put(at + days * DAY, do)

    def _ask_back(self, found: CallOut, person: Person, at: datetime) -> None:
        approving.confirm(call_out=found, by=person, now=at)

        def asks(at: datetime) -> None:
            approving.ask_back(call_out=found, by=self.manager, reason="Did you stop when the cap says?", now=at)

        def answers(at: datetime) -> None:
            approving.confirm(call_out=found, by=person, reason="Yes, about then: I went back to bed.", now=at)

        self.put(at + DAY, asks)
        self.put(at + 2 * DAY, answers)


def void(_: object) -> None:
    """Drop what a verb returns."""


def _days(beginning: datetime, end: datetime) -> Iterator[datetime]:
    day = beginning.replace(minute=0, second=0, microsecond=0)
    while day < end:
        yield day
        day += DAY
