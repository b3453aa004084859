"""Playbooks, for programs (api.md)."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people import access
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from playbooks.library import queries, services
from playbooks.library.models import Playbook
from playbooks.library.parsing import Unreadable
from playbooks.library.serializers import (
    CreateSerializer,
    PlaybookLineSerializer,
    PlaybookSerializer,
    ReviseSerializer,
)

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"source": ["Line 4: minutes “two” …"]}}
READ: dict[int, OpenApiResponse] = {
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
WRITE = READ | {400: OpenApiResponse(SHAPE, "A field is wrong; it says which, in which line, and what would be right.")}
LOST = WRITE | {409: OpenApiResponse(SHAPE, "Another revision is newer, or it is out of use; it says which.")}


class BySlug(ByCursor):
    ordering = ("slug",)


class Playbooks(generics.ListAPIView[Playbook]):
    """GET lists the playbooks in use; POST writes a new one."""

    serializer_class = PlaybookLineSerializer
    pagination_class = BySlug
    queryset = Playbook.objects.none()

    def get_queryset(self) -> QuerySet[Playbook]:
        words = self.request.query_params.get("q", "")
        if "\x00" in words or not words.isprintable() or len(words) > 200:
            raise serializers.ValidationError({"q": ["Write words that can be read, at most 200 letters."]})
        rows = queries.listed()
        return rows.filter(pk__in=[row.pk for row in queries.search(words)]) if words.strip() else rows

    @extend_schema(
        operation_id="playbooks",
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="words of the title or text")],
        responses={200: PlaybookLineSerializer(many=True)} | WRITE,
        tags=["playbooks"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="playbook_create",
        request=CreateSerializer,
        responses={201: PlaybookSerializer} | WRITE,
        tags=["playbooks"],
    )
    def post(self, request: Request) -> Response:
        form = CreateSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said, person, now = form.validated_data, viewer(request), clock.now()
        try:
            _, owner = services.read(said["source"], slug=said["slug"])
            if not access.may_edit_playbook(person, owner_team_id=owner.pk if owner else None, now=now):
                raise PermissionDenied("Name a team of yours as its owner; others the pilot and administrators write.")
            made = services.create(**said, by=person, now=now)
        except services.BadSlug as error:
            raise serializers.ValidationError({"slug": [str(error)]}) from None
        except Unreadable as error:
            raise _unreadable(error) from None
        return Response(PlaybookSerializer(made).data, status.HTTP_201_CREATED)


class PlaybookView(APIView):
    """One playbook: GET it with its source and steps, PUT the next revision."""

    @extend_schema(operation_id="playbook", responses={200: PlaybookSerializer} | READ, tags=["playbooks"])
    def get(self, request: Request, slug: str) -> Response:
        return Response(PlaybookSerializer(_find(slug)).data)

    @extend_schema(
        operation_id="playbook_revise",
        request=ReviseSerializer,
        responses={200: PlaybookSerializer} | LOST,
        tags=["playbooks"],
    )
    def put(self, request: Request, slug: str) -> Response:
        row, person, now = _find(slug), viewer(request), clock.now()
        if not access.may_edit_playbook(person, owner_team_id=row.owner_team_id, now=now):
            raise PermissionDenied("The members of the team that owns it, the pilot and administrators change it.")
        form = ReviseSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        try:
            row = services.revise(
                playbook=row, source=said["source"], seen=said["revision"], message=said["message"], by=person, now=now
            )
        except Unreadable as error:
            raise _unreadable(error) from None
        except services.ChangedMeanwhile as error:
            raise Conflict({"revision": [str(error)]}) from None
        except services.Retired as error:
            raise Conflict({"detail": [str(error)]}) from None
        return Response(PlaybookSerializer(_find(row.slug)).data)


def _find(slug: str) -> Playbook:
    return get_object_or_404(Playbook.objects.select_related("owner_team", "reviewed_by"), slug=slug)


def _unreadable(error: Unreadable) -> serializers.ValidationError:
    return serializers.ValidationError({"source": [str(one) for one in error.problems]})
