"""An edge: sources for other programs (api.md). Read only: an address that raises alarms is not handed out here."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from incidents.signals import queries
from incidents.signals.models import Source
from oncall.people.cursor import ByCursor
from rotations.schedule.shapes import InstantField

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"detail": ["Not signed in."]}}


class SourceSerializer(serializers.ModelSerializer[Source]):
    """A source of signals; `rejected`: what it sent that could not be read and that nobody has dealt with."""

    last_seen_at = InstantField(read_only=True, allow_null=True, help_text="Null: it has never sent anything.")
    rejected = serializers.IntegerField(read_only=True)

    class Meta:
        model = Source
        fields = ("id", "name", "kind", "is_enabled", "last_seen_at", "rejected")


class SourcesByName(ByCursor):
    ordering = ("name", "id")


@extend_schema_view(
    get=extend_schema(
        operation_id="sources",
        summary="Sources of signals, by name",
        responses={
            200: SourceSerializer(many=True),
            401: OpenApiResponse(SHAPE, "Not signed in."),
            403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
            404: OpenApiResponse(SHAPE, "No such page of the list."),
        },
        tags=["sources"],
    )
)
class SourcesView(ListAPIView[Source]):
    serializer_class = SourceSerializer
    pagination_class = SourcesByName

    def get_queryset(self) -> Any:
        return Source.objects.annotate(rejected=queries.unsettled_count())
