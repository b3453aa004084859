"""An edge: what people do to an alarm, for other programs (api.md). Each answers with the alarm as it is afterwards.

A press that comes late is 409 and says who was first: `cycle` names which beginning of the alarm it answers, `as_of`
when its sender last looked.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms import services, snoozing, undoing, work
from incidents.alarms.api import ERRORS, SHAPE, AlarmSerializer
from incidents.alarms.models import Alarm, Cause
from oncall import clock
from oncall.paging.services import Unreachable
from oncall.people.errors import Conflict
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.schedule.shapes import InstantField

LOST = ERRORS | {409: OpenApiResponse(SHAPE, "Somebody else was first, or it is over. It says who and when.")}
LOST_RACES = (
    work.AlreadyAcknowledged,
    work.AlreadyEscalated,
    services.AlreadyResolved,
    undoing.UndoRefused,
)


class NoteSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=10_000)


class PersonSerializer(serializers.Serializer[Any]):
    person = serializers.PrimaryKeyRelatedField(queryset=Person.objects.active(), pk_field=serializers.UUIDField())


class CycleSerializer(serializers.Serializer[Any]):
    """Which cycle of the alarm is meant; an older one is refused with 409. Left out: whichever it is."""

    cycle = serializers.IntegerField(min_value=1, required=False, allow_null=True, default=None)


class WhySerializer(CycleSerializer):
    why = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ResolveSerializer(WhySerializer):
    """`cause`: what it was: service, database, network, pipeline, observatory or other."""

    cause = serializers.ChoiceField(choices=Cause.choices, required=False, allow_blank=True, default="")


def act(request: Request, id: UUID, verb: Callable[[Alarm], object]) -> Response:
    """Do `verb` to the alarm and answer with it as it is afterwards; a lost race is 409, a bad field 400."""
    alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), id=id)
    try:
        verb(alarm)
    except LOST_RACES as error:
        raise Conflict(str(error)) from error
    except snoozing.SnoozeRefused as error:
        raise serializers.ValidationError({"until": [str(error)]}) from error
    except Unreachable as error:
        raise serializers.ValidationError({"person": [str(error)]}) from error
    except work.EmptyNote as error:
        raise serializers.ValidationError({"text": [str(error)]}) from error
    return Response(AlarmSerializer(Alarm.objects.select_related("acknowledged_by").get(pk=alarm.pk)).data)


def read(form: serializers.Serializer[Any], field: str) -> Any:
    """Return one checked field of a request's body."""
    form.is_valid(raise_exception=True)
    return form.validated_data[field]


class Acknowledge(APIView):
    @extend_schema(request=CycleSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Take the alarm: nobody else is called for it until the acknowledgement lapses. Again renews it."""
        cycle = read(CycleSerializer(data=request.data), "cycle")
        return act(
            request, id, lambda alarm: work.acknowledge(alarm=alarm, by=viewer(request), cycle=cycle, now=clock.now())
        )


class HolderSerializer(serializers.Serializer[Any]):
    """From whom it is taken; where somebody else has it by then, the answer is 409. Left out: whoever has it."""

    holder = serializers.UUIDField(required=False, allow_null=True, default=None)


class TakeOver(APIView):
    @extend_schema(request=HolderSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Take the alarm out of the hands of whoever has it, as at a handoff; they are told."""
        holder = read(HolderSerializer(data=request.data), "holder")
        return act(
            request,
            id,
            lambda alarm: work.take_over(alarm=alarm, by=viewer(request), holder=holder, now=clock.now()),
        )


class Resolve(APIView):
    @extend_schema(request=ResolveSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """It is over. For 15 minutes (a limit) this may be undone."""
        form = ResolveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return act(
            request,
            id,
            lambda alarm: services.resolve(alarm=alarm, by=viewer(request), now=clock.now(), **form.validated_data),
        )


class UndoResolve(APIView):
    @extend_schema(request=None, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """It is not over: it is what it was before it was resolved, and with whom it was."""
        return act(request, id, lambda alarm: undoing.undo_resolve(alarm=alarm, by=viewer(request), now=clock.now()))


class AsOfSerializer(CycleSerializer):
    """`as_of`: what was seen by whoever presses; if a step has come since, the answer is 409. Left out: now."""

    as_of = InstantField(required=False, allow_null=True, default=None)


class Escalate(APIView):
    @extend_schema(request=AsOfSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Let the next step come now."""
        form = AsOfSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return act(
            request,
            id,
            lambda alarm: work.escalate(alarm=alarm, by=viewer(request), now=clock.now(), **form.validated_data),
        )


class SnoozeSerializer(CycleSerializer):
    """Until when: an instant, or so many minutes from now."""

    until = InstantField(required=False, allow_null=True, default=None)
    minutes = serializers.IntegerField(
        min_value=1, max_value=60 * 24 * 366, required=False, allow_null=True, default=None
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["until"] is None) == (attrs["minutes"] is None):
            raise serializers.ValidationError({"until": ["Give one of until and minutes: when it shall fire again."]})
        return attrs


class Snooze(APIView):
    @extend_schema(request=SnoozeSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Put it off: nobody is called before then, and then it fires again. Acknowledges it for who asks."""
        form = SnoozeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        now, asked = clock.now(), form.validated_data
        until: datetime = asked["until"] or now + timedelta(minutes=asked["minutes"])
        return act(
            request,
            id,
            lambda alarm: snoozing.snooze(alarm=alarm, by=viewer(request), until=until, cycle=asked["cycle"], now=now),
        )


class Reassign(APIView):
    @extend_schema(request=PersonSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Hand it to somebody: they are paged now."""
        to = read(PersonSerializer(data=request.data), "person")
        return act(request, id, lambda alarm: work.reassign(alarm=alarm, to=to, by=viewer(request), now=clock.now()))


class CallIn(APIView):
    @extend_schema(request=PersonSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Page one more person; who has the alarm keeps it."""
        person = read(PersonSerializer(data=request.data), "person")
        return act(
            request, id, lambda alarm: work.call_in(alarm=alarm, person=person, by=viewer(request), now=clock.now())
        )


class Note(APIView):
    @extend_schema(request=NoteSerializer, responses={200: AlarmSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """Write something into the timeline."""
        text = read(NoteSerializer(data=request.data), "text")
        return act(request, id, lambda alarm: work.note(alarm=alarm, by=viewer(request), text=text, now=clock.now()))
