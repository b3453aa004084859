"""Results of checks and deployments, for programs (api.md).

Any token of an active person may report: a job's token belongs to somebody who answers for it.
"""

from collections.abc import Callable
from typing import Any

import django_filters
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer
from playbooks.readiness import deploying, queries, services
from playbooks.readiness.models import Deployment, Result
from playbooks.readiness.nights import NoSuchNight, read
from playbooks.readiness.serializers import (
    DeploymentSerializer,
    DeploySerializer,
    NightStandingSerializer,
    ReportSerializer,
    ResultSerializer,
    TakenResultSerializer,
    TakenSerializer,
)

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"check": ["No check is called “x”. …"]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right. Nothing was taken."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
}
AT_MOST = 200  # items of a list


class NightFilterField(django_filters.CharFilter):  # type: ignore[misc]
    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs
        try:
            return qs.filter(day_obs=read(value[:20]))
        except NoSuchNight as error:
            raise serializers.ValidationError({"night": [str(error)]}) from None


class ResultFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`night`: YYYYMMDD; `check`: a number; `version`: as it was reported."""

    night = NightFilterField()
    check = django_filters.NumberFilter(field_name="of__number", min_value=1, max_value=9999)
    version = django_filters.CharFilter(max_length=120)

    class Meta:
        model = Result
        fields = ("night", "check", "version")


class NewestResultFirst(ByCursor):
    ordering: Any = ("-nth",)


def _one_or_many(name: str, one: type[Any]) -> PolymorphicProxySerializer:
    """An object, or a list of them; a list may also stand in an object under the name of what is listed."""
    return PolymorphicProxySerializer(
        component_name=name, serializers=[one(), one(many=True)], resource_type_field_name=None, many=False
    )


class Readiness(generics.ListAPIView[Result]):
    """GET lists results, the newest first. POST reports one, or a list of them."""

    serializer_class = ResultSerializer
    filterset_class = ResultFilter
    pagination_class = NewestResultFirst
    queryset = Result.objects.select_related("of", "by")

    @extend_schema(
        operation_id="readiness_results", responses={200: ResultSerializer(many=True)} | ERRORS, tags=["readiness"]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="readiness_report",
        request=_one_or_many("ReadinessReport", ReportSerializer),
        responses={
            200: PolymorphicProxySerializer(
                component_name="ReadinessTaken",
                serializers=[TakenResultSerializer, TakenSerializer],
                resource_type_field_name=None,
            ),
            201: TakenResultSerializer,
        }
        | ERRORS,
        tags=["readiness"],
    )
    def post(self, request: Request) -> Response:
        """201: a new result; 200: the same one again, or a list of which something was taken."""

        def take(item: object) -> tuple[dict[str, Any], bool]:
            form = ReportSerializer(data=item)
            form.is_valid(raise_exception=True)
            row, is_new = services.record(**form.validated_data, by=viewer(request), now=clock.now())
            return TakenResultSerializer(row).data, is_new

        return _take(request.data, "results", take)


class Night(APIView):
    @extend_schema(
        operation_id="readiness_night",
        parameters=[
            OpenApiParameter(
                "night", OpenApiTypes.STR, OpenApiParameter.PATH, description="YYYYMMDD, its date at UTC-12"
            )
        ],
        responses={200: NightStandingSerializer, 404: OpenApiResponse(SHAPE, "That is no night.")} | ERRORS,
        tags=["readiness"],
    )
    def get(self, request: Request, night: str) -> Response:
        """How a night stands, and each of its checks."""
        try:
            found = queries.one_night(read(night), now=clock.now())
        except NoSuchNight as error:
            raise Http404(str(error)) from None
        return Response(NightStandingSerializer(found).data)


class DeploymentFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`service`, `version`: as they were reported."""

    service = django_filters.CharFilter(max_length=120)
    version = django_filters.CharFilter(max_length=120)

    class Meta:
        model = Deployment
        fields = ("service", "version")


class NewestDeployedFirst(ByCursor):
    ordering = ("-at", "-received_at", "service")


class Deployments(generics.ListAPIView[Deployment]):
    """GET lists deployments, the newest first. POST reports one, or a list of them."""

    serializer_class = DeploymentSerializer
    filterset_class = DeploymentFilter
    pagination_class = NewestDeployedFirst
    queryset = Deployment.objects.all()

    @extend_schema(
        operation_id="deployments", responses={200: DeploymentSerializer(many=True)} | ERRORS, tags=["readiness"]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="deployment_report",
        request=_one_or_many("DeploymentReport", DeploySerializer),
        responses={
            200: PolymorphicProxySerializer(
                component_name="DeploymentTaken",
                serializers=[DeploymentSerializer, TakenSerializer],
                resource_type_field_name=None,
            ),
            201: DeploymentSerializer,
        }
        | ERRORS,
        tags=["readiness"],
    )
    def post(self, request: Request) -> Response:
        """201: a new deployment; 200: the same service, version and instant again, or a list."""

        def take(item: object) -> tuple[dict[str, Any], bool]:
            form = DeploySerializer(data=item)
            form.is_valid(raise_exception=True)
            row, is_new = deploying.report(**form.validated_data, by=viewer(request), now=clock.now())
            return DeploymentSerializer(row).data, is_new

        return _take(request.data, "deployments", take)


def _take(data: Any, name: str, take: Callable[[object], tuple[Any, bool]]) -> Response:
    """Take one item, or each of a list by itself: 400 only where nothing could be taken."""
    items = data.get(name) if isinstance(data, dict) and set(data) == {name} else data
    if not isinstance(items, list):
        body, is_new = _told(take, items)
        return Response(body, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)
    if not 1 <= len(items) <= AT_MOST:
        raise serializers.ValidationError({name: [f"Send 1 to {AT_MOST} at once, not {len(items)}."]})
    accepted, repeated, too_late, rejected = 0, 0, 0, []
    for index, item in enumerate(items):
        try:
            body, is_new = _told(take, item)
        except serializers.ValidationError as error:
            rejected.append({"index": index, "errors": error.detail})
        else:
            accepted, repeated = accepted + is_new, repeated + (not is_new)
            too_late += body.get("counts") is False
    answer = status.HTTP_200_OK if accepted or repeated else status.HTTP_400_BAD_REQUEST
    return Response({"accepted": accepted, "repeated": repeated, "too_late": too_late, "rejected": rejected}, answer)


def _told(take: Callable[[object], tuple[Any, bool]], item: object) -> tuple[Any, bool]:
    if not isinstance(item, dict):
        raise serializers.ValidationError(
            {"detail": ["Send an object with the fields that are named here: see the schema."]}
        )
    try:
        return take(item)
    except services.Refused as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from None
