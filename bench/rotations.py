"""How fast the arithmetic of rotations is, inside one process: `python -m bench.rotations` prints what it found.

The load is roster.py's. First everything is computed and nothing kept; then all of it is stored, as the loop does from
an empty table; then one rule after the other is edited; then the resolver is asked, as the pager asks it. Beside each
stands its floor in the same process: as many conversions of wall times as there are shifts, and one row by its key.
"""

import json
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench import roster
from bench.figures import spread

if TYPE_CHECKING:
    from rotations.schedule.models import Schedule

ASKED = 2000
EDITED = 20
ROUNDS = 3  # of what stores nothing; the fastest is the least disturbed


def measure() -> dict[str, Any]:
    from oncall import clock
    from oncall.people import services as people
    from oncall.people.models import Person
    from rotations.schedule.models import Schedule

    now = clock.now()
    roster.build(now=now)
    schedules = list(Schedule.objects.filter(name__startswith="bench-roster-"))
    found = {**compute(schedules, now), **store(now), **edit(schedules), **ask(schedules, now)}
    _, secret = people.create_token(person=Person.objects.latest("username"), name="bench", now=now, read_only=True)
    told = {"token": secret, "schedules": [str(schedule.pk) for schedule in schedules], "started_at": now.isoformat()}
    return {**found, **told}


def compute(schedules: "Sequence[Schedule]", now: datetime) -> dict[str, Any]:
    """A year of all: from the rows to who is on call, then the turns alone, then the conversions alone."""
    from rotations.coverage.compute import compute as everything
    from rotations.schedule.handoffs import shifts_between
    from rotations.schedule.models import Rotation

    end = now + roster.YEAR
    plans = [rotation.plan() for rotation in Rotation.objects.with_order().filter(schedule__in=schedules)]

    def turns() -> int:
        return sum(len(shifts_between(now, end, plan=plan)) for plan in plans)

    def conversions() -> None:
        for plan in plans:
            wall = now.replace(tzinfo=None)
            for day in range(shifts // len(plans)):
                (wall + timedelta(days=day % 365)).replace(tzinfo=plan.zone).astimezone(UTC)

    shifts = turns()
    tiles = sum(len(one.tiles) for one in everything(schedules, now, end).by_schedule.values())
    return {
        "rotations": len(plans),
        "shifts": shifts,
        "tiles": tiles,
        "compute": best(lambda: everything(schedules, now, end)),
        "turns": best(turns),
        "conversions": best(conversions),
    }


def store(now: datetime) -> dict[str, Any]:
    """All of it from an empty table, and then a round in which nothing is due."""
    from django.db import connection

    from rotations.coverage import services
    from rotations.coverage.models import Shift

    def everything() -> None:
        while services.refresh_due(now=now):
            pass

    stored = best(everything, rounds=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE coverage_shift, people_person, schedule_schedule")  # as autovacuum does within a minute
    nothing = spread(timed(lambda _: services.refresh_due(now=now), range(EDITED)))
    return {"store": stored, "rows": Shift.objects.count(), "nothing_due": asdict(nothing)}


def edit(schedules: "Sequence[Schedule]") -> dict[str, Any]:
    """Give rotations another handoff time, one by one: what the loop then does stores one schedule and no other.

    :raises AssertionError: if it stores another number.
    """
    from oncall import clock
    from rotations.coverage import services
    from rotations.coverage.models import Shift
    from rotations.schedule.models import Rotation
    from rotations.schedule.services import Turns, edit_rotation

    took: list[float] = []
    rows = 0
    for schedule in random.Random(3).sample(schedules, EDITED):
        rotation = Rotation.objects.with_order().filter(schedule=schedule).latest("-level")
        turns = Turns(
            rotation.time_zone, rotation.unit, rotation.every, rotation.first_on,  # type: ignore[arg-type]
            rotation.handoff_time.replace(minute=15), tuple(rotation.weekdays), rotation.at_once, rotation.order,
        )  # fmt: skip
        now = clock.now()
        people = [place.person for place in rotation.participants.all()]
        edit_rotation(rotation=rotation, name=rotation.name, turns=turns, people=people, now=now)
        began = time.monotonic()
        stored = services.refresh_due(now=now)
        took.append(time.monotonic() - began)
        assert stored == 1, f"An edit of one schedule stored {stored}."
        rows += Shift.objects.filter(known_from=now).count()
    return {"edit": asdict(spread(took)), "edit_rows": round(rows / EDITED)}


def ask(schedules: "Sequence[Schedule]", now: datetime) -> dict[str, Any]:
    """Who is on call for a schedule at an instant of the year, at random, once everything is stored."""
    from rotations.coverage import queries
    from rotations.schedule.models import Schedule

    choose = random.Random(11)
    asked = [(choose.choice(schedules), now + choose.random() * roster.YEAR) for _ in range(ASKED)]
    somebody: list[bool] = []
    answers = timed(lambda one: somebody.append(bool(queries.on_call(schedule=one[0], at=one[1]))), asked)
    rows = timed(lambda one: Schedule.objects.get(pk=one[0].pk), asked)
    return {"ask": asdict(spread(answers)), "somebody": sum(somebody), "row": asdict(spread(rows))}


def timed(act: Callable[[Any], object], cases: Sequence[Any]) -> list[float]:
    """Return the seconds that each case takes."""
    took = []
    for case in cases:
        began = time.perf_counter()
        act(case)
        took.append(time.perf_counter() - began)
    return took


def best(act: Callable[[], object], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the seconds of the fastest of some rounds, and the seconds of CPU that this process used for one."""
    took, used = [], []
    for _ in range(rounds):
        began, cpu = time.monotonic(), time.process_time()
        act()
        took.append(time.monotonic() - began)
        used.append(time.process_time() - cpu)
    return {"s": round(min(took), 2), "cpu_s": round(min(used), 2)}


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oncall.settings")
    django.setup()
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
