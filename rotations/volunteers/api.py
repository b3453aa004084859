"""Volunteers, for programs (api.md): who may be asked out of hours, no guarantee. Numbers are not in it."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from oncall import clock
from oncall.people.cursor import ByCursor
from rotations.schedule.shapes import InstantField
from rotations.volunteers.models import Volunteer

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"team": ["This is no slug."]}}
REFUSALS = {
    400: OpenApiResponse(SHAPE, "A parameter is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}


class VolunteerPerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    time_zone = serializers.CharField()


class VolunteerQuery(serializers.Serializer[Any]):
    team = serializers.SlugField(required=False)
    skill = serializers.CharField(max_length=80, required=False)


class VolunteerSerializer(serializers.Serializer[Volunteer]):
    """Somebody who may be asked about what a team does, or for a skill; `note` says when and how."""

    id = serializers.UUIDField()
    person = VolunteerPerson()
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, help_text="Its slug.")
    skill = serializers.CharField(allow_blank=True)
    note = serializers.CharField()
    since = InstantField(source="created_at")
    until = InstantField(allow_null=True)


class ByAge(ByCursor):
    ordering = ("created_at", "id")


@extend_schema_view(
    get=extend_schema(
        operation_id="volunteers",
        summary="Who may be asked out of hours, no guarantee",
        parameters=[
            OpenApiParameter("team", str, description="Slug of a team: those who may be asked about what it does."),
            OpenApiParameter("skill", str, description="Those who may be asked for this skill, by themselves or team."),
        ],
        responses={200: VolunteerSerializer(many=True)} | REFUSALS,
        tags=["rotations"],
    )
)
class Volunteers(ListAPIView[Volunteer]):
    """GET lists who may be asked now, whoever has been on the list longest first."""

    queryset = Volunteer.objects.none()
    serializer_class = VolunteerSerializer
    pagination_class = ByAge

    def get_queryset(self) -> QuerySet[Volunteer]:
        asked = VolunteerQuery(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows = Volunteer.objects.listed(clock.now()).select_related("person", "team")
        if "team" in asked.validated_data:
            rows = rows.filter(team__slug=asked.validated_data["team"])
        if "skill" in asked.validated_data:
            skill = asked.validated_data["skill"]
            rows = rows.filter(Q(skill__iexact=skill) | Q(team__skill__iexact=skill))
        return rows
