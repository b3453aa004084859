"""An edge: runs of playbooks for other programs (api.md): start, tick, page, end, read. A lost race is 409."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS, SHAPE
from incidents.alarms.models import Alarm
from incidents.command.models import Incident
from incidents.following import calling, queries, services
from incidents.following.serializers import (
    MOST,
    EndSerializer,
    OneRunSerializer,
    PageSerializer,
    RunSerializer,
    StartSerializer,
    TickSerializer,
)
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from playbooks.library.models import Playbook
from playbooks.runs.models import Run

LOST = ERRORS | {409: OpenApiResponse(SHAPE, "Somebody else was first, or it is over. It says who and what.")}


class NewestFirst(ByCursor):
    ordering: Any = ("-started_at", "-id")


class TrueField(forms.Field):
    """True or false in a query; anything else is 400, where Django would take it for nothing said."""

    WORDS = {"true": True, "1": True, "false": False, "0": False}

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        found = self.WORDS.get(str(value).lower())
        if found is None:
            raise forms.ValidationError(f"“{str(value)[:40]}” is neither true nor false.")
        return found


class TrueFilter(django_filters.BooleanFilter):  # type: ignore[misc]
    field_class = TrueField


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`incident`: its number; `open`: true for those somebody follows, false for those that are over."""

    playbook = django_filters.CharFilter(field_name="playbook__slug", max_length=40)
    alarm = django_filters.UUIDFilter(field_name="tie__alarm")
    incident = django_filters.NumberFilter(field_name="tie__incident__number", min_value=1, max_value=MOST)
    open = TrueFilter(field_name="ended_at", lookup_expr="isnull")

    class Meta:
        model = Run
        fields = ("playbook", "alarm", "incident", "open")


@extend_schema_view(get=extend_schema(operation_id="runs", responses={200: RunSerializer(many=True)} | ERRORS))
class Runs(generics.ListAPIView[Run]):
    """GET lists runs, the newest first. POST starts one, or joins the open one about the same."""

    serializer_class = RunSerializer
    filterset_class = RunFilter
    pagination_class = NewestFirst
    queryset = Run.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> QuerySet[Run]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.visible(viewer(self.request))

    @extend_schema(
        operation_id="run_start",
        request=StartSerializer,
        responses={201: OneRunSerializer, 200: OneRunSerializer} | ERRORS,
    )
    def post(self, request: Request) -> Response:
        """Start a run at the playbook's newest revision; 200 if somebody follows it about the same already."""
        form = StartSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said, person = form.validated_data, viewer(request)
        playbook = Playbook.objects.filter(slug=said["playbook"]).first()
        if playbook is None:
            raise serializers.ValidationError({"playbook": [f"There is no playbook “{said['playbook']}”."]})
        alarm = incident = None
        if said["alarm"] is not None:
            alarm = get_object_or_404(Alarm.objects.visible_to(person), pk=said["alarm"])
        if said["incident"] is not None:
            incident = get_object_or_404(Incident.objects.visible_to(person), number=said["incident"])
        run, is_new = act(
            lambda: services.start(playbook=playbook, alarm=alarm, incident=incident, by=person, now=clock.now())
        )
        return _answer(request, run.pk, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)


def act(verb: Callable[[], Any]) -> Any:
    """Do it; a bad field is 400, a lost race 409."""
    try:
        return verb()
    except services.Refused as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error
    except (services.Overtaken, calling.NobodyToCall) as error:
        raise Conflict(str(error)) from error


def seen(request: Request, id: UUID) -> Run:
    """Return a run, if whoever asks may see it; 404 else."""
    return get_object_or_404(queries.visible(viewer(request)), pk=id)


def _answer(request: Request, id: UUID, code: int = status.HTTP_200_OK) -> Response:
    return Response(OneRunSerializer(seen(request, id)).data, code)


def _said(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    form = shape(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


class OneRun(APIView):
    @extend_schema(operation_id="run", responses={200: OneRunSerializer} | ERRORS)
    def get(self, request: Request, id: UUID) -> Response:
        """Read a run with its outcomes and how each step stands."""
        return _answer(request, id)


class Outcomes(APIView):
    @extend_schema(operation_id="run_tick", request=TickSerializer, responses={200: OneRunSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Say what a step came to, or correct it."""
        run, said = seen(request, id), _said(request, TickSerializer)
        act(lambda: services.tick(run=run, by=viewer(request), now=clock.now(), **said))
        return _answer(request, id)


class PageSkill(APIView):
    @extend_schema(operation_id="run_page", request=PageSerializer, responses={200: OneRunSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Page whoever is on call for a skill that a step names; 409 if nobody can be called. Twice is once."""
        run, said = seen(request, id), _said(request, PageSerializer)
        act(lambda: calling.page_skill(run=run, by=viewer(request), now=clock.now(), **said))
        return _answer(request, id)


class EndRun(APIView):
    @extend_schema(operation_id="run_end", request=EndSerializer, responses={200: OneRunSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """End a run: solved, written (as the playbook says) or failed."""
        run, said = seen(request, id), _said(request, EndSerializer)
        act(
            lambda: services.end(
                run=run, how=said["how"], step=said["step"], missing=said["missing"], by=viewer(request),
                now=clock.now(),
            )
        )  # fmt: skip
        return _answer(request, id)


class ReopenRun(APIView):
    @extend_schema(operation_id="run_reopen", request=None, responses={200: OneRunSerializer} | ERRORS)
    def post(self, request: Request, id: UUID) -> Response:
        """Go on with a run whose end without success, or as it says, was a wrong press: for 15 min (a limit)."""
        run = seen(request, id)
        act(lambda: services.reopen(run=run, by=viewer(request), now=clock.now()))
        return _answer(request, id)
