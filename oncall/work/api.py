"""Work items, for programs."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Team
from oncall.people.parsers import is_text
from oncall.people.viewer import viewer
from oncall.work import services
from oncall.work.models import WorkItem

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"title": ["This field is required."]}}
REFUSALS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
LOST = REFUSALS | {409: OpenApiResponse(SHAPE, "It is done already; it says by whom and when.")}


class DueField(serializers.DateTimeField):
    """An instant with its offset, from 1990 to 2099; answered in UTC."""

    default_error_messages = {
        "invalid": "Write an instant such as 2027-03-20T23:45:00Z.",
        "no_offset": "Say in which zone: end it with Z for UTC or with an offset such as +01:00.",
        "range": "Write an instant between 1990 and 2099.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and not value.isprintable():  # Python reads some of these as instants
            self.fail("invalid")
        instant = super().to_internal_value(value)
        if not EARLIEST <= instant < LATEST:
            self.fail("range")
        return instant

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        return super().enforce_timezone(value)


class TeamField(serializers.SlugRelatedField[Team]):
    """A team by its slug."""

    default_error_messages = {"does_not_exist": "No team has the slug “{value}”. Leave it out, or name one that is."}

    def to_internal_value(self, data: Any) -> Team:
        if not is_text(data):
            self.fail("invalid")  # the database would refuse to look for it
        return super().to_internal_value(data)


class WorkItemSerializer(serializers.ModelSerializer[WorkItem]):
    """`url`: what it came from; `calendar`: whose working hours `due_at` is counted in. A `key` that is open already
    is brought up to date instead of opened twice.
    """

    key = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=10_000, required=False, allow_blank=True, default="")
    url = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    team = TeamField(slug_field="slug", queryset=Team.objects.all(), required=False, allow_null=True, default=None)
    due_at = DueField(required=False, help_text="Left out: the end of the team's next working day.")
    opened_at = DueField(read_only=True)
    changed_at = DueField(read_only=True)
    done_at = DueField(read_only=True, allow_null=True)
    done_by = serializers.CharField(source="done_by.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = WorkItem
        fields = (
            "id", "key", "title", "text", "origin", "url", "team", "calendar", "due_at", "ticket", "state", "count",
            "opened_at", "changed_at", "done_at", "done_by", "outcome",
        )  # fmt: skip
        read_only_fields = ("origin", "calendar", "ticket", "state", "count", "outcome")
        validators: list[Any] = []  # that a key is open already is no error


class DoneSerializer(serializers.Serializer[Any]):
    outcome = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ByDue(ByCursor):
    ordering = ("due_at", "id")


class WorkItems(generics.ListAPIView[WorkItem]):
    """GET lists work items by when they are due; POST opens one."""

    serializer_class = WorkItemSerializer
    pagination_class = ByDue
    queryset = WorkItem.objects.none()

    def get_queryset(self) -> QuerySet[WorkItem]:
        rows = WorkItem.objects.select_related("team", "done_by")
        state = self.request.query_params.get("state", "open")
        if state not in ("", "all", *WorkItem.State.values):
            raise serializers.ValidationError({"state": [f"“{state[:40]}” is no state. Ask for open, done or all."]})
        return rows if state in ("", "all") else rows.filter(state=state)

    @extend_schema(
        operation_id="work_items",
        parameters=[
            OpenApiParameter("state", OpenApiTypes.STR, enum=["open", "done", "all"], description="open when left out")
        ],
        responses={200: WorkItemSerializer(many=True)} | REFUSALS,
        tags=["work"],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="work_item_open",
        request=WorkItemSerializer,
        responses={201: WorkItemSerializer} | REFUSALS,
        tags=["work"],
    )
    def post(self, request: Request) -> Response:
        form = WorkItemSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        item = services.open_item(
            key=said["key"],
            title=said["title"],
            text=said["text"],
            url=said["url"],
            team=said["team"],
            due=said.get("due_at"),
            origin=viewer(request).name,
            now=clock.now(),
        )
        return Response(WorkItemSerializer(item).data, status.HTTP_201_CREATED)


class WorkItemView(APIView):
    @extend_schema(operation_id="work_item", responses={200: WorkItemSerializer} | REFUSALS, tags=["work"])
    def get(self, request: Request, id: UUID) -> Response:
        item = get_object_or_404(WorkItem.objects.select_related("team", "done_by"), pk=id)
        return Response(WorkItemSerializer(item).data)


class WorkItemDone(APIView):
    @extend_schema(
        operation_id="work_item_done",
        request=DoneSerializer,
        responses={200: WorkItemSerializer} | LOST,
        tags=["work"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        item = get_object_or_404(WorkItem, pk=id)
        form = DoneSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            done = services.close_item(
                item=item, by=viewer(request), outcome=form.validated_data["outcome"], now=clock.now()
            )
        except services.AlreadyDone as error:
            raise Conflict(str(error)) from error
        return Response(WorkItemSerializer(done).data)
