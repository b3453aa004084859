"""Read a schedule or one rotation from JSON: strictly, and refused by path. What is left out has its usual value."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, time
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from oncall.people.zones import zones
from rotations.schedule.fields import ChoiceField, WeekdaysField, WholeField, shown
from rotations.schedule.models import HEAVIEST, HIGHEST_LEVEL, LONGEST_TURN, Role, Rotation, Schedule
from rotations.schedule.shapes import InstantField
from rotations.schedule.spec import BadSpec, MovedSpec, PlaceSpec, RotationSpec, ScheduleSpec

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
MOST_ROTATIONS, MOST_PLACES, MOST_MOVED = 50, 200, 100
FARTHEST_TURN = 10**7  # either way: more hours than our years have
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::00)?", re.ASCII)
printable = RegexValidator(
    r"^[^\x00-\x1f\x7f\ud800-\udfff]*$", "It has characters that cannot be shown. Leave them out."
)


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "example": "09:00"})
class ClockField(serializers.Field[time, Any, str, Any]):
    """A time on a wall clock, to the minute."""

    def to_internal_value(self, data: Any) -> time:
        found = CLOCK.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            raise ValidationError(f"{shown(data)} is not a time of day. Write it as HH:MM, such as 09:00.")
        return time(int(found[1]), int(found[2]))

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


@extend_schema_field({"type": "string", "maxLength": 64, "example": "America/Chicago"})
class ZoneNameField(serializers.Field[str, Any, str, Any]):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in zones():
            raise ValidationError(f"{shown(data)} is not a time zone. Write a name such as America/Chicago.")
        return data

    def to_representation(self, value: str) -> str:
        return value


@extend_schema_field({"type": "string", "format": "date", "example": "2027-03-01"})
class DayField(serializers.Field[date, Any, str, Any]):
    """A day from 1990 to 2100."""

    def to_internal_value(self, data: Any) -> date:
        try:
            day = date.fromisoformat(data) if isinstance(data, str) and len(data) == 10 else None
        except ValueError:
            day = None
        if day is None:
            raise ValidationError(f"{shown(data)} is not a day. Write it as YYYY-MM-DD, such as 2027-03-01.")
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(f"{shown(data)} is too far away. Write a day from 1990 to 2100.")
        return day

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class PlaceBody(serializers.Serializer[Any]):
    """A person in the order."""

    person = serializers.UUIDField()
    weight = WholeField(min_value=1, max_value=HEAVIEST, default=1, help_text="Turns a round.")


class MovedBody(serializers.Serializer[Any]):
    """A handoff moved for one cycle."""

    turn = WholeField(min_value=-FARTHEST_TURN, max_value=FARTHEST_TURN, help_text="0 starts at the first handoff.")
    at = InstantField()


class RotationBody(serializers.Serializer[Any]):
    """One rotation of a schedule: a layer of it."""

    id = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="Null: a new rotation.")
    role = ChoiceField(choices=Role.values, default="primary")
    level = WholeField(min_value=0, max_value=HIGHEST_LEVEL, default=0, help_text="Of one role, the higher wins.")
    name = serializers.CharField(max_length=80, validators=[printable])
    time_zone = ZoneNameField(default="UTC")
    unit = ChoiceField(choices=Rotation.Unit.values, default="week")
    every = WholeField(min_value=1, max_value=LONGEST_TURN, default=1)
    first_on = DayField(help_text="The day of the first handoff.")
    handoff_time = ClockField(help_text="On the wall clock of the time zone.")
    weekdays = WeekdaysField(required=False, help_text="ISO weekdays, Monday is 1; all when left out.")
    window = serializers.CharField(
        max_length=40, required=False, allow_null=True, default=None, validators=[printable], help_text="By name."
    )
    at_once = WholeField(min_value=1, max_value=9, default=1)
    order = ChoiceField(choices=Rotation.Order.values, default="given")
    team = serializers.CharField(
        max_length=40, required=False, allow_null=True, default=None, validators=[printable],
        help_text="By slug: the team whose page gives the people.",
    )  # fmt: skip
    people = PlaceBody(many=True, max_length=MOST_PLACES)  # type: ignore[call-arg]  # many_init takes it
    moved = MovedBody(many=True, required=False, max_length=MOST_MOVED)  # type: ignore[call-arg]

    def validate_moved(self, moved: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({one["turn"] for one in moved}) != len(moved):
            raise ValidationError("A handoff is moved twice. Name each turn once.")
        return moved


class ScheduleBody(serializers.Serializer[Any]):
    """What a schedule promises, and its rotations."""

    needs = ChoiceField(choices=Schedule.Needs.values, default="nobody", help_text="When somebody must be on call.")
    at_least = WholeField(min_value=1, max_value=9, default=1)
    at_most = WholeField(min_value=1, max_value=9, required=False, allow_null=True, default=None)
    skill = serializers.CharField(max_length=80, allow_blank=True, required=False, default="", validators=[printable])
    rotations = RotationBody(many=True, max_length=MOST_ROTATIONS)  # type: ignore[call-arg]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["at_most"] is not None and attrs["at_most"] < attrs["at_least"]:
            raise ValidationError({"at_most": ["At most cannot be fewer people than at least."]})
        ids = [one["id"] for one in attrs["rotations"] if one["id"]]
        if len(set(ids)) != len(ids):
            raise ValidationError({"rotations": ["Two rotations have one id. Give a new one none."]})
        return attrs


def parse(data: object) -> ScheduleSpec:
    """Return the schedule that `data`, as of `spec.as_json`, describes.

    :raises BadSpec: by path, for whatever is wrong with it.
    """
    found = _read(ScheduleBody(data=_mapping(data)))
    return ScheduleSpec(**{**found, "rotations": tuple(_rotation(one) for one in found["rotations"])})


def parse_rotation(data: object) -> RotationSpec:
    """Return the rotation that `data`, as of `spec.rotation_as_json`, describes.

    :raises BadSpec: by path.
    """
    return _rotation(_read(RotationBody(data=_mapping(data))))


def flat(errors: Any, path: str = "") -> dict[str, list[str]]:
    """Return nested errors by path: {"rotations": [{}, {"every": [..]}]} as {"rotations[1].every": [..]}."""
    if isinstance(errors, Mapping):
        found: dict[str, list[str]] = {}
        for key, inner in errors.items():
            step = (
                f"[{key}]"
                if isinstance(key, int)
                else ("" if key == "non_field_errors" else f".{key}" if path else key)
            )
            found |= flat(inner, f"{path}{step}")
        return found
    if isinstance(errors, list) and any(isinstance(one, Mapping | list) for one in errors):
        return flat(dict(enumerate(errors)), path)
    words = errors if isinstance(errors, list) else [errors]
    return {path or "detail": [str(one) for one in words]} if words else {}


def by_field(error: DjangoValidationError) -> dict[str, list[str]]:
    """Return what a model refused, by field."""
    return error.message_dict if hasattr(error, "error_dict") else {"detail": error.messages}


def _mapping(data: object) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise BadSpec({"detail": [f"{shown(data)} is not an object. Write fields in braces."]})
    return dict(data)


def _read(body: serializers.Serializer[Any]) -> dict[str, Any]:
    if not body.is_valid():
        raise BadSpec(flat(body.errors))
    found: dict[str, Any] = body.validated_data
    return found


def _rotation(found: dict[str, Any]) -> RotationSpec:
    spec = RotationSpec(
        **{
            **found,
            "people": tuple(PlaceSpec(**one) for one in found["people"]),
            "moved": tuple(MovedSpec(**one) for one in found.get("moved", ())),
            "weekdays": tuple(sorted(set(found.get("weekdays", RotationSpec.weekdays)))),
        }
    )
    return replace(spec, window=spec.window or None, team=spec.team or None)
