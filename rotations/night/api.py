"""The night and the windows, for programs (api.md)."""

from datetime import UTC
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall.people.cursor import ByCursor
from oncall.people.queries import NoObservingSite, observing_site
from rotations.night import sun
from rotations.night.models import Window

REFUSALS = {
    400: OpenApiResponse(OpenApiTypes.OBJECT, "A parameter is wrong; the field says which and how."),
    401: OpenApiResponse(OpenApiTypes.OBJECT, "Not signed in."),
    403: OpenApiResponse(OpenApiTypes.OBJECT, "Signed in, but not allowed."),
    404: OpenApiResponse(OpenApiTypes.OBJECT, "Not there."),
}
DAY_OBS = OpenApiParameter(
    "day_obs",
    {"type": "string", "pattern": r"^\d{8}$", "example": "20270320"},
    OpenApiParameter.PATH,
    description="The night as YYYYMMDD: its date at UTC-12, which changes at noon UTC. 1990 to 2099.",
)


def _instant(what: str) -> serializers.DateTimeField:
    """An instant in UTC; null where the sun does not come to that height, which no night at the summit knows."""
    return serializers.DateTimeField(default_timezone=UTC, allow_null=True, help_text=what)


@extend_schema_field({"type": "string", "pattern": r"^\d{8}$", "example": "20270320"})
class DayObsField(serializers.Field[Any, Any, str, Any]):
    """A night as YYYYMMDD."""

    def to_representation(self, value: Any) -> str:
        return sun.written(value)


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d$", "example": "09:00", "nullable": True})
class ClockTimeField(serializers.TimeField):
    """A time on a wall clock, HH:MM."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)


class NightSerializer(serializers.Serializer[sun.Night]):
    """When the sun passes -0.833 (sunset, sunrise), -6, -12 and -18 degrees, seen from height 0, to the minute."""

    day_obs = DayObsField()
    sunset = _instant("The sun's centre is 0.833 degrees below the horizon.")
    evening_6 = _instant("Civil twilight ends.")
    evening_12 = _instant("Nautical twilight ends; observing minutes begin.")
    evening_18 = _instant("Astronomical twilight ends.")
    morning_18 = _instant("Astronomical twilight begins.")
    morning_12 = _instant("Nautical twilight begins; observing minutes end.")
    morning_6 = _instant("Civil twilight begins.")
    sunrise = _instant("The sun's centre is 0.833 degrees below the horizon.")


class NightView(APIView):
    """The sun's instants of one night."""

    @extend_schema(
        operation_id="night",
        summary="When the sun sets, goes and rises in one night, at the site that observes",
        parameters=[DAY_OBS],
        responses={200: NightSerializer, **REFUSALS},
        tags=["nights"],
    )
    def get(self, request: Request, day_obs: str) -> Response:
        try:
            night = sun.night_at(sun.read(day_obs), observing_site())
        except sun.NoSuchNight as error:
            raise ValidationError({"day_obs": [str(error)]}) from None
        except NoObservingSite as error:
            raise NotFound(str(error)) from None
        return Response(NightSerializer(night).data)


class WindowSerializer(serializers.ModelSerializer[Window]):
    """A window of the night has `starts` and `ends`; one of a clock has its zone, times and ISO weekdays."""

    kind = serializers.CharField(help_text="`night` or `clock`.")
    since = ClockTimeField()
    until = ClockTimeField()
    changed_at = serializers.DateTimeField(default_timezone=UTC)

    class Meta:
        model = Window
        fields = [
            "id", "name", "label", "kind", "starts", "ends", "time_zone", "since", "until", "weekdays", "note",
            "edition", "changed_at",
        ]  # fmt: skip


class WindowsByName(ByCursor):
    ordering = ("name",)


@extend_schema_view(
    get=extend_schema(
        operation_id="windows",
        summary="Every named window, by name",
        responses={200: WindowSerializer(many=True), **REFUSALS},
        tags=["nights"],
    )
)
class WindowsView(ListAPIView[Window]):
    queryset = Window.objects.all()
    serializer_class = WindowSerializer
    pagination_class = WindowsByName
