"""One verb over many alarms, as pressed on the list: each alarm by itself, and each refusal in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from incidents.alarms import services, work
from incidents.alarms.models import Alarm
from oncall.people.models import Person

MOST = 200  # at once; the list shows 50


@dataclass(frozen=True)
class Pressed:
    """An alarm as it stood when the box was drawn: `cycle` refuses a press that comes after it began anew."""

    id: UUID
    cycle: int


@dataclass
class Outcome:
    """What came of it: how many, and who was not, with the reason."""

    done: int = 0
    refused: list[str] = field(default_factory=list)


def pressed_from(values: Sequence[str]) -> list[Pressed]:
    """Read the boxes, `id:cycle` each; what nobody could have pressed is left out."""
    found = []
    for value in values[:MOST]:
        id, _, cycle = value.partition(":")
        try:
            found.append(Pressed(UUID(id), int(cycle) if cycle.isascii() and cycle.isdigit() and len(cycle) < 9 else 0))
        except ValueError:
            continue
    return found


def acknowledge(*, pressed: Sequence[Pressed], by: Person, now: datetime) -> Outcome:
    """Give each of them to `by`."""
    return _each(pressed, by, lambda alarm, cycle: work.acknowledge(alarm=alarm, by=by, cycle=cycle, now=now))


def resolve(*, pressed: Sequence[Pressed], by: Person, cause: str, now: datetime) -> Outcome:
    """End each of them. One that is over already is as wanted."""
    return _each(
        pressed, by, lambda alarm, cycle: services.resolve(alarm=alarm, by=by, cycle=cycle, cause=cause, now=now)
    )


def note(*, pressed: Sequence[Pressed], by: Person, text: str, now: datetime) -> Outcome:
    """Write the same note into each of their logs."""
    return _each(pressed, by, lambda alarm, cycle: work.note(alarm=alarm, by=by, text=text, now=now))


def _each(pressed: Sequence[Pressed], by: Person, verb: Callable[[Alarm, int], object]) -> Outcome:
    """Do it in a transaction of its own for each, in one order of ids: two people who press at once never wait for each
    other in a circle.
    """
    outcome = Outcome()
    cycles = {one.id: one.cycle for one in pressed}
    for alarm in Alarm.objects.visible_to(by).filter(pk__in=cycles).order_by("pk"):
        try:
            verb(alarm, cycles[alarm.pk])
            outcome.done += 1
        except (work.AlreadyAcknowledged, services.AlreadyResolved, work.EmptyNote) as error:
            outcome.refused.append(str(error))
    return outcome
