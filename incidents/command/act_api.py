"""An edge: what people do in an incident, for other programs (api.md). Each answers with it as it is afterwards.

A press that comes late, or that its state does not allow, is 409 and says what it is now; a bad field is 400.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS, SHAPE, AlarmSerializer
from incidents.alarms.models import Alarm
from incidents.command import assigning, calling, editing, noting, offering, queries, services, timeline, unlocking
from incidents.command.api import OfIncident, alarms_of, seen
from incidents.command.assigning import Assigned
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import CommandOffer, Entry, Incident
from incidents.command.serializers import (
    AskSerializer,
    CallSerializer,
    CommandAnswerSerializer,
    EntrySerializer,
    IncidentLineSerializer,
    LinkSerializer,
    MoveSerializer,
    NameSerializer,
    OneIncidentSerializer,
    RestrictedSerializer,
    SaidSerializer,
    SeveritySerializer,
    TakeSerializer,
)
from oncall import clock
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer

T = TypeVar("T")
LOST = ERRORS | {409: OpenApiResponse(SHAPE, "It has moved on, or its state does not allow it. It says what it is.")}


def act(verb: Callable[[], T]) -> T:
    """Do it; a bad field is 400, a lost race 409."""
    try:
        return verb()
    except services.Refused as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error
    except (services.Moved, NotAllowed, offering.Answered) as error:
        raise Conflict(str(error)) from error


def asked(request: Request, number: int, shape: type[serializers.Serializer[Any]]) -> tuple[Incident, dict[str, Any]]:
    """Return the incident and what was sent, checked: 404 if it is not theirs to see, 400 if a field is bad."""
    return seen(request, number), _checked(request, shape)


def _checked(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    form = shape(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _unseen(request: Request, number: int) -> Incident | None:
    """Return the incident if whoever asks may open it, or name somebody, and does not see it (unlocking.py)."""
    return unlocking.out_of_sight(number, of=viewer(request), now=clock.now())


def shown(request: Request, incident: Incident) -> Response:
    return Response(OneIncidentSerializer(seen(request, incident.number)).data)


def said(request: Request, incident: Incident, done: Assigned | None) -> Response:
    """Answer with the incident, and with what spoke against what was done."""
    warnings = list(done.warnings) if done else []
    return Response(SaidSerializer({"incident": seen(request, incident.number), "warnings": warnings}).data)


class PressMove(APIView):
    @extend_schema(request=MoveSerializer, responses={200: OneIncidentSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Investigate, identify, mitigate, resolve, close, reopen, call it a false alarm, or merge it into another."""
        incident, data = asked(request, number, MoveSerializer)
        into = data.pop("into")
        if into is not None:
            data["into"] = queries.visible(viewer(request)).filter(number=into).first()
            if data["into"] is None:
                raise serializers.ValidationError({"into": [f"There is no incident {into}."]})
        act(lambda: services.move(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, incident)


class SetSeverity(APIView):
    @extend_schema(request=SeveritySerializer, responses={200: OneIncidentSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Say how bad it is. Its history is kept in the timeline."""
        incident, data = asked(request, number, SeveritySerializer)
        act(lambda: services.set_severity(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, incident)


class Restricted(APIView):
    @extend_schema(request=RestrictedSerializer, responses={200: OneIncidentSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Let only whom it names and whoever is at work in it see it, or everybody again (R43). The pilot and
        administrators open also one that they do not see.
        """
        unseen, data = _unseen(request, number), _checked(request, RestrictedSerializer)
        incident = unseen if unseen and not data["restricted"] else seen(request, number)
        verb = editing.restrict if data.pop("restricted") else editing.open_up
        act(lambda: verb(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, incident)


class Roles(APIView):
    @extend_schema(request=TakeSerializer, responses={200: SaidSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Take a role, or give one to somebody. Command is taken while nobody has it, and else offered."""
        incident, data = asked(request, number, TakeSerializer)
        by = viewer(request)
        person = data.pop("person") or by
        done = act(lambda: assigning.assign(incident=incident, person=person, by=by, now=clock.now(), **data))
        return said(request, incident, done)


class LeaveRole(APIView):
    @extend_schema(request=TakeSerializer, responses={200: OneIncidentSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Leave a role, or let somebody leave theirs."""
        incident, data = asked(request, number, TakeSerializer)
        act(lambda: assigning.release(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, incident)


class OfferCommand(APIView):
    @extend_schema(request=AskSerializer, responses={200: OneIncidentSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Ask somebody to take command; it passes with their yes."""
        incident, data = asked(request, number, AskSerializer)
        act(lambda: offering.offer(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, incident)

    @extend_schema(responses={200: OneIncidentSerializer} | LOST)
    def delete(self, request: Request, number: int) -> Response:
        """Take back the offer that waits."""
        incident = seen(request, number)
        offer = _waiting(incident)
        act(lambda: offering.take_back(offer=offer, by=viewer(request), now=clock.now()))
        return shown(request, incident)


class AnswerCommand(APIView):
    @extend_schema(request=CommandAnswerSerializer, responses={200: SaidSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Say yes or no to command that was offered."""
        incident, data = asked(request, number, CommandAnswerSerializer)
        offer, accept = _waiting(incident), data["accept"]
        done = act(lambda: offering.answer(offer=offer, by=viewer(request), accept=accept, now=clock.now()))
        return said(request, incident, done)


def _waiting(incident: Incident) -> CommandOffer:
    """
    :raises Conflict: if no offer waits.
    """
    offer = queries.open_offer(incident)
    if offer is None:
        raise Conflict("No offer of command waits for an answer. Look who has command now.")
    return offer


class Entries(APIView):
    @extend_schema(request=EntrySerializer, responses={201: IncidentLineSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Write a line: a note, a finding, an action, what fixed it, what was sent out, or a correction of another."""
        incident, data = asked(request, number, EntrySerializer)
        by, now = viewer(request), clock.now()
        nth = data.pop("corrects")
        if nth is not None:
            data["corrects"] = incident.entries.filter(nth=nth).first()
            if data["corrects"] is None:
                raise serializers.ValidationError({"corrects": [f"This timeline has no line {nth}."]})
        if data["kind"] == Entry.Kind.UPDATE and (data.pop("at") or data.pop("corrects", None)):
            raise serializers.ValidationError({"at": ["What was sent out is written as it is sent. Leave it out."]})

        def write() -> Entry:
            with transaction.atomic():
                if data["kind"] == Entry.Kind.UPDATE:
                    return noting.speak(incident=incident, by=by, now=now, **data)
                entry = services.say(incident=incident, by=by, now=now, **data)
                noting.tell(entry, now=now)
                return entry

        entry = act(write)
        since = timeline.Cursor(entry.nth - 1, 0, now)
        line = next(line for line in timeline.lines(incident, after=since) if line.nth == entry.nth)
        return Response(IncidentLineSerializer(line).data, status.HTTP_201_CREATED)


class Alarms(APIView):
    @extend_schema(responses={200: OfIncident} | ERRORS)
    def get(self, request: Request, number: int) -> Response:
        """The alarms that it is about, the oldest first."""
        return alarms_of(seen(request, number), request)

    @extend_schema(request=LinkSerializer, responses={200: OfIncident} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Let an alarm be part of it."""
        incident, data = asked(request, number, LinkSerializer)
        alarm = data["alarm"]
        act(lambda: services.attach(incident=incident, alarm=alarm, by=viewer(request), now=clock.now()))
        return alarms_of(incident, request)


class OneAlarmOfIncident(APIView):
    @extend_schema(responses={200: OfIncident} | LOST)
    def delete(self, request: Request, number: int, id: UUID) -> Response:
        """Take an alarm out again: it was about something else."""
        incident = seen(request, number)
        alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), pk=id)
        act(lambda: services.detach(incident=incident, alarm=alarm, by=viewer(request), now=clock.now()))
        return alarms_of(incident, request)


class Experts(APIView):
    @extend_schema(request=CallSerializer, responses={201: AlarmSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Call somebody in: whoever is on call for a skill or a schedule, or one person. Answers with the alarm."""
        incident, data = asked(request, number, CallSerializer)
        alarm = act(lambda: calling.call_in_expert(incident=incident, by=viewer(request), now=clock.now(), **data))
        return Response(AlarmSerializer(alarm).data, status.HTTP_201_CREATED)


class People(APIView):
    @extend_schema(request=NameSerializer, responses={200: OneIncidentSerializer, 204: None} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Let somebody see a restricted incident (R43). The pilot and administrators do so also in one that they do not
        see, and say why: then the answer is empty.
        """
        unseen, by, now = _unseen(request, number), viewer(request), clock.now()
        if unseen is not None:
            data = _checked(request, NameSerializer)
            act(lambda: unlocking.name(incident=unseen, by=by, now=now, **data))
            return Response(status=status.HTTP_204_NO_CONTENT)
        incident, data = asked(request, number, NameSerializer)
        act(lambda: services.name_person(incident=incident, by=by, now=now, **data))
        return shown(request, incident)
