"""`POST /api/v1/leave/preview/`: what would this call-out earn, and why? Read strictly, refused field by field."""

import re
from datetime import time
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall.people.holidays import Place
from rotations.coverage.api import ERRORS
from rotations.leave import preview, rules
from rotations.leave.credit import KINDS, MIDNIGHT, Span
from rotations.schedule.fields import shown, whole
from rotations.schedule.serializers import ZoneField
from rotations.schedule.shapes import InstantField

SEED = "1.5"  # R34: an hour out of hours is an hour and a half of leave, whatever limits say today
MOST_SPANS = 1000
WALL = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
PAIR = '["2027-03-25T02:20:00Z", "2027-03-25T04:20:00Z"]'
MANY = 12  # subdivisions, as many as an error names
INSTEAD = {"UK": "GB"}  # what is no ISO 3166 code, and the one that is


@extend_schema_field({"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 7}, "example": [1, 2, 3]})
class WorkDaysField(serializers.Field[frozenset[int], Any, list[int], Any]):
    """ISO weekdays, each once or more; none at all means that no hour is one of work."""

    def to_internal_value(self, data: Any) -> frozenset[int]:
        if not isinstance(data, list) or len(data) > 7:
            raise ValidationError(
                f"{shown(data)} does not do. Write ISO weekdays in brackets, such as [1, 2, 3, 4, 5]."
            )
        return frozenset(whole(day, f"Item {number}: ", 1, 7) for number, day in enumerate(data, start=1))


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "string", "pattern": r"^\d\d:\d\d$"},
        "minItems": 2,
        "maxItems": 2,
        "example": ["09:00", "17:00"],
    }
)
class WorkHoursField(serializers.Field[tuple[time, time], Any, list[str], Any]):
    """From and until on the wall clock of `time_zone`; until 24:00, or 00:00, is the end of the day."""

    def to_internal_value(self, data: Any) -> tuple[time, time]:
        if not isinstance(data, list) or len(data) != 2:
            raise ValidationError(f'{shown(data)} does not do. Write from and until, such as ["09:00", "17:00"].')
        starts = self._wall(data[0])
        ends = MIDNIGHT if data[1] == "24:00" else self._wall(data[1])
        if ends != MIDNIGHT and ends <= starts:
            raise ValidationError(
                f"{shown(data[1])} is not after {shown(data[0])}. Write a later end, 24:00 at the latest. Hours over "
                "midnight are two calendars: ask once with those until 24:00, and once with those from 00:00."
            )
        return starts, ends

    def _wall(self, data: Any) -> time:
        found = WALL.fullmatch(data) if isinstance(data, str) else None
        if found is None:
            raise ValidationError(f"{shown(data)} is no time on a wall clock. Write it as HH:MM, such as 09:00.")
        return time(int(found[1]), int(found[2]))


@extend_schema_field(
    {
        "type": "array",
        "items": {"type": "array", "items": {"type": "string", "format": "date-time"}, "minItems": 2, "maxItems": 2},
        "maxItems": MOST_SPANS,
        "example": [["2027-03-25T02:20:00Z", "2027-03-25T04:20:00Z"]],
    }
)
class SpansField(serializers.Field[list[Span], Any, Any, Any]):
    """Pairs of instants, each with its offset. They may overlap and touch: no second counts twice."""

    def to_internal_value(self, data: Any) -> list[Span]:
        if not isinstance(data, list):
            raise ValidationError(
                f"{shown(data)} is not a list. Write pairs of instants in brackets, such as [{PAIR}]."
            )
        if len(data) > MOST_SPANS:
            raise ValidationError(f"That is {len(data):,} spans. Write at most {MOST_SPANS:,}.")
        return [self._span(one, number) for number, one in enumerate(data, start=1)]

    def _span(self, data: Any, number: int) -> Span:
        if not isinstance(data, list) or len(data) != 2:
            raise ValidationError(
                f"Span {number}: {shown(data)} does not do. Write a start and an end, such as {PAIR}."
            )
        start, end = (self._instant(one, number) for one in data)
        if end < start:
            raise ValidationError(
                f"Span {number}: {shown(data[1])} is before {shown(data[0])}. Write an end after the start."
            )
        return start, end

    def _instant(self, data: Any, number: int) -> Any:
        if not isinstance(data, str):
            raise ValidationError(
                f"Span {number}: {shown(data)} is no instant. Write one such as 2027-03-25T02:20:00Z."
            )
        try:
            return InstantField().run_validation(data)
        except ValidationError as error:
            why = " ".join(str(one) for one in error.detail)  # of one field: a list
            raise ValidationError(f"Span {number}: {shown(data)} does not do. {why}") from None


class LeavePreviewQuery(serializers.Serializer[Any]):
    """Whose hours, and when they worked."""

    time_zone = ZoneField(help_text="IANA name of the zone in whose wall time the hours are.")
    country = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        default="",
        help_text="ISO 3166 code; null: no holidays.",
        error_messages={"invalid": "Write an ISO 3166 code such as FR, as text, or null."},
    )
    subdivision = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        default="",
        help_text="Of the country, such as 57 or FR-57; null: all of it.",
        error_messages={"invalid": "Write a code such as 57 or FR-57, as text, or null."},
    )
    work_days = WorkDaysField(required=False, help_text="ISO weekdays, Monday is 1. Monday to Friday by default.")
    work_hours = WorkHoursField(required=False, help_text="From and until; 09:00 to 17:00 by default.")
    spans = SpansField(help_text=f"At most {MOST_SPANS:,}, of {preview.LONGEST.days} days together.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            preview.check_length(attrs["spans"])
        except preview.TooMuch as error:
            raise ValidationError({"spans": [str(error)]}) from None
        place = _place(attrs["country"] or "", attrs["subdivision"] or "")
        starts, ends = attrs.get("work_hours", (time(9), time(17)))
        attrs["rule"] = {
            "version": rules.VERSION,
            "calendar": "the work hours",
            "work_days": sorted(attrs.get("work_days", {1, 2, 3, 4, 5})),
            "starts": starts.isoformat("seconds"),
            "ends": ends.isoformat("seconds"),
            "time_zone": attrs["time_zone"].key,
            "country": place.country,
            "subdivision": place.subdivision,
            "multiplier": SEED,
        }
        return attrs


class LeavePreviewSlice(serializers.Serializer[Any]):
    """A piece of the spans of one kind, within one local date. In hours it earns nothing."""

    starts_at = InstantField()
    ends_at = InstantField()
    local_date = serializers.DateField()
    kind = serializers.ChoiceField(choices=KINDS)
    name = serializers.CharField(allow_blank=True, help_text="Of the holiday.")
    in_hours = serializers.BooleanField()
    seconds = serializers.IntegerField()
    minutes = serializers.FloatField()
    multiplier = serializers.FloatField()
    credit_minutes = serializers.FloatField()


class LeavePreviewAnswer(serializers.Serializer[Any]):
    out_of_hours_minutes = serializers.FloatField()
    credit_minutes = serializers.FloatField()
    out_of_hours_s = serializers.IntegerField()
    rule = serializers.CharField(help_text="In words.")
    slices = LeavePreviewSlice(many=True)


class PreviewView(APIView):
    """What call-outs would earn under the seed's rule, and why. Stores nothing."""

    only_reads = True

    @extend_schema(
        operation_id="preview_leave",
        summary="What would this call-out earn, and why?",
        description=(
            "An hour outside the work hours earns an hour and a half of leave, exactly. Spans are counted as a union, "
            "in UTC, to the whole second; each is cut by the wall clock of `time_zone` into slices."
        ),
        request=LeavePreviewQuery,
        responses={200: LeavePreviewAnswer, 400: ERRORS[400], 401: ERRORS[401], 403: ERRORS[403]},
        tags=["leave"],
        examples=[
            OpenApiExample(
                "Called at 03:20 in Paris, for two hours",
                request_only=True,
                value={
                    "time_zone": "Europe/Paris",
                    "country": "FR",
                    "subdivision": None,
                    "work_days": [1, 2, 3, 4, 5],
                    "work_hours": ["09:00", "17:00"],
                    "spans": [["2027-03-25T02:20:00Z", "2027-03-25T04:20:00Z"]],
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        query = LeavePreviewQuery(data=request.data)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = rules.earn_together(asked["rule"], asked["spans"])
        return Response({**preview.as_json(found), "rule": rules.in_words(asked["rule"])})


def _place(country: str, subdivision: str) -> Place:
    place = Place(country.upper(), subdivision)
    if place.country in INSTEAD:
        code = INSTEAD[place.country]
        raise ValidationError({"country": [f"{shown(country)} is no ISO 3166 code. Write {code} instead."]})
    if country and subdivision.upper().startswith(f"{place.country}-"):  # as screens have it: FR-57
        subdivision = subdivision[len(country) + 1 :]
    subdivision = next((one for one in place.subdivisions if one.casefold() == subdivision.casefold()), subdivision)
    place = Place(place.country, subdivision)
    if country and not place.is_known:
        raise ValidationError(
            {"country": [f"Nobody knows the holidays of {shown(country)}. Write an ISO 3166 code such as FR, or null."]}
        )
    if subdivision and not country:
        raise ValidationError(
            {"subdivision": [f"{shown(subdivision)} has no country. Write `country` too, or null here."]}
        )
    if not place.knows_subdivision:
        some = ", ".join(place.subdivisions[:MANY]) or "none"
        raise ValidationError(
            {"subdivision": [f"{shown(subdivision)} is none of {place.country}'s: {some}. Write one of them, or null."]}
        )
    return place
