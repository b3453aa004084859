"""Rests, for programs (api.md): one's own unless others' are asked for that one may see."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer
from rotations.changes.serializers import CHANGE
from rotations.coverage.api import ERRORS, NameSerializer
from rotations.leave import call_out_queries, rest_keeping, resting
from rotations.leave.call_out_api import checked
from rotations.leave.call_out_shapes import SpanQuery
from rotations.leave.models import Rest
from rotations.schedule.shapes import InstantField


class RestsQuery(SpanQuery):
    """`from` and `until`: what touches `[from, until)`."""


class RestSerializer(serializers.Serializer[resting.Line]):
    """The morning after a call-out, half-open. `why` says what broke it, on the clock of `time_zone`; `waived_at` null:
    not given up.
    """

    id = serializers.UUIDField(source="rest.pk")
    person = NameSerializer(source="rest.person")
    date = serializers.DateField(source="rest.date", help_text="On the clock of `time_zone`.")
    time_zone = serializers.CharField(source="rest.time_zone")
    starts_at = InstantField(source="rest.starts_at")
    ends_at = InstantField(source="rest.ends_at")
    call_out = serializers.UUIDField(source="rest.call_out_id", help_text="The last that made it.")
    outcome = serializers.ChoiceField(choices=["pending", "honoured", "broken"], source="outcome.state")
    why = serializers.CharField(source="outcome.why", allow_blank=True)
    waived_at = InstantField(source="rest.waived_at", allow_null=True)


class Waiver(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=rest_keeping.LONGEST_REASON)


class LatestFirst(ByCursor):
    ordering = ("-starts_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_rests",
        summary="Rests after call-outs, latest first, and whether each was honoured",
        parameters=[RestsQuery],
        responses={200: RestSerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class RestsView(ListAPIView[Rest]):
    queryset = Rest.objects.none()
    pagination_class = LatestFirst

    def get_queryset(self) -> QuerySet[Rest]:
        asked = checked(RestsQuery(data=self.request.query_params.dict()))
        whose = {name: asked.get(name) for name in ("person", "team")}
        people = call_out_queries.people_asked_for(
            viewer(self.request), **whose, everybody=asked["everybody"], now=clock.now()
        )
        if any(whose.values()) and not people.exists():
            raise NotFound("There is nobody with that id whose leave you may see.")
        found = Rest.objects.filter(person__in=people.values("pk"), withdrawn_at=None)
        if "from" in asked:
            found = found.filter(ends_at__gt=asked["from"])
        if "until" in asked:
            found = found.filter(starts_at__lt=asked["until"])
        return found.select_related("person", "call_out")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: list[Rest] = list(self.paginate_queryset(self.get_queryset()) or [])
        lines: Any = resting.lines(page, now=clock.now())  # many, where the stubs know of one
        return self.get_paginated_response(RestSerializer(lines, many=True).data)


class RestWaiveView(APIView):
    @extend_schema(
        operation_id="leave_rest_waive",
        summary="Give one's own rest up from now on, and say why",
        request=Waiver,
        responses={200: RestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """It is recorded as broken. Doing it twice changes nothing. 404 when it is not one's own."""
        who, now = viewer(request), clock.now()
        found = get_object_or_404(Rest.objects.select_related("person"), pk=id, person=who)
        said = checked(Waiver(data=request.data))
        try:
            rest = rest_keeping.waive(rest=found, by=who, now=now, **said)
        except rest_keeping.WaiverRefused as error:
            field = "detail" if error.field == "__all__" else error.field
            raise ValidationError({field: [str(error)]}) from error
        (line,) = resting.lines([rest], now=now)
        return Response(RestSerializer(line).data)
