"""Overrides for programs (api.md)."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer
from rotations.changes.models import Override
from rotations.changes.refusals import Refused
from rotations.changes.serializers import CHANGE, READ, OverrideFilter, OverrideSerializer, OverrideWanted, refusal
from rotations.coverage import swap_services


class LatestFirst(ByCursor):
    ordering: Any = ("-starts_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="overrides",
        summary="Overrides, latest first",
        responses={200: OverrideSerializer(many=True)} | READ,
        tags=["rotations"],
    )
)
class OverridesView(generics.ListAPIView[Override]):
    """GET lists overrides. POST puts somebody on call for a span."""

    queryset = Override.objects.select_related("schedule", "person", "replaces", "by")
    serializer_class = OverrideSerializer
    filterset_class = OverrideFilter
    pagination_class = LatestFirst

    @extend_schema(
        operation_id="override_make",
        summary="Take a span, or put somebody else on call for it",
        request=OverrideWanted,
        responses={201: OverrideSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        asker = viewer(request)
        form = OverrideWanted(data=request.data)
        form.is_valid(raise_exception=True)
        asked = {"person": asker} | form.validated_data
        try:
            made = swap_services.override(**asked, by=asker, now=clock.now())
        except Refused as error:
            raise refusal(error) from error
        return Response(OverrideSerializer(made).data, status.HTTP_201_CREATED)


class OverrideView(APIView):
    """One override."""

    @extend_schema(
        operation_id="override", summary="One override", responses={200: OverrideSerializer} | READ, tags=["rotations"]
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(OverrideSerializer(_override(id)).data)

    @extend_schema(
        operation_id="override_delete",
        summary="Cancel an override from now on",
        request=None,
        responses={204: None} | CHANGE,
        tags=["rotations"],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        """What it covered until now stays, and so does its row. Doing it twice changes nothing."""
        _cancel(request, id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class OverrideCancelView(APIView):
    @extend_schema(
        operation_id="override_cancel",
        summary="Cancel an override from now on",
        request=None,
        responses={200: OverrideSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """What it covered until now stays. Doing it twice changes nothing."""
        _cancel(request, id)
        return Response(OverrideSerializer(_override(id)).data)


def _override(id: UUID) -> Override:
    return get_object_or_404(Override.objects.select_related("schedule", "person", "replaces", "by"), pk=id)


def _cancel(request: Request, id: UUID) -> None:
    try:
        swap_services.cancel(override=_override(id), by=viewer(request), now=clock.now())
    except Refused as error:
        raise refusal(error) from error
