"""An edge: silences, and what was not sent, for other programs."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms import ledger, silences
from incidents.alarms.api import ERRORS
from incidents.alarms.models import Silence
from incidents.alarms.silencing import BadMatcher, Matcher, matcher
from incidents.alarms.work_api import LOST
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.models import Person
from oncall.people.parsers import is_text
from oncall.people.viewer import viewer
from oncall.people.zones import zones
from rotations.schedule.shapes import InstantField


class MatcherSerializer(serializers.Serializer[Any]):
    """`field`: source, product, stage, title, severity or label:<name>. `value`: * is any text, ? one character."""

    field = serializers.CharField(max_length=120)
    value = serializers.CharField(max_length=200)


class SilenceSerializer(serializers.Serializer[Any]):
    """A silence. Where it repeats, `starts_at` and `ends_at` are the first occurrence's when it is asked for, and the
    first start and the last end when it is shown; `until` is the last local day on which one begins.
    """

    id = serializers.UUIDField(read_only=True)
    kind = serializers.ChoiceField(choices=Silence.Kind.choices, default=Silence.Kind.SILENCE)
    matchers = MatcherSerializer(many=True)
    reason = serializers.CharField(max_length=300)
    starts_at = InstantField()
    ends_at = InstantField()
    repeats = serializers.ChoiceField(choices=Silence.Repeats.choices, required=False, allow_blank=True, default="")
    until = serializers.DateField(write_only=True, required=False, allow_null=True, default=None)
    zone = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    asks_sev1 = serializers.BooleanField(required=False, default=False)
    by = serializers.CharField(source="by.name", read_only=True)
    agreed_by = serializers.CharField(source="agreed_by.name", default=None, read_only=True, allow_null=True)
    sev1_from = InstantField(read_only=True, allow_null=True)
    sev1_until = InstantField(read_only=True, allow_null=True)
    ended_by = serializers.CharField(source="ended_by.name", default=None, read_only=True, allow_null=True)

    def validate_matchers(self, value: list[dict[str, str]]) -> list[Matcher]:
        try:
            return [matcher(one["field"], one["value"]) for one in value]
        except BadMatcher as error:
            raise serializers.ValidationError(str(error)) from None

    def validate_reason(self, value: str) -> str:
        if not is_text(value):
            raise serializers.ValidationError("It holds half a surrogate pair. Leave the character out.")
        return value

    def validate_zone(self, value: str) -> str:
        if value and value not in zones():
            raise serializers.ValidationError(f"“{value}” is no time zone. Write one such as America/Santiago.")
        return value


class ByStart(ByCursor):
    ordering: Any = ("-starts_at", "-id")


@extend_schema_view(get=extend_schema(responses={200: SilenceSerializer(many=True)} | ERRORS))
class Silences(generics.ListAPIView[Silence]):
    """GET lists silences, the latest start first. POST asks for one."""

    serializer_class = SilenceSerializer
    pagination_class = ByStart
    queryset = Silence.objects.none()

    def get_queryset(self) -> "QuerySet[Silence]":
        return Silence.objects.select_related("by", "agreed_by", "ended_by")

    @extend_schema(request=SilenceSerializer, responses={201: SilenceSerializer} | ERRORS)
    def post(self, request: Request) -> Response:
        """Keep what matches quiet. What fires within it is held, and called at its end if it still fires."""
        form = SilenceSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, person = dict(form.validated_data), viewer(request)
        data["zone"] = data["zone"] or person.time_zone
        try:
            made = silences.create(wanted=silences.Wanted(**data), by=person, now=clock.now())
        except silences.SilenceRefused as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        return Response(SilenceSerializer(made).data, status.HTTP_201_CREATED)


def _one(pk: UUID) -> Silence:
    return get_object_or_404(Silence.objects.select_related("by", "agreed_by", "ended_by"), pk=pk)


class OneSilence(APIView):
    @extend_schema(responses={200: SilenceSerializer} | ERRORS)
    def get(self, request: Request, id: UUID) -> Response:
        """One silence."""
        return Response(SilenceSerializer(_one(id)).data)


class EndSilence(APIView):
    @extend_schema(request=None, responses={200: SilenceSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """End it now, with all that is to come of it. What it holds and still fires calls."""
        try:
            silences.end(silence=_one(id), by=viewer(request), now=clock.now())
        except silences.AlreadyOver as error:
            raise Conflict(str(error)) from error
        return Response(SilenceSerializer(_one(id)).data)


class AgreeToSilence(APIView):
    @extend_schema(request=None, responses={200: SilenceSerializer} | LOST)
    def post(self, request: Request, id: UUID) -> Response:
        """A second person agrees that SEV-1 is hidden too; where it repeats, a pilot, administrator or manager."""
        try:
            silences.agree(silence=_one(id), by=viewer(request), now=clock.now())
        except silences.AlreadyOver as error:
            raise Conflict(str(error)) from error
        except silences.SilenceRefused as error:
            raise serializers.ValidationError({error.field: [str(error)]}) from error
        return Response(SilenceSerializer(_one(id)).data)


class NotSentSerializer(serializers.Serializer[ledger.Entry]):
    at = InstantField()
    why = serializers.ChoiceField(choices=list(ledger.WHYS))
    title = serializers.CharField()
    text = serializers.CharField(help_text="Why, in words.")
    id = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # its name in the answer
    source_id = serializers.UUIDField(allow_null=True)
    key = serializers.CharField()
    product = serializers.CharField()
    severity = serializers.IntegerField(allow_null=True)
    count = serializers.IntegerField()
    until = InstantField(allow_null=True)
    ended_at = InstantField(allow_null=True)
    ended_why = serializers.CharField()
    url = serializers.CharField()
    person = serializers.CharField()


class AllNotSentSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: go back by what you came with.")
    results = NotSentSerializer(many=True)


class AskedSerializer(serializers.Serializer[Any]):
    """Every filter may be left out. `person`: only what would have called them; pages are theirs, or yours."""

    why = serializers.ChoiceField(choices=list(ledger.WHYS), required=False, allow_blank=True, default="")
    source = serializers.UUIDField(required=False, allow_null=True, default=None)  # type: ignore[assignment]
    product = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    since = InstantField(required=False, allow_null=True, default=None)
    person = serializers.PrimaryKeyRelatedField(
        queryset=Person.objects.active(),
        pk_field=serializers.UUIDField(),
        required=False,
        allow_null=True,
        default=None,
    )
    before = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class NotSent(APIView):
    @extend_schema(
        parameters=[AskedSerializer, OpenApiParameter("before", str, description="From `next`.")],
        responses={200: AllNotSentSerializer} | ERRORS,
    )
    def get(self, request: Request) -> Response:
        """What was not sent, and why, the newest first: held, repeated, joined to a page, or waiting."""
        form = AskedSerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        data, now = form.validated_data, clock.now()
        asked = ledger.Asked(
            person=data["person"] or viewer(request),
            now=now,
            since=data["since"] or now - ledger.USUALLY,
            why=data["why"],
            whose=data["person"],
            source=data["source"],
            product=data["product"],
            before=data["before"],
        )
        found = ledger.look(asked)
        following = None
        if found.next:
            query = request.query_params.copy()
            query["before"] = found.next
            following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        return Response(AllNotSentSerializer({"next": following, "previous": None, "results": found.entries}).data)
