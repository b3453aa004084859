"""A thousand schedules and what happens to them in a year, the same in every run: the load of `bench/rotations.py`.

Of ten schedules four are relieved weekly, four daily, one every twelve hours and one monthly, in a dozen zones whose
clocks change in different weeks or by half an hour. A third have a window: the night's, by the sun, or a clock's. A
tenth have a second layer, which has the weekends. A fifth are in the order of the alphabet, a tenth have two people on
at once.
"""

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Django's rows can be imported only once it is set up
    from oncall.people.models import Person
    from rotations.changes.models import Absence, Override
    from rotations.night.models import Window
    from rotations.schedule.models import Participant, Rotation, Schedule

SCHEDULES = 1000
PEOPLE = 2000
ABSENCES = 500
YEAR = timedelta(days=365)
ZONES = (
    "America/Los_Angeles", "Europe/Paris", "America/Chicago", "Australia/Lord_Howe", "America/Santiago",
    "Africa/Casablanca", "Europe/London", "Pacific/Chatham", "Antarctica/Troll", "Asia/Tokyo", "America/New_York",
    "Asia/Kolkata",
)  # fmt: skip
TURNS = (("week", 1),) * 4 + (("day", 1),) * 4 + (("hour", 12), ("month", 1))
CLOCKS = (("office", "Europe/Paris", time(8), time(20)), ("evenings", "America/Chicago", time(17), time(1, 30)))
NIGHTS = ("west", "europe")  # which every portal has


def build(*, now: datetime) -> None:
    """Make the rows, as if all of it had been made a day ago and nothing were stored yet."""
    from django.db import transaction

    from rotations.changes.models import Absence, Override
    from rotations.schedule.models import Participant, Rotation

    choose = random.Random(7)
    with transaction.atomic():
        people = _people()
        schedules = _schedules(now)
        rotations = list(_rotations(schedules, _windows(now), now))
        Rotation.objects.bulk_create(rotations)
        order = list(_order(rotations, people))
        Participant.objects.bulk_create(order)
        first = {place.rotation.schedule_id: place.person for place in reversed(order)}
        Override.objects.bulk_create(
            one
            for schedule in schedules
            for one in _overrides(schedule, first[schedule.pk], people, now - timedelta(days=1), choose)
        )
        Absence.objects.bulk_create(_absences(people, now - timedelta(days=1), choose))


def _people() -> "list[Person]":
    from oncall.people.models import Person

    names = [f"bench-roster-{number:04}" for number in range(PEOPLE)]
    people: list[Person] = Person.objects.bulk_create(Person(username=name, name=name, password="!") for name in names)
    return people


def _schedules(now: datetime) -> "list[Schedule]":
    from rotations.schedule.models import Schedule

    names = [f"bench-roster-{number:04}" for number in range(SCHEDULES)]
    return Schedule.objects.bulk_create(Schedule(name=name, slug=name, edition=1, changed_at=now) for name in names)


def _windows(now: datetime) -> "list[Window]":
    from rotations.night.models import Window

    clocks = [
        Window(
            name=f"bench-{name}", kind="clock", time_zone=zone, since=since, until=until,
            weekdays=[1, 2, 3, 4, 5], changed_at=now - YEAR,
        )
        for name, zone, since, until in CLOCKS
    ]  # fmt: skip
    return [*Window.objects.filter(name__in=NIGHTS).order_by("name"), *Window.objects.bulk_create(clocks)]


def _rotations(schedules: "list[Schedule]", windows: "list[Window]", now: datetime) -> "Iterator[Rotation]":
    from rotations.schedule.models import Rotation

    first_on = (now - 2 * YEAR).date()
    for number, schedule in enumerate(schedules):
        unit, every = TURNS[number % len(TURNS)]
        zone = ZONES[number % 13 % len(ZONES)]
        yield Rotation(
            schedule=schedule,
            name="around the clock",
            time_zone=zone,
            unit=unit,
            every=every,
            first_on=first_on,
            handoff_time=time((1 + number) % 24, 30 * (number % 2)),
            window=windows[number // 3 % len(windows)] if number % 3 == 0 else None,
            at_once=2 if number % 10 == 7 else 1,
            order="alphabetical" if number % 5 == 1 else "given",
        )
        if number % 10 == 4:
            yield Rotation(
                schedule=schedule,
                name="weekends",
                level=1,
                time_zone=zone,
                unit="day",
                first_on=first_on,
                handoff_time=time(9),
                weekdays=[6, 7],
            )


def _order(rotations: "list[Rotation]", people: "list[Person]") -> "Iterator[Participant]":
    from rotations.schedule.models import Participant
    from rotations.schedule.order import name_key

    for number, rotation in enumerate(rotations):
        for position in range(4 + number % 5):
            person = people[(3 * number + 7 * position) % len(people)]
            yield Participant(rotation=rotation, person=person, position=position, name_key=name_key(person.name))


def _overrides(
    schedule: "Schedule", first: "Person", people: "list[Person]", made_at: datetime, choose: random.Random
) -> "Iterator[Override]":
    """One of the whole role, half a year in, and one of what the first in the order would have had."""
    from rotations.changes.models import Override

    whole, part = choose.uniform(0, 170), choose.uniform(180, 350)
    for nth, (day, length, replaces) in enumerate(((whole, choose.uniform(0.2, 2), None), (part, 10, first))):
        starts_at = (made_at + timedelta(days=1 + day)).replace(second=0, microsecond=0)
        person = choose.choice(people)
        yield Override(
            schedule=schedule, person=person, replaces=None if person == replaces else replaces, by=first, nth=nth,
            starts_at=starts_at, ends_at=starts_at + timedelta(days=length), reason="a dentist", created_at=made_at,
        )  # fmt: skip


def _absences(people: "list[Person]", made_at: datetime, choose: random.Random) -> "Iterator[Absence]":
    from rotations.changes.models import Absence

    for person in choose.sample(people, ABSENCES):
        starts_at = made_at + timedelta(days=1 + choose.randrange(340))
        yield Absence(
            person=person, by=person, created_at=made_at,
            starts_at=starts_at, ends_at=starts_at + timedelta(days=choose.randrange(1, 20)),
        )  # fmt: skip
