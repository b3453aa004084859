"""Leave, for programs (api.md): seconds as integers; a person's own unless they may see others'."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.models import Person
from rotations.coverage.api import ERRORS, NameSerializer
from rotations.leave import queries, rules
from rotations.leave.models import CallOut, LedgerEntry
from rotations.schedule.shapes import InstantField

PERSON = OpenApiParameter(
    "person",
    {"type": "string", "format": "uuid"},
    description="Whose; your own when left out. 404 when not yours to see.",
)


class PersonQuery(serializers.Serializer[Any]):
    person = serializers.UUIDField(required=False)


class SliceSerializer(serializers.Serializer[Any]):
    """A piece of a call-out of one kind, and whether it lies inside the work calendar."""

    starts_at = InstantField()
    ends_at = InstantField()
    local_date = serializers.DateField()
    kind = serializers.ChoiceField(choices=["work", "night", "evening", "weekend", "holiday", "day off"])
    name = serializers.CharField(allow_blank=True, help_text="Of the holiday.")
    in_hours = serializers.BooleanField()
    seconds = serializers.IntegerField()


class EntrySerializer(serializers.Serializer[LedgerEntry]):
    id = serializers.UUIDField()
    person = NameSerializer()
    call_out = serializers.UUIDField(source="call_out_id")
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.values)
    at = InstantField()
    out_of_hours_s = serializers.IntegerField()
    credit_s = serializers.IntegerField()
    slices = SliceSerializer(many=True)
    rule = serializers.CharField()
    by = NameSerializer(allow_null=True)
    reason = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: LedgerEntry) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "slices": instance.slices}  # kept as shown; reading them again would only cost


class CallOutSerializer(serializers.Serializer[CallOut]):
    id = serializers.UUIDField()
    person = NameSerializer()
    starts_at = InstantField()
    ends_at = InstantField(allow_null=True)
    forgotten = serializers.BooleanField()
    subjects = serializers.ListField(child=serializers.CharField())
    out_of_hours_s = serializers.SerializerMethodField(help_text="So far, while it is open.")
    credit_s = serializers.SerializerMethodField(help_text="So far, while it is open.")
    slices = serializers.SerializerMethodField()
    rule = serializers.SerializerMethodField()

    def get_out_of_hours_s(self, call_out: CallOut) -> int:
        return queries.credit_of(call_out, now=self.context["now"]).out_of_hours_s

    def get_credit_s(self, call_out: CallOut) -> int:
        return queries.credit_of(call_out, now=self.context["now"]).credit_s

    @extend_schema_field(SliceSerializer(many=True))
    def get_slices(self, call_out: CallOut) -> list[dict[str, Any]]:
        return [queries.slice_as_json(piece) for piece in queries.credit_of(call_out, now=self.context["now"]).slices]

    def get_rule(self, call_out: CallOut) -> str:
        return rules.in_words(call_out.rule)


class BalanceSerializer(serializers.Serializer[Any]):
    person = NameSerializer()
    out_of_hours_s = serializers.IntegerField()
    credit_s = serializers.IntegerField()


class BalancesAnswer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = BalanceSerializer(many=True)


class CallOutsByStart(ByCursor):
    ordering = ("-starts_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_entries",
        summary="Ledger entries, newest first",
        parameters=[PERSON],
        responses={200: EntrySerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class EntriesView(ListAPIView[LedgerEntry]):
    queryset = LedgerEntry.objects.none()
    serializer_class = EntrySerializer
    pagination_class = ByCursor

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        return LedgerEntry.objects.filter(person=_whose(self.request)).select_related("person", "by")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_call_outs",
        summary="Call-outs, newest first, with what each earns and why",
        parameters=[PERSON],
        responses={200: CallOutSerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class CallOutsView(ListAPIView[CallOut]):
    queryset = CallOut.objects.none()
    serializer_class = CallOutSerializer
    pagination_class = CallOutsByStart

    def get_queryset(self) -> QuerySet[CallOut]:
        return CallOut.objects.live().filter(person=_whose(self.request)).select_related("person")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "now": clock.now()}


class BalancesView(APIView):
    """What stands on an account."""

    @extend_schema(
        operation_id="leave_balances",
        summary="The balance of a person's account",
        parameters=[PERSON],
        responses={200: BalancesAnswer, **ERRORS},
        tags=["leave"],
    )
    def get(self, request: Request) -> Response:
        balance = queries.balance(_whose(request))
        return Response(BalancesAnswer({"next": None, "previous": None, "results": [balance]}).data)


def _whose(request: Request) -> Person:
    """Return whom the request asks about: the asker, or a person whose leave they may see."""
    assert isinstance(request.user, Person)  # IsAuthenticated
    query = PersonQuery(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    if "person" not in query.validated_data:
        return request.user
    visible = queries.visible_people(request.user, now=clock.now())
    person = visible.filter(pk=query.validated_data["person"]).first()
    if person is None:
        raise NotFound("There is nobody with that id whose leave you may see.")
    return person
