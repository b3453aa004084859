"""An edge: handover notes for other programs."""

from typing import Any
from uuid import UUID

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.handover import queries, services
from incidents.handover.gather import line_from_json
from oncall import clock
from oncall.limits import queries as limits
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from rotations.coverage import handing
from rotations.coverage.api import NameSerializer
from rotations.coverage.models import Handoff
from rotations.schedule.shapes import InstantField

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"words": ["This field is required."]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed: only the incoming person accepts."),
    404: OpenApiResponse(SHAPE, "Not there, or not yours to see."),
}
LOST = ERRORS | {409: OpenApiResponse(SHAPE, "It has been accepted. It says by whom and when.")}


class NoteLineSerializer(serializers.Serializer[Any]):
    """One thing to know; `at` and `until` where they matter."""

    kind = serializers.CharField()
    text = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    at = InstantField(allow_null=True)
    until = InstantField(allow_null=True)


class HandoffSerializer(serializers.Serializer[Any]):
    """Somebody comes on call in a role at `at`. `lines` follow what is open until the note is accepted."""

    id = serializers.UUIDField()
    schedule = NameSerializer()
    role = serializers.CharField()
    at = InstantField()
    incoming = NameSerializer()
    outgoing = NameSerializer(allow_null=True)
    shift = serializers.UUIDField(source="shift_key")
    words = serializers.CharField(allow_blank=True)
    lines = NoteLineSerializer(many=True)
    accepted_at = InstantField(allow_null=True)


class WordsSerializer(serializers.Serializer[Any]):
    words = serializers.CharField(max_length=handing.LONGEST_WORDS, allow_blank=True)


def shown(row: Handoff, *, live: bool = True) -> dict[str, Any]:
    """Return one as the API shows it; in a list the lines are as they were last kept."""
    data = {name: getattr(row, name) for name in ("id", "schedule", "role", "at", "incoming", "outgoing", "shift_key")}
    data |= {"words": row.words, "accepted_at": row.accepted_at}
    if live:
        now = clock.now()
        data["lines"] = queries.lines_of(row, now=now, limits=limits.at(now))
    else:
        data["lines"] = [line_from_json(line) for line in row.lines]
    answer: dict[str, Any] = HandoffSerializer(data).data
    return answer


class ListedSerializer(HandoffSerializer):
    """In a list the lines are as they were last kept, at most half a minute ago."""

    def to_representation(self, instance: Any) -> Any:
        return shown(instance, live=False)


class HandoffFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`accepted`: true or false; left out: both."""

    schedule = django_filters.UUIDFilter(field_name="schedule")
    accepted = django_filters.BooleanFilter(field_name="accepted_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Handoff
        fields = ("schedule", "accepted")


class NewestFirst(ByCursor):
    ordering: Any = ("-at", "-id")


@extend_schema_view(get=extend_schema(responses={200: ListedSerializer(many=True)} | ERRORS))
class Handoffs(generics.ListAPIView[Handoff]):
    """Handoffs, newest first; those of the next half hour too."""

    serializer_class = ListedSerializer
    filterset_class = HandoffFilter
    pagination_class = NewestFirst
    queryset = queries.handoffs()


class OneHandoff(APIView):
    """One handoff with its note."""

    @extend_schema(responses={200: HandoffSerializer} | ERRORS)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(shown(_find(id)))

    @extend_schema(request=WordsSerializer, responses={200: HandoffSerializer} | LOST)
    def patch(self, request: Request, id: UUID) -> Response:
        """Write what no machine knows; it replaces what was written before."""
        row = _find(id)
        form = WordsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        words = form.validated_data["words"]
        try:
            handing.write_words(handoff=row, by=viewer(request), words=words, now=clock.now())
        except handing.NotYours as error:
            raise PermissionDenied(str(error)) from error
        except handing.AlreadyAccepted as error:
            raise Conflict(str(error)) from error
        return Response(shown(_find(id)))


class Accept(APIView):
    @extend_schema(request=None, responses={200: HandoffSerializer} | ERRORS)
    def post(self, request: Request, id: UUID) -> Response:
        """The incoming person has read the note. Doing it twice changes nothing."""
        try:
            services.accept(handoff=_find(id), by=viewer(request), now=clock.now())
        except handing.NotYours as error:
            raise PermissionDenied(str(error)) from error
        return Response(shown(_find(id)))


def _find(id: UUID) -> Handoff:
    return get_object_or_404(queries.handoffs(), pk=id)
