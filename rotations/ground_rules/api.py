"""Ground rules, for programs (api.md): what holds, whether one has accepted it, and accepting it."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.errors import Conflict
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.ground_rules import queries, services
from rotations.ground_rules.models import Version
from rotations.schedule.shapes import InstantField

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"version": ["This field is required."]}}
READ = {
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "No ground rules are in force."),
}
WRITE = READ | {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    409: OpenApiResponse(SHAPE, "That version is not in force; it says which is."),
}


class UpcomingSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    effective_from = InstantField()
    text = serializers.CharField()


class GroundRulesSerializer(serializers.Serializer[Any]):
    """The version in force; `text` in Markdown. `accepted_at`: when whoever asks accepted it, null: not yet."""

    version = serializers.IntegerField()
    effective_from = InstantField()
    text = serializers.CharField()
    accepted_at = InstantField(allow_null=True)
    upcoming = UpcomingSerializer(many=True)


class AcceptSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="The version that was read.")


def _answer(person: Person, now: datetime) -> dict[str, Any]:
    version = Version.objects.in_force(now)
    if version is None:
        raise NotFound("No ground rules are in force yet.")
    return GroundRulesSerializer(
        {
            **_shown(version),
            "accepted_at": queries.accepted_at(version, person),
            "upcoming": [_shown(one) for one in Version.objects.to_come(now)],
        }
    ).data


def _shown(version: Version) -> dict[str, Any]:
    return {"version": version.number, "effective_from": version.effective_from, "text": version.text}


class GroundRules(APIView):
    """The ground rules in force."""

    @extend_schema(
        operation_id="ground_rules",
        summary="The ground rules in force, and whether one has accepted them",
        responses={200: GroundRulesSerializer} | READ,
        tags=["rotations"],
    )
    def get(self, request: Request) -> Response:
        return Response(_answer(viewer(request), clock.now()))


class AcceptGroundRules(APIView):
    """Accept them, for oneself."""

    @extend_schema(
        operation_id="ground_rules_accept",
        summary="Accept the version in force; twice changes nothing",
        request=AcceptSerializer,
        responses={200: GroundRulesSerializer} | WRITE,
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        form = AcceptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        person, now = viewer(request), clock.now()
        try:
            services.accept(number=form.validated_data["version"], person=person, now=now)
        except services.NotInForce as error:
            raise Conflict({"version": [str(error)]}) from None
        return Response(_answer(person, now))
