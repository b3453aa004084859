"""Who is on call, for programs (api.md)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from rotations.coverage import queries
from rotations.schedule.models import ROLES, Rotation, Schedule
from rotations.schedule.shapes import InstantField, WallTimeField

LONGEST_SPAN = timedelta(days=732)  # two years, a leap day in each
AS_OF_GRACE = timedelta(minutes=5)  # a clock that goes a little fast


class ErrorsSerializer(serializers.Serializer[Any]):
    """`{"field": ["what is wrong and what would be right"]}`; `detail` where no single field is at fault."""

    detail = serializers.ListField(child=serializers.CharField(), required=False)


ERRORS = {
    400: OpenApiResponse(ErrorsSerializer, "A parameter is wrong; the field says which and how."),
    401: OpenApiResponse(ErrorsSerializer, "Not signed in."),
    403: OpenApiResponse(ErrorsSerializer, "Signed in, but not allowed."),
    404: OpenApiResponse(ErrorsSerializer, "Not there, or not yours to see."),
}


class NameSerializer(serializers.Serializer[Any]):
    """A person, briefly."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class OnCallQuery(serializers.Serializer[Any]):
    at = InstantField(required=False, help_text="The instant asked about; now when left out.")
    schedule = serializers.UUIDField(required=False, help_text="Only this schedule.")


class OnDutySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="person.id")
    name = serializers.CharField(source="person.name")
    since = InstantField()
    until = InstantField(allow_null=True)
    why = serializers.CharField()


class RoleCoverSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])
    people = OnDutySerializer(many=True)


class ScheduleCoverSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="schedule.id")
    name = serializers.CharField(source="schedule.name")
    roles = RoleCoverSerializer(many=True)


class OnCallAnswer(serializers.Serializer[Any]):
    at = InstantField()
    schedules = ScheduleCoverSerializer(many=True)


class OnCallView(APIView):
    """Who is on call."""

    @extend_schema(
        operation_id="on_call",
        summary="Who is on call at an instant, for each schedule and role",
        parameters=[OnCallQuery],
        responses={200: OnCallAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request) -> Response:
        asked = _checked(OnCallQuery, request)
        at = asked.get("at") or clock.now()
        schedules = Schedule.objects.filter(pk=asked["schedule"]) if "schedule" in asked else None
        cover = queries.everyone_on_call(at=at, schedules=schedules)
        if not cover and schedules is not None:
            raise _no_such_schedule()
        return Response(OnCallAnswer({"at": at, "schedules": cover}).data)


class ShiftsQuery(serializers.Serializer[Any]):
    """`from` is a Python word, so the fields are made by hand."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(help_text="Shifts that touch [from, to), whole."),
            "to": InstantField(help_text="At most two years after `from`."),
            "as_of": InstantField(
                required=False,
                help_text="As known at that instant; now when left out. What was never known has no shifts.",
            ),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["to"] <= attrs["from"]:
            raise ValidationError({"to": ["Must be after `from`."]})
        if attrs["to"] - attrs["from"] > LONGEST_SPAN:
            raise ValidationError({"to": ["At most two years after `from`. Ask for a shorter span."]})
        return attrs


class ShiftSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    starts_at = InstantField()
    ends_at = InstantField()
    person = NameSerializer()
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])
    why = serializers.CharField()


class ShiftsAnswer(serializers.Serializer[Any]):
    shifts = ShiftSerializer(many=True)


class ShiftsView(APIView):
    """The shifts of one schedule."""

    @extend_schema(
        operation_id="schedule_shifts",
        summary="Every shift of a schedule that touches a span, overrides applied",
        parameters=[ShiftsQuery],
        responses={200: ShiftsAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request, id: UUID) -> Response:
        asked = _checked(ShiftsQuery, request)
        as_of = asked.get("as_of")
        if as_of is not None and as_of > clock.now() + AS_OF_GRACE:
            raise ValidationError({"as_of": ["Lies in the future: nobody knows yet what will be known then."]})
        found = queries.shifts(schedule=_schedule(id), start=asked["from"], end=asked["to"], as_of=as_of)
        return Response(ShiftsAnswer({"shifts": found}).data)


class RotationSerializer(serializers.ModelSerializer[Rotation]):
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])
    handoff_time = WallTimeField(help_text="On the wall clock of the time zone.")
    window = serializers.CharField(source="window.name", allow_null=True, default=None)
    team = serializers.CharField(source="team.slug", allow_null=True, default=None)
    unit = serializers.ChoiceField(choices=Rotation.Unit.values)  # as everywhere, so that the schema has one enum of it
    order = serializers.ChoiceField(choices=Rotation.Order.values)

    class Meta:
        model = Rotation
        fields = [
            "id", "role", "level", "name", "time_zone", "unit", "every", "first_on", "handoff_time", "weekdays",
            "window", "at_once", "order", "team",
        ]  # fmt: skip


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    team = serializers.CharField(source="team.name", allow_null=True, default=None)
    rotations = RotationSerializer(many=True, read_only=True)

    class Meta:
        model = Schedule
        fields = ["id", "name", "slug", "team", "description", "skill", "needs", "at_least", "at_most", "rotations"]


class SchedulesByName(ByCursor):
    ordering = ("name",)


@extend_schema_view(
    get=extend_schema(
        operation_id="schedules",
        summary="Every schedule with its rotations, by name",
        responses={200: ScheduleSerializer(many=True), **ERRORS},
        tags=["rotations"],
    )
)
class SchedulesView(ListAPIView[Schedule]):
    queryset = Schedule.objects.select_related("team").prefetch_related("rotations__window", "rotations__team")
    serializer_class = ScheduleSerializer
    pagination_class = SchedulesByName


def _checked(serializer_class: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    query = serializer_class(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    checked: dict[str, Any] = query.validated_data
    return checked


def _schedule(id: UUID) -> Schedule:
    schedule = Schedule.objects.filter(pk=id).first()
    if schedule is None:
        raise _no_such_schedule()
    return schedule


def _no_such_schedule() -> NotFound:
    return NotFound("There is no schedule with that id.")
