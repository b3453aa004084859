"""Leave, for programs (api.md): seconds as integers; a person's own unless they ask for others' that they may see."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes.serializers import CHANGE
from rotations.coverage.api import ERRORS
from rotations.leave import call_out_queries, queries, services
from rotations.leave.call_out_api import checked, refusal
from rotations.leave.call_out_shapes import (
    Addition,
    BalanceSerializer,
    BalancesQuery,
    CallOutDetailSerializer,
    CallOutSerializer,
    CallOutsQuery,
    EntriesQuery,
    EntrySerializer,
)
from rotations.leave.models import CallOut, LedgerEntry


class ByPosting(ByCursor):
    ordering = ("-at", "-nth")


class ByStart(ByCursor):
    ordering = ("-starts_at", "-id")


class ByName(ByCursor):
    ordering = ("name", "id")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_entries",
        summary="Ledger entries, newest first",
        parameters=[EntriesQuery],
        responses={200: EntrySerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class EntriesView(ListAPIView[LedgerEntry]):
    queryset = LedgerEntry.objects.none()
    serializer_class = EntrySerializer
    pagination_class = ByPosting

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        asked = _asked(self.request, EntriesQuery)
        found = LedgerEntry.objects.filter(person__in=_people(self.request, asked).values("pk"))
        found = found.filter(**_given(asked, {"from": "at__gte", "until": "at__lt", "kind": "kind"}))
        return found.select_related("person", "by")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_call_outs",
        summary="Call-outs, newest first, with what each earns and why",
        parameters=[CallOutsQuery],
        responses={200: CallOutSerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class CallOutsView(ListAPIView[CallOut]):
    """GET lists call-outs. POST adds hours of which there is no evidence."""

    queryset = CallOut.objects.none()
    serializer_class = CallOutSerializer
    pagination_class = ByStart

    def get_queryset(self) -> QuerySet[CallOut]:
        asked = _asked(self.request, CallOutsQuery)
        found = call_out_queries.of_people(_people(self.request, asked))
        found = found.filter(**_given(asked, {"from": "starts_at__gte", "until": "starts_at__lt"}))
        return call_out_queries.in_state(found, asked["state"]) if "state" in asked else found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page: list[CallOut] = list(self.paginate_queryset(self.get_queryset()) or [])
        shown = CallOutSerializer(call_out_queries.explained(page, now=clock.now()), many=True)
        return self.get_paginated_response(shown.data)

    @extend_schema(
        operation_id="leave_call_out_add",
        summary="Add hours of which there is no evidence, one's own or as a manager; they become a call-out",
        request=Addition,
        responses={201: CallOutDetailSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request) -> Response:
        asker, now = viewer(request), clock.now()
        asked = checked(Addition(data=request.data))
        person = _person(asker, asked.pop("person", asker.pk))
        try:
            made = services.add(person=person, by=asker, **asked, now=now)
        except services.CorrectionRefused as error:
            raise refusal(error) from error
        (found,) = call_out_queries.explained([made], now=now)
        return Response(CallOutDetailSerializer(found).data, status.HTTP_201_CREATED)


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_balances",
        summary="What stands on the accounts, by name",
        parameters=[BalancesQuery],
        responses={200: BalanceSerializer(many=True), **ERRORS},
        tags=["leave"],
    )
)
class BalancesView(ListAPIView[Person]):
    """What stands on accounts."""

    queryset = Person.objects.none()
    serializer_class = BalanceSerializer
    pagination_class = ByName

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = _asked(request, BalancesQuery)
        page: list[Person] = list(self.paginate_queryset(_people(request, asked)) or [])
        return self.get_paginated_response(
            BalanceSerializer(queries.balances(page, at=asked.get("at")), many=True).data
        )


def _asked(request: Request, query: type[BaseSerializer[Any]]) -> dict[str, Any]:
    return checked(query(data=request.query_params.dict()))


def _given(asked: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the filters that were asked for, by the column that they are of."""
    return {column: asked[name] for name, column in names.items() if name in asked}


def _people(request: Request, asked: dict[str, Any]) -> QuerySet[Person]:
    """Return whom the request asks about, of those whose leave the asker may see.

    :raises NotFound: if the person, or the team, has nobody whom they may see.
    """
    people = call_out_queries.people_asked_for(
        viewer(request),
        person=asked.get("person"),
        team=asked.get("team"),
        everybody=asked["everybody"],
        now=clock.now(),
    )
    if ("person" in asked or "team" in asked) and not people.exists():
        raise NotFound("There is nobody with that id whose leave you may see.")
    return people


def _person(asker: Person, id: UUID) -> Person:
    found = queries.visible_people(asker, now=clock.now()).filter(pk=id).first()
    if found is None:
        raise NotFound("There is nobody with that id whose leave you may see.")
    return found
