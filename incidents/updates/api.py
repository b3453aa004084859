"""An edge: messages about an incident, templates and audiences, for other programs (docs/api.md)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS
from incidents.command.act_api import LOST
from incidents.command.api import seen
from incidents.command.models import Incident
from incidents.updates import keeping, placeholders, queries, services
from incidents.updates.models import Audience, Template, Update
from incidents.updates.serializers import (
    AudienceSerializer,
    AudiencesSerializer,
    ChangeSerializer,
    ChangeTemplateSerializer,
    DraftSerializer,
    EditionSerializer,
    KeepAudienceSerializer,
    PreviewSerializer,
    TemplateSerializer,
    TemplatesSerializer,
    UpdateSerializer,
)
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.models import Person
from oncall.people.viewer import viewer

T = TypeVar("T")


def _act(verb: Callable[[], T]) -> T:
    """Do it; a bad field is 400, a lost race 409."""
    try:
        return verb()
    except services.Refused as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error
    except services.Moved as error:
        raise Conflict(str(error)) from error


def _sent(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    form = shape(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def _draft(incident: Incident, data: dict[str, Any], *, now: datetime) -> services.Draft:
    template: Template | None = data["template"]
    values = queries.values_for(incident, now=now, next_at=data["next_at"]) | data["values"]
    subject, text = (data[name] or (getattr(template, name) if template else "") for name in ("subject", "text"))
    stage = data["stage"] or (template.stage if template else "") or queries.last_stage(incident)
    return services.Draft(
        placeholders.fill(subject, values), placeholders.fill(text, values), stage, data["next_at"], data["to_page"],
        tuple(data["audiences"]), template,
    )  # fmt: skip


class LatestFirst(ByCursor):
    ordering: Any = ("-written_at", "-id")


@extend_schema_view(get=extend_schema(responses={200: UpdateSerializer(many=True)} | ERRORS))
class Updates(generics.ListAPIView[Update]):
    """GET lists the messages about an incident, the newest first, without those that were dropped. POST writes one."""

    serializer_class = UpdateSerializer
    pagination_class = LatestFirst
    filter_backends = ()

    queryset = Update.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.updates_of(seen(self.request, self.kwargs["number"])).select_related("incident")

    @extend_schema(request=DraftSerializer, responses={201: UpdateSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Write a message. It goes out when it is sent, in the edition that was looked at."""
        incident, now = seen(request, number), clock.now()
        data = _sent(request, DraftSerializer)
        draft = _draft(incident, data, now=now)
        made = _act(
            lambda: services.write_draft(
                incident=incident, draft=draft, by=viewer(request), now=now, key=data["key"]
            )
        )  # fmt: skip
        return Response(UpdateSerializer(made).data, status.HTTP_201_CREATED)


class Preview(APIView):
    @extend_schema(request=DraftSerializer, responses={200: PreviewSerializer} | ERRORS)
    def post(self, request: Request, number: int) -> Response:
        """Show how a message would go out; nothing is kept, and what is not filled in yet is said."""
        incident, now = seen(request, number), clock.now()
        data = _sent(request, DraftSerializer)
        draft = _draft(incident, data, now=now)
        row = Update(
            incident=incident, subject=draft.subject, text=draft.text, stage=draft.stage, next_at=draft.next_at,
            to_page=draft.to_page,
        )  # fmt: skip
        left = [one for one in (placeholders.left(draft.subject), placeholders.left(draft.text)) if one]
        body = {
            "subject": draft.subject,
            "mail": queries.mail_body(row, now=now),
            "left": left,
            "addresses": len(queries.addresses_of(draft.audiences)),
            "yes_of": queries.whose_yes(incident, by=viewer(request)),
        }
        return Response(PreviewSerializer(body).data)


class OneUpdate(APIView):
    @extend_schema(responses={200: UpdateSerializer} | ERRORS)
    def get(self, request: Request, number: int, id: UUID) -> Response:
        return Response(UpdateSerializer(_update(request, number, id)).data)

    @extend_schema(request=ChangeSerializer, responses={200: UpdateSerializer} | LOST)
    def put(self, request: Request, number: int, id: UUID) -> Response:
        """Say it otherwise, before it goes out."""
        row, now = _update(request, number, id), clock.now()
        data = _sent(request, ChangeSerializer)
        draft = _draft(row.incident, data, now=now)
        done = _act(
            lambda: services.change(update=row, draft=draft, edition=data["edition"], by=viewer(request), now=now)
        )  # fmt: skip
        return Response(UpdateSerializer(done).data)

    @extend_schema(responses={200: UpdateSerializer} | LOST)
    def delete(self, request: Request, number: int, id: UUID) -> Response:
        """Drop it: it does not go out."""
        row = _update(request, number, id)
        done = _act(lambda: services.drop(update=row, by=viewer(request), now=clock.now()))
        return Response(UpdateSerializer(done).data)


class Send(APIView):
    @extend_schema(request=EditionSerializer, responses={200: UpdateSerializer} | LOST)
    def post(self, request: Request, number: int, id: UUID) -> Response:
        """Send it, once however often. At SEV-1 with a commander who is somebody else it is put to them: `asked`."""
        row, data = _update(request, number, id), _sent(request, EditionSerializer)
        done = _act(
            lambda: services.send(update=row, edition=data["edition"], by=viewer(request), now=clock.now())
        )  # fmt: skip
        return Response(UpdateSerializer(done).data)


class Delayed(APIView):
    @extend_schema(request=None, responses={200: UpdateSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Tell whoever hears of delays that alerts are delayed (M9); pressed twice within 20 min it is one message."""
        incident = seen(request, number)
        done = _act(lambda: services.tell_delayed(incident=incident, by=viewer(request), now=clock.now()))
        return Response(UpdateSerializer(done).data)


def _update(request: Request, number: int, id: UUID) -> Update:
    rows = queries.updates_of(seen(request, number)).select_related("incident")
    return get_object_or_404(rows, pk=id)


def _keeper(request: Request) -> Person:
    person = viewer(request)
    if not queries.may_keep(person, now=clock.now()):
        raise PermissionDenied("Stewards, the pilot and administrators change this.")
    return person


def _whole(rows: Any) -> dict[str, Any]:
    return {"next": None, "previous": None, "results": rows}


class Templates(APIView):
    @extend_schema(operation_id="message_templates_list", responses={200: TemplatesSerializer} | ERRORS)
    def get(self, request: Request) -> Response:
        """Every template of messages, M1 to M10, those of support included."""
        return Response(TemplatesSerializer(_whole(Template.objects.all())).data)


class OneTemplate(APIView):
    @extend_schema(responses={200: TemplateSerializer} | ERRORS)
    def get(self, request: Request, code: str) -> Response:
        return Response(TemplateSerializer(_template(code)).data)

    @extend_schema(request=ChangeTemplateSerializer, responses={200: TemplateSerializer} | LOST)
    def put(self, request: Request, code: str) -> Response:
        """Say it otherwise from now on."""
        by, row, data = _keeper(request), _template(code), _sent(request, ChangeTemplateSerializer)
        done = _act(lambda: keeping.change_template(template=row, **data, by=by, now=clock.now()))
        return Response(TemplateSerializer(done).data)


def _template(code: str) -> Template:
    return get_object_or_404(Template, pk=code.replace("\x00", "")[:10])


class Audiences(APIView):
    @extend_schema(operation_id="audiences_list", responses={200: AudiencesSerializer} | ERRORS)
    def get(self, request: Request) -> Response:
        """Whoever can be told."""
        return Response(AudiencesSerializer(_whole(Audience.objects.active().select_related("kept_by"))).data)

    @extend_schema(request=KeepAudienceSerializer, responses={201: AudienceSerializer} | ERRORS)
    def post(self, request: Request) -> Response:
        """Add an audience, kept by whoever asks."""
        by, data = _keeper(request), _sent(request, KeepAudienceSerializer)
        lines = "\n".join(data.pop("addresses"))
        made = _act(lambda: keeping.add_audience(**data, addresses=lines, kept_by=by, by=by, now=clock.now()))
        return Response(AudienceSerializer(made).data, status.HTTP_201_CREATED)


class OneAudience(APIView):
    @extend_schema(responses={200: AudienceSerializer} | ERRORS)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(AudienceSerializer(_audience(id)).data)

    @extend_schema(request=KeepAudienceSerializer, responses={200: AudienceSerializer} | ERRORS)
    def put(self, request: Request, id: UUID) -> Response:
        """Change who is told."""
        by, row, data = _keeper(request), _audience(id), _sent(request, KeepAudienceSerializer)
        lines, kept = "\n".join(data.pop("addresses")), row.kept_by
        done = _act(
            lambda: keeping.change_audience(
                audience=row, **data, addresses=lines, kept_by=kept, by=by, now=clock.now()
            )
        )  # fmt: skip
        return Response(AudienceSerializer(done).data)

    @extend_schema(request=None, responses={204: None} | ERRORS)
    def delete(self, request: Request, id: UUID) -> Response:
        """Tell it nothing any more."""
        keeping.retire_audience(audience=_audience(id), by=_keeper(request), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _audience(id: UUID) -> Audience:
    return get_object_or_404(Audience.objects.active().select_related("kept_by"), pk=id)
