"""A rotation as a program describes it, to be looked at before it is saved: read strictly, refused field by field."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.zones import zones
from rotations.schedule.fields import MOST_ITEMS, ChoiceField, ListOf, WeekdaysField, WholeField, shown
from rotations.schedule.handoffs import EVERY_DAY, Alphabetical, Given, Place, Plan, name_key, spread
from rotations.schedule.shapes import InstantField

UNITS = ["hour", "day", "week", "month"]
ORDERS = ["given", "alphabetical"]
LONGEST_TURN = 10_000  # units
LONGEST_NAME = 200
MOST_AT_ONCE = 9
HEAVIEST = 20  # turns a round
WALL = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?", re.ASCII)


@extend_schema_field({"type": "string", "example": "America/Chicago"})
class ZoneField(serializers.Field[ZoneInfo, Any, str, Any]):
    def to_internal_value(self, data: Any) -> ZoneInfo:
        if not isinstance(data, str) or data not in zones():
            raise ValidationError(f"{shown(data)} is not a time zone. Write a name such as America/Chicago.")
        return ZoneInfo(data)

    def to_representation(self, value: ZoneInfo) -> str:
        return value.key


@extend_schema_field(
    {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$", "example": "2020-10-30T01:30:00"}
)
class WallField(serializers.Field[datetime, Any, str, Any]):
    """A day and a time on a wall clock, to the second: no offset, for the zone is a field of its own."""

    def to_internal_value(self, data: Any) -> datetime:
        found = WALL.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            raise ValidationError(
                f"{shown(data)} is not a day and a time on the wall clock of `time_zone`. Write them without an "
                "offset, such as 2020-10-30T01:30:00."
            )
        try:
            wall = datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]  # noqa: DTZ001
        except ValueError:
            raise ValidationError(f"{shown(data)} is in no calendar. Write a day and a time that exist.") from None
        if not EARLIEST.year <= wall.year < LATEST.year:
            raise ValidationError(f"{shown(data)} is too far away. Write a day from 1990 to 2099.")
        return wall

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        "minItems": 1,
        "maxItems": MOST_ITEMS,
        "example": ["a", "b"],
    }
)
class PeopleField(ListOf):
    of, example = "names", '["a", "b"]'

    def item(self, data: Any, number: int) -> str:
        if not isinstance(data, str):
            raise ValidationError(f"Item {number}: {shown(data)} is not text. Write a name or an id in quotes.")
        if not data.strip() or len(data) > LONGEST_NAME:
            raise ValidationError(f"Item {number}: {shown(data)} is no name. Write 1 to {LONGEST_NAME} characters.")
        if any(ord(letter) < 32 or "\ud800" <= letter <= "\udfff" for letter in data):
            raise ValidationError(f"Item {number}: {shown(data)} has characters that cannot be shown. Leave them out.")
        return data


@extend_schema_field(
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": HEAVIEST}, "minItems": 1, "example": [2, 1]}
)
class WeightsField(ListOf):
    least, most = 1, HEAVIEST
    of, example = "one weight for each participant", "[2, 1]"


class PreviewQuery(serializers.Serializer[Any]):
    """A rotation and a span. `from` is a Python word, so the fields of the span are made by hand."""

    time_zone = ZoneField(help_text="IANA name of the zone in whose wall time handoffs are.")
    first_handoff = WallField(help_text="Wall time in `time_zone`, without an offset; turns before it count backwards.")
    unit = ChoiceField(choices=UNITS)
    every = WholeField(min_value=1, max_value=LONGEST_TURN, help_text="How many units a turn lasts on the wall clock.")
    participants = PeopleField(help_text="Names or ids; the first takes the turn that starts at the first handoff.")
    order = ChoiceField(
        choices=ORDERS, default="given", help_text="Alphabetical: by name whatever accents and case; weights are 1."
    )
    weights = WeightsField(required=False, help_text="Turns a round, one for each participant; 1 when left out.")
    weekdays = WeekdaysField(
        required=False,
        help_text="ISO weekdays, Monday is 1; other days have nobody and use up no turn. All by default.",
    )
    at_once = WholeField(
        min_value=1, max_value=MOST_AT_ONCE, default=1, help_text="How many are on at once: ab, then bc, then cd."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {
            "from": InstantField(help_text="Shifts that touch [from, to), whole."),
            "to": InstantField(help_text="At most two years after `from`, and at most 10,000 shifts."),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        people, weights = attrs["participants"], attrs.get("weights")
        if attrs["to"] <= attrs["from"]:
            raise ValidationError(
                {"to": [f"{attrs['to']:%Y-%m-%dT%H:%M:%SZ} is not after `from`. Choose a later end."]}
            )
        if weights is not None and len(weights) != len(people):
            raise ValidationError(
                {"weights": [f"{len(weights)} weights for {len(people)} participants. Write one for each."]}
            )
        if attrs["order"] == "alphabetical":
            if weights is not None and set(weights) != {1}:
                raise ValidationError({"weights": ["An alphabetical order has no weights. Leave them out."]})
            if twice := next((name for number, name in enumerate(people) if name in people[:number]), None):
                raise ValidationError(
                    {"participants": [f"{shown(twice)} is there twice. In an alphabetical order name everybody once."]}
                )
        try:
            attrs["plan"] = _plan(attrs)
        except ValueError as error:  # what is left to refuse
            raise ValidationError({"at_once": [str(error)]}) from None
        return attrs


class PreviewShift(serializers.Serializer[Any]):
    starts_at = InstantField()
    ends_at = InstantField()
    participant = serializers.CharField()


class PreviewAnswer(serializers.Serializer[Any]):
    shifts = PreviewShift(many=True)


def _plan(attrs: dict[str, Any]) -> Plan:
    people, weights = attrs["participants"], attrs.get("weights")
    order: Given | Alphabetical
    if attrs["order"] == "alphabetical":
        order = Alphabetical(tuple(Place(name, name_key(name), None, None) for name in people))
    else:
        order = Given(spread(list(zip(people, weights or [1] * len(people), strict=True))))
    return Plan(
        zone=attrs["time_zone"],
        unit=attrs["unit"],
        every=attrs["every"],
        first_on=attrs["first_handoff"].date(),
        handoff_time=attrs["first_handoff"].time(),
        order=order,
        weekdays=frozenset(attrs.get("weekdays", EVERY_DAY)),
        at_once=attrs["at_once"],
    )
