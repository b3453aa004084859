"""An edge: visits, deliveries, nextVisits and survey blocks for other programs (api.md).

Any token of an active person may report: a program's token belongs to somebody who answers for it, and a report that is
refused at night costs more than a wrong one, which a later one replaces. A batch is answered once it is committed and
judged, so with 200. Survey blocks are settled by the pilot and the administrators, by token too.
"""

from collections.abc import Callable
from typing import Any

import django_filters
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.latency import blocks, ingest, ordinary, queries
from incidents.latency.models import SurveyBlock, Verdict, Visit
from incidents.latency.serializers import (
    BatchSerializer,
    BlockSerializer,
    DeliveriesShape,
    NextVisitsShape,
    OneVisitSerializer,
    SettleSerializer,
    VisitSerializer,
    VisitsShape,
)
from oncall import clock
from oncall.limits import queries as limits
from oncall.people import access
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"visits": ["Send a list of visits."]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "The request is not of this shape, or holds more than 1,000 items; nothing was taken."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
TAKEN = {200: BatchSerializer, 413: OpenApiResponse(SHAPE, "Larger than 1 MiB; nothing was taken.")} | ERRORS
GREATEST = 2**63


class VisitFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`day_obs`: of one night, YYYYMMDD."""

    day_obs = django_filters.NumberFilter(min_value=19900101, max_value=20991231)
    verdict = django_filters.ChoiceFilter(choices=Verdict.choices)

    class Meta:
        model = Visit
        fields = ("day_obs", "verdict")


class NewestFirst(ByCursor):
    ordering: Any = ("-visit_id",)


@extend_schema_view(get=extend_schema(responses={200: VisitSerializer(many=True)} | ERRORS))
class Visits(generics.ListAPIView[Visit]):
    """GET lists visits with their verdicts, the newest first. POST reports up to 1,000."""

    serializer_class = VisitSerializer
    filterset_class = VisitFilter
    pagination_class = NewestFirst
    queryset = queries.visits()

    def dispatch(self, request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        allow = ", ".join(self.allowed_methods)
        found = ordinary.answer(request, "visits", ingest.take_visits, allow=allow)
        return found or super().dispatch(request, *args, **named)

    def paginate_queryset(self, queryset: Any) -> Any:
        return queries.with_deliveries(super().paginate_queryset(queryset) or [])

    @extend_schema(request=VisitsShape, responses=TAKEN)
    def post(self, request: Request) -> Response:
        """Report visits, each accepted, updated or rejected by itself; a later report replaces an earlier one."""
        return _take(request, "visits", ingest.take_visits)


class Deliveries(APIView):
    def dispatch(self, request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        allow = ", ".join(self.allowed_methods)
        found = ordinary.answer(request, "deliveries", ingest.take_deliveries, allow=allow)
        return found or super().dispatch(request, *args, **named)

    @extend_schema(request=DeliveriesShape, responses=TAKEN)
    def post(self, request: Request) -> Response:
        """Report what was sent for visits, also before the visits themselves; a later report replaces an earlier."""
        return _take(request, "deliveries", ingest.take_deliveries)


visits, deliveries = Visits.as_view(), Deliveries.as_view()  # settings.DIRECT names them too


class NextVisits(APIView):
    @extend_schema(request=NextVisitsShape, responses=TAKEN)
    def post(self, request: Request) -> Response:
        """Report that visits are coming."""
        return _take(request, "next_visits", ingest.take_next_visits)


def _take(request: Request, name: str, take: Callable[..., ingest.Receipt]) -> Response:
    """Hand a batch on. 413 where it is too large to be read, 400 only where the request itself is wrong: what is wrong
    with an item stands in the answer.
    """
    try:
        items = request.data.get(name) if isinstance(request.data, dict) else None
    except RequestDataTooBig:
        errors = {name: [f"Larger than {ordinary.LARGEST // 1024} KiB. Send fewer at once."]}
        return Response(errors, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if not isinstance(items, list):
        example = f'{{"{name}": [...]}}'
        raise serializers.ValidationError({name: [f"Send an object with a list of them: {example}."]})
    now = clock.now()
    try:
        receipt = take(items=items, now=now, limits=limits.lately(now))
    except ingest.TooMany as error:
        raise serializers.ValidationError({name: [str(error)]}) from None
    return Response(ordinary.body_of(receipt))


class OneVisit(APIView):
    """One visit, with every change of its verdict."""

    @extend_schema(responses={200: OneVisitSerializer} | ERRORS)
    def get(self, request: Request, visit_id: int) -> Response:
        found = queries.visits().filter(pk=visit_id).first() if visit_id < GREATEST else None
        if found is None:
            raise Http404(f"No visit {visit_id} was reported.")
        row = queries.with_deliveries([found])[0]
        row.history = queries.history(visit_id)  # type: ignore[attr-defined]
        return Response(OneVisitSerializer(row).data)


class BlockFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`settled`: true or false; left out: both."""

    settled = django_filters.BooleanFilter(field_name="settled_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = SurveyBlock
        fields = ("settled",)


class ByCode(ByCursor):
    ordering: Any = ("code",)


@extend_schema_view(get=extend_schema(responses={200: BlockSerializer(many=True)} | ERRORS))
class Blocks(generics.ListAPIView[SurveyBlock]):
    """Survey blocks, by code. `?settled=false`: those that the pilot has yet to settle."""

    serializer_class = BlockSerializer
    filterset_class = BlockFilter
    pagination_class = ByCode
    queryset = SurveyBlock.objects.select_related("settled_by")


class OneBlock(APIView):
    @extend_schema(responses={200: BlockSerializer} | ERRORS)
    def get(self, request: Request, code: str) -> Response:
        """One survey block."""
        found = SurveyBlock.objects.select_related("settled_by").filter(pk=code).first() if "\0" not in code else None
        if found is None:
            raise Http404(f"No survey block {code} was heard of.")
        return Response(BlockSerializer(found).data)

    @extend_schema(request=SettleSerializer, responses={200: BlockSerializer, 201: BlockSerializer} | ERRORS)
    def put(self, request: Request, code: str) -> Response:
        """Say whether the visits of a block are to become alerts, also of one that no visit has named yet (201).

        For the pilot and the administrators. Its visits are judged anew: the newest 500 at once, the rest soon after.
        """
        person, now = viewer(request), clock.now()
        if not access.may_configure(person, now=now):
            raise PermissionDenied("Only the pilot and administrators settle survey blocks. Ask them.")
        form = SettleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        expected = form.validated_data["alerts_expected"]
        settled = blocks.settle(code=code, alerts_expected=expected, by=person, now=now, limits=limits.at(now))
        answer = status.HTTP_201_CREATED if settled.is_new else status.HTTP_200_OK
        return Response(BlockSerializer(settled.block).data, answer)
