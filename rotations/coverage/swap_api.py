"""Swaps for programs (api.md)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes import queries as changes
from rotations.changes import swaps
from rotations.changes.models import Swap
from rotations.changes.refusals import Refused
from rotations.changes.serializers import (
    CHANGE,
    READ,
    SpanFilter,
    WhichScheduleSerializer,
    WhoSerializer,
    refusal,
)
from rotations.coverage import swap_services
from rotations.schedule.models import ROLES, Schedule
from rotations.schedule.shapes import InstantField

MOST_ASKED = 200  # people


class SwapFilter(SpanFilter):
    """`person`: to whom it is offered. `from` and `to`: what touches `[from, to)`."""

    standing = None
    schedule = django_filters.UUIDFilter(field_name="schedule_id")
    asker = django_filters.UUIDFilter(field_name="asker_id")
    person = django_filters.UUIDFilter(field_name="offers__person_id")
    state = django_filters.ChoiceFilter(choices=Swap.State.choices)

    class Meta:
        model = Swap
        fields = ("schedule", "asker", "person", "state")


class OfferSerializer(serializers.Serializer[Any]):
    """To whom it is offered; `declined_at` null: they have not said no."""

    person = WhoSerializer()
    declined_at = InstantField(allow_null=True)


class SwapSerializer(serializers.Serializer[Swap]):
    """`return_starts_at` and `return_ends_at` null: nothing in return."""

    id = serializers.UUIDField()
    schedule = WhichScheduleSerializer()
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])
    state = serializers.ChoiceField(choices=Swap.State.choices)
    asker = WhoSerializer()
    starts_at = InstantField()
    ends_at = InstantField()
    return_starts_at = InstantField(allow_null=True)
    return_ends_at = InstantField(allow_null=True)
    reason = serializers.CharField()
    to_all = serializers.BooleanField()
    offers = OfferSerializer(many=True)
    by = WhoSerializer()
    created_at = InstantField()
    accepted_by = WhoSerializer(allow_null=True)
    accepted_at = InstantField(allow_null=True)
    ended_at = InstantField(allow_null=True)


class SwapWanted(serializers.Serializer[Any]):
    """Who is to be relieved of what. Without `asker` it is whoever asks; without `to` all who could take it."""

    schedule = serializers.PrimaryKeyRelatedField(queryset=Schedule.objects.all(), pk_field=serializers.UUIDField())
    role = serializers.ChoiceField(choices=[role.value for role in ROLES], default="primary")
    asker = serializers.PrimaryKeyRelatedField(
        queryset=Person.objects.all(), pk_field=serializers.UUIDField(), required=False
    )
    starts_at = InstantField()
    ends_at = InstantField()
    to = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=MOST_ASKED, default=list)
    return_starts_at = InstantField(required=False, allow_null=True, default=None)
    return_ends_at = InstantField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate_to(self, value: list[UUID]) -> list[Person]:
        found = {person.pk: person for person in Person.objects.filter(pk__in=value)}
        if len(found) < len(set(value)):
            raise serializers.ValidationError("One of them is nobody we know. Write the ids of people.")
        return list(found.values())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.pop("return_starts_at"), attrs.pop("return_ends_at")
        if bool(start) != bool(end):
            missing = "return_ends_at" if start else "return_starts_at"
            raise serializers.ValidationError({missing: ["Write both ends of the span in return, or neither."]})
        attrs["in_return"] = (start, end) if start else None
        return attrs


class SwapsLatestFirst(ByCursor):
    ordering: Any = ("-starts_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="swaps",
        summary="Swaps, latest first",
        responses={200: SwapSerializer(many=True)} | READ,
        tags=["rotations"],
    )
)
class SwapsView(generics.ListAPIView[Swap]):
    """GET lists swaps. POST asks for one."""

    serializer_class = SwapSerializer
    filterset_class = SwapFilter
    pagination_class = SwapsLatestFirst
    queryset = changes.swaps()

    @extend_schema(
        operation_id="swap_ask",
        summary="Ask to be relieved of a span",
        request=SwapWanted,
        responses={201: SwapSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        by = viewer(request)
        form = SwapWanted(data=request.data)
        form.is_valid(raise_exception=True)
        asked = {"asker": by} | form.validated_data
        try:
            swap = swap_services.ask(**asked, by=by, now=clock.now())
        except Refused as error:
            raise refusal(error) from error
        return Response(SwapSerializer(_swap(swap.pk)).data, status.HTTP_201_CREATED)


class SwapView(APIView):
    """One swap."""

    @extend_schema(operation_id="swap", summary="One swap", responses={200: SwapSerializer} | READ, tags=["rotations"])
    def get(self, request: Request, id: UUID) -> Response:
        return Response(SwapSerializer(_swap(id)).data)


class SwapAcceptView(APIView):
    @extend_schema(
        operation_id="swap_accept",
        summary="Consent to a swap",
        request=None,
        responses={200: SwapSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Take what the asker would have in the span. 409 when somebody was first, or it has begun."""
        return _act(id, lambda swap: swap_services.accept(swap=swap, by=viewer(request), now=clock.now()))


class SwapDeclineView(APIView):
    @extend_schema(
        operation_id="swap_decline",
        summary="Say no to a swap",
        request=None,
        responses={200: SwapSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """The others may still accept."""
        return _act(id, lambda swap: swaps.decline(swap=swap, by=viewer(request), now=clock.now()))


class SwapWithdrawView(APIView):
    @extend_schema(
        operation_id="swap_withdraw",
        summary="It is not needed any more",
        request=None,
        responses={200: SwapSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """While nobody has accepted."""
        return _act(id, lambda swap: swaps.withdraw(swap=swap, by=viewer(request), now=clock.now()))


class SwapUndoView(APIView):
    @extend_schema(
        operation_id="swap_undo",
        summary="Give each their own again, from now on",
        request=None,
        responses={200: SwapSerializer} | CHANGE,
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """By either of the two, the pilot or a manager, until all of it is over."""
        return _act(id, lambda swap: swaps.undo(swap=swap, by=viewer(request), now=clock.now()))


def _swap(id: UUID) -> Swap:
    return get_object_or_404(changes.swaps(), pk=id)


def _act(id: UUID, verb: Callable[[Swap], object]) -> Response:
    try:
        verb(_swap(id))
    except Refused as error:
        raise refusal(error) from error
    return Response(SwapSerializer(_swap(id)).data)
