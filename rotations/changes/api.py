"""Absences for programs (api.md). Overrides and swaps are coverage's: who holds what is its to say."""

from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer
from rotations.changes import queries, services
from rotations.changes.models import Absence
from rotations.changes.refusals import Refused
from rotations.changes.serializers import (
    CHANGE,
    READ,
    AbsenceChange,
    AbsenceFilter,
    AbsenceSerializer,
    AbsenceWanted,
    refusal,
)


class LatestFirst(ByCursor):
    ordering: Any = ("-starts_at", "-id")


def _checked(form: BaseSerializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    checked: dict[str, Any] = form.validated_data
    return checked


@extend_schema_view(
    get=extend_schema(
        operation_id="absences",
        summary="Absences, latest first; why somebody is absent only for those who may see it",
        responses={200: AbsenceSerializer(many=True)} | READ,
        tags=["rotations"],
    )
)
class AbsencesView(generics.ListAPIView[Absence]):
    """GET lists absences. POST enters one."""

    queryset = Absence.objects.select_related("person")
    serializer_class = AbsenceSerializer
    filterset_class = AbsenceFilter
    pagination_class = LatestFirst

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        return context if getattr(self, "swagger_fake_view", False) else context | _sees(self.request)

    @extend_schema(
        operation_id="absence_add",
        summary="Be absent for a span, by instants or by whole days on the person's calendar",
        request=AbsenceWanted,
        responses={201: AbsenceSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        asker = viewer(request)
        asked = {"person": asker} | _checked(AbsenceWanted(data=request.data, context={"person": asker}))
        try:
            made = services.add_absence(**asked, by=asker, now=clock.now())
        except Refused as error:
            raise refusal(error) from error
        return Response(AbsenceSerializer(made, context=_sees(request)).data, status.HTTP_201_CREATED)


class AbsenceView(APIView):
    """One absence."""

    @extend_schema(
        operation_id="absence", summary="One absence", responses={200: AbsenceSerializer} | READ, tags=["rotations"]
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(AbsenceSerializer(_absence(id), context=_sees(request)).data)

    @extend_schema(
        operation_id="absence_edit",
        summary="Change an absence that is not over",
        request=AbsenceChange(partial=True),
        responses={200: AbsenceSerializer} | CHANGE,
        tags=["rotations"],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        """Once it has begun its start stays. What is left out stays as it is."""
        found = _absence(id)
        asked = _checked(AbsenceChange(data=request.data, partial=True, context={"person": found.person}))
        asked = {name: asked.get(name, getattr(found, name)) for name in ("kind", "starts_at", "ends_at", "note")}
        try:
            changed = services.edit_absence(absence=found, **asked, by=viewer(request), now=clock.now())
        except Refused as error:
            raise refusal(error) from error
        return Response(AbsenceSerializer(changed, context=_sees(request)).data)

    @extend_schema(
        operation_id="absence_delete",
        summary="End an absence now",
        request=None,
        responses={204: None} | CHANGE,
        tags=["rotations"],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        """The absence until now stays, and so does its row. Doing it twice changes nothing."""
        _cancel_absence(request, id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class AbsenceCancelView(APIView):
    @extend_schema(
        operation_id="absence_cancel",
        summary="End an absence now",
        request=None,
        responses={200: AbsenceSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """The absence until now stays. Doing it twice changes nothing."""
        _cancel_absence(request, id)
        return Response(AbsenceSerializer(_absence(id), context=_sees(request)).data)


def _absence(id: UUID) -> Absence:
    return get_object_or_404(Absence.objects.select_related("person"), pk=id)


def _cancel_absence(request: Request, id: UUID) -> None:
    try:
        services.cancel_absence(absence=_absence(id), by=viewer(request), now=clock.now())
    except Refused as error:
        raise refusal(error) from error


def _sees(request: Request) -> dict[str, Any]:
    """Return what an absence's shape must know of the reader."""
    reader = viewer(request)
    now = clock.now()
    return {
        "viewer": reader,
        "arranges": queries.may_arrange(reader, now=now),
        "rests_of": queries.whose_rests_are_seen(reader, now=now),
    }
