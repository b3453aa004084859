"""Draw one handoff at another instant for one cycle (T14), or put it back; the next is where it always was."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms

from oncall.people.models import Person
from rotations.night.wall import instant_of
from rotations.schedule import drafts
from rotations.schedule.looking import handoff_by_rule, on_clock
from rotations.schedule.models import Draft, Schedule
from rotations.schedule.reading import FARTHEST_TURN
from rotations.schedule.spec import BadSpec, MovedSpec, Planned, RotationSpec, plan_spec

FIRST_YEAR, LAST_YEAR = 1990, 2099


class MoveForm(forms.Form):
    """Which handoff, and when instead, on the rotation's own clock."""

    turn = forms.IntegerField(min_value=-FARTHEST_TURN, max_value=FARTHEST_TURN)
    on = forms.DateField(required=False)
    at = forms.TimeField(required=False, input_formats=["%H:%M"])

    def clean(self) -> dict[str, object]:
        asked = super().clean() or self.cleaned_data
        day, back = asked.get("on"), "back" in self.data
        if not back and (day is None or asked.get("at") is None or not FIRST_YEAR <= day.year <= LAST_YEAR):
            raise forms.ValidationError("Write a day and a time.")
        return asked

    @property
    def wall(self) -> datetime:
        return datetime.combine(self.cleaned_data["on"], self.cleaned_data["at"])


def move(*, schedule: Schedule, rotation: UUID, turn: int, wall: datetime, by: Person, now: datetime) -> Draft:
    """Draw the handoff at which `turn` starts at `wall` on the rotation's clock, for this cycle alone.

    :raises BadSpec: if it is past, would be, or does not lie between the handoffs before and after it.
    """
    one, planned = _rotation(schedule, rotation, now)
    at = instant_of(wall, ZoneInfo(one.time_zone))
    _check_ahead(planned, turn, at, now)
    moved = (*(other for other in one.moved if other.turn != turn), MovedSpec(turn, at))
    changed = replace(one, moved=tuple(sorted(moved, key=lambda other: other.turn)))
    return drafts.draw_rotation(schedule=schedule, rotation=changed, by=by, now=now)


def put_back(*, schedule: Schedule, rotation: UUID, turn: int, by: Person, now: datetime) -> Draft:
    """Draw a handoff where the rule has it.

    :raises BadSpec: if it is past there.
    """
    one, planned = _rotation(schedule, rotation, now)
    _check_ahead(planned, turn, handoff_by_rule(planned, turn), now)
    changed = replace(one, moved=tuple(other for other in one.moved if other.turn != turn))
    return drafts.draw_rotation(schedule=schedule, rotation=changed, by=by, now=now)


def _rotation(schedule: Schedule, id: UUID, now: datetime) -> tuple[RotationSpec, Planned]:
    spec = drafts.drawn(schedule)
    planned = plan_spec(schedule, spec, now=now)
    for one, found in zip(spec.rotations, planned, strict=True):
        if one.id == id:
            return one, found
    raise BadSpec({"": ["That rotation is not in this schedule, or its draft takes it out."]})


def _check_ahead(planned: Planned, turn: int, at: datetime, now: datetime) -> None:
    """
    :raises BadSpec: if the handoff is or would be past, or lies beyond the calendar.
    """
    plan = planned.plan()
    try:
        present = plan.handoff(turn)
    except ValueError as error:
        raise BadSpec({"turn": [str(error)]}) from None
    if present <= now:
        words = f"That handoff was {on_clock(present, plan.zone)}, and what is past stays. Choose one that is ahead."
        raise BadSpec({"turn": [words]})
    if at <= now:
        words = f"{on_clock(at, plan.zone)} is past. Choose a later time, after now and before the next handoff."
        raise BadSpec({"at": [words]})
