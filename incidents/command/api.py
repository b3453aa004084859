"""An edge: incidents for other programs (api.md): list, declare, read. What people do in one is in `act_api.py`."""

from typing import Any

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS, SHAPE, AlarmSerializer, InstantFilter
from incidents.alarms.models import Alarm
from incidents.command import editing, queries, services, timeline
from incidents.command.lifecycle import LIVE, STATES
from incidents.command.models import Incident
from incidents.command.serializers import (
    DeclareSerializer,
    DetailsSerializer,
    IncidentSerializer,
    IncidentTimelineSerializer,
    OneIncidentSerializer,
)
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer


def seen(request: Request, number: int) -> Incident:
    """Return the incident of that number, if whoever asks may see it; 404 else."""
    return get_object_or_404(queries.visible(viewer(request)), number=number)


class IncidentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`state` may also be live: investigating, identified or mitigated. `since`: declared at or after it."""

    state = django_filters.ChoiceFilter(
        choices=[("live", "live"), *((state, state) for state in sorted(STATES))], method="by_state"
    )
    severity = django_filters.NumberFilter(min_value=1, max_value=5)
    since = InstantFilter(field_name="declared_at", lookup_expr="gte")

    class Meta:
        model = Incident
        fields = ("state", "severity", "since")

    def by_state(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(state__in=LIVE) if value == "live" else rows.filter(state=value)


class NewestFirst(ByCursor):
    ordering: Any = ("-number",)


@extend_schema_view(get=extend_schema(responses={200: IncidentSerializer(many=True)} | ERRORS))
class Incidents(generics.ListAPIView[Incident]):
    """GET lists incidents, newest first. POST declares one."""

    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter
    pagination_class = NewestFirst

    queryset = Incident.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.visible(viewer(self.request))

    @extend_schema(
        request=DeclareSerializer, responses={201: OneIncidentSerializer, 200: OneIncidentSerializer} | ERRORS
    )
    def post(self, request: Request) -> Response:
        """Declare an incident. One of whose alarms is part of a live incident already is that one (200), and so is
        one about no alarm whose title the same person sent within two minutes: the same request, sent again.
        """
        form = DeclareSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, person = dict(form.validated_data), viewer(request)
        alarms = list(Alarm.objects.visible_to(person).filter(pk__in=data["alarms"]))
        if missing := set(data["alarms"]) - {alarm.pk for alarm in alarms}:
            raise serializers.ValidationError({"alarms": [f"There is no alarm {sorted(map(str, missing))[0]}."]})
        now, same = clock.now(), services.TWICE
        try:
            incident = services.declare(**(data | {"alarms": alarms}), same_within=same, by=person, now=now)
        except services.Refused as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        body = OneIncidentSerializer(seen(request, incident.number)).data
        return Response(body, status.HTTP_201_CREATED if incident.declared_at == now else status.HTTP_200_OK)


LATE = "It has changed since `version`. It says what it is."


class OneIncident(APIView):
    @extend_schema(responses={200: OneIncidentSerializer} | ERRORS)
    def get(self, request: Request, number: int) -> Response:
        """One incident, with its roles, ticks and alarms."""
        return Response(OneIncidentSerializer(seen(request, number)).data)

    @extend_schema(
        request=DetailsSerializer, responses={200: OneIncidentSerializer, 409: OpenApiResponse(SHAPE, LATE)} | ERRORS
    )
    def patch(self, request: Request, number: int) -> Response:
        """Say otherwise what it is: title, summary, product, room, when the impact began. Each is a line."""
        incident, form = seen(request, number), DetailsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data: Any = dict(form.validated_data)
        version = data.pop("version", None)
        try:
            editing.edit(incident=incident, changes=data, version=version, by=viewer(request), now=clock.now())
        except services.Refused as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        except services.Moved as error:
            raise Conflict(str(error)) from error
        return Response(OneIncidentSerializer(seen(request, number)).data)


class Timeline(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("after", OpenApiTypes.STR, description="The `cursor` of an earlier answer.")],
        responses={200: IncidentTimelineSerializer} | ERRORS,
    )
    def get(self, request: Request, number: int) -> Response:
        """Everything that happened, oldest first: its own lines and the log of its alarms.

        With `after`, only what came since that answer, and perhaps some of it again; `key` tells lines apart.
        """
        incident, now, text = seen(request, number), clock.now(), request.query_params.get("after", "")
        after = timeline.cursor_from(text, now=now) if text else None
        if text and after is None:
            raise serializers.ValidationError({"after": ["That is no cursor. Take the one of an earlier answer."]})
        cursor = timeline.cursor(incident, now=now)  # before the lines: what comes between is sent again
        found = timeline.lines(incident, after=after)
        body = {"next": None, "previous": None, "cursor": cursor.text, "results": found}
        return Response(IncidentTimelineSerializer(body).data)


class OfIncident(serializers.Serializer[Any]):
    """In the shape of every list, whole."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AlarmSerializer(many=True)

    class Meta:
        ref_name = "AlarmsOfIncident"


def alarms_of(incident: Incident, request: Request) -> Response:
    rows = queries.alarms_of(incident).visible_to(viewer(request)).select_related("acknowledged_by")
    return Response(OfIncident({"next": None, "previous": None, "results": rows}).data)
