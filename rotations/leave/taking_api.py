"""Leave taken, for programs (api.md)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import exceptions, serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes.serializers import CHANGE, READ, DayField
from rotations.changes.words import whole_days
from rotations.coverage.api import NameSerializer
from rotations.leave import accounts, queries, taking
from rotations.leave.call_out_shapes import ReasonField
from rotations.leave.models import LeaveRequest
from rotations.schedule.shapes import InstantField


class WorkPiece(serializers.Serializer[Any]):
    """A piece of work time that the leave takes."""

    starts_at = InstantField()
    ends_at = InstantField()
    local_date = serializers.DateField()
    seconds = serializers.IntegerField(help_text="That are charged: zero in a morning off.")
    free = serializers.CharField(required=False, help_text="Why it is not charged; left out where it is.")


class RequestSerializer(serializers.Serializer[LeaveRequest]):
    """`seconds`: of the person's work calendar within the span, when it was asked."""

    id = serializers.UUIDField()
    person = NameSerializer()
    starts_at = InstantField()
    ends_at = InstantField()
    seconds = serializers.IntegerField()
    slices = serializers.SerializerMethodField()
    note = serializers.CharField()
    state = serializers.ChoiceField(choices=LeaveRequest.State.values)
    by = NameSerializer()
    asked_at = InstantField()
    agreed_at = InstantField(allow_null=True, help_text="When the person said yes to what somebody else asked for.")
    decided_by = NameSerializer(allow_null=True)
    decided_at = InstantField(allow_null=True)
    answer = serializers.CharField()
    ended_at = InstantField(allow_null=True)
    absence = serializers.UUIDField(source="absence_id", allow_null=True)

    @extend_schema_field(WorkPiece(many=True))
    def get_slices(self, asked: LeaveRequest) -> Any:
        return asked.slices  # kept as shown


class RequestFilter(serializers.Serializer[Any]):
    """Without `person` and `everybody`: one's own."""

    person = serializers.UUIDField(required=False, help_text="Whose. 404 when not yours to see.")
    everybody = serializers.BooleanField(default=False, help_text="True: of everybody who is yours to see.")
    state = serializers.ChoiceField(choices=LeaveRequest.State.values, required=False)


class LeaveWanted(serializers.Serializer[Any]):
    """A span by instants, or by whole days on the person's own calendar. Without `person` it is whoever asks."""

    person = serializers.UUIDField(required=False)
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    first_day = DayField(required=False)
    last_day = DayField(required=False)
    note = ReasonField(max_length=taking.MOST_WORDS, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        days = "first_day" in attrs or "last_day" in attrs
        if days and ("starts_at" in attrs or "ends_at" in attrs):
            raise serializers.ValidationError({"first_day": ["Write either days or instants, not both."]})
        wanted = ("first_day", "last_day") if days else ("starts_at", "ends_at")
        missing = [name for name in wanted if name not in attrs]
        if missing:
            raise serializers.ValidationError(
                {name: ["Write starts_at and ends_at, or first_day and last_day."] for name in missing}
            )
        if days and attrs["last_day"] < attrs["first_day"]:
            raise serializers.ValidationError({"last_day": ["The last day is before the first. Swap them."]})
        return attrs


class Answer(serializers.Serializer[Any]):
    answer = ReasonField(max_length=taking.MOST_WORDS, required=False, allow_blank=True, default="")


class Refusal(serializers.Serializer[Any]):
    answer = ReasonField(max_length=taking.MOST_WORDS, help_text="Why not.")


class MayReason(serializers.Serializer[Any]):
    reason = ReasonField(max_length=taking.MOST_WORDS, required=False, allow_blank=True, default="")


class NotTaken(serializers.Serializer[Any]):
    """How much was not taken: `seconds`, or all work time after `since`. `taken_s`: as it stood when looked at."""

    seconds = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    since = InstantField(required=False)
    taken_s = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, required=False, help_text="What counts as taken now; 409 if it does not."
    )
    reason = ReasonField(max_length=taking.MOST_WORDS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("seconds" in attrs) == ("since" in attrs):
            raise serializers.ValidationError({"seconds": ["Write either seconds or since."]})
        return attrs


class Nothing(serializers.Serializer[Any]):
    """Nothing is asked."""


class LatestFirst(ByCursor):
    ordering: Any = ("-starts_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="leave_requests",
        summary="Requests for leave, latest first",
        parameters=[RequestFilter],
        responses={200: RequestSerializer(many=True)} | READ,
        tags=["leave"],
    )
)
class RequestsView(ListAPIView[LeaveRequest]):
    """GET lists requests. POST asks for leave."""

    queryset = LeaveRequest.objects.none()
    serializer_class = RequestSerializer
    pagination_class = LatestFirst
    filter_backends = ()

    def get_queryset(self) -> QuerySet[LeaveRequest]:
        actor, now = viewer(self.request), clock.now()
        asked = RequestFilter(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        found = accounts.requests_visible_to(actor, now=now)
        if "person" in wanted:
            found = found.filter(person=_visible(actor, wanted["person"]))
        elif not wanted["everybody"]:
            found = found.filter(person=actor)
        return found.filter(state=wanted["state"]) if "state" in wanted else found

    @extend_schema(
        operation_id="leave_request_ask",
        summary="Ask for leave from the approved balance",
        request=LeaveWanted,
        responses={201: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request) -> Response:
        actor, now = viewer(request), clock.now()
        form = LeaveWanted(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        person = _visible(actor, asked["person"]) if "person" in asked else actor
        if "first_day" in asked:
            start, end = whole_days(asked["first_day"], asked["last_day"], zone=person.zone)
        else:
            start, end = asked["starts_at"], asked["ends_at"]
        try:
            made = taking.ask(person=person, by=actor, starts_at=start, ends_at=end, note=asked["note"], now=now)
        except taking.LeaveRefused as error:
            raise _refusal(error) from error
        return Response(RequestSerializer(made).data, status.HTTP_201_CREATED)


class RequestView(APIView):
    """One request."""

    @extend_schema(
        operation_id="leave_request",
        summary="One request for leave",
        responses={200: RequestSerializer} | READ,
        tags=["leave"],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(RequestSerializer(_request(request, id)).data)


class ApproveView(APIView):
    @extend_schema(
        operation_id="leave_request_approve",
        summary="Approve leave; nobody their own",
        request=Answer,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """It is taken from the account and becomes an absence. Twice changes nothing."""
        return _do(request, id, taking.approve, Answer)


class RefuseView(APIView):
    @extend_schema(
        operation_id="leave_request_refuse",
        summary="Refuse leave, and say why; nobody their own",
        request=Refusal,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Twice changes nothing."""
        return _do(request, id, taking.refuse, Refusal)


class WithdrawView(APIView):
    @extend_schema(
        operation_id="leave_request_withdraw",
        summary="Take back what was asked and not answered",
        request=None,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Twice changes nothing."""
        return _do(request, id, taking.withdraw, Nothing)


class CancelView(APIView):
    @extend_schema(
        operation_id="leave_request_cancel",
        summary="Break approved leave off: what is left of it goes back to the account",
        request=MayReason,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """The absence ends now. Twice changes nothing."""
        return _do(request, id, taking.cancel, MayReason)


class AgreeView(APIView):
    @extend_schema(
        operation_id="leave_request_agree",
        summary="Say yes to leave that somebody else asked for; only the person",
        request=None,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Then whoever asked may approve it alone. Twice changes nothing."""
        return _do(request, id, taking.agree, Nothing)


class GiveBackView(APIView):
    @extend_schema(
        operation_id="leave_request_give_back",
        summary="Give leave back that was not taken; managers, nobody their own",
        request=NotTaken,
        responses={200: RequestSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Of leave that is over or was broken off; before its end, what lies in a morning off."""
        return _do(request, id, taking.give_back, NotTaken)


def _do(
    request: Request, id: UUID, verb: Callable[..., LeaveRequest], shape: type[serializers.Serializer[Any]]
) -> Response:
    found = _request(request, id)
    said = shape(data=request.data)
    said.is_valid(raise_exception=True)
    try:
        verb(request=found, by=viewer(request), now=clock.now(), **said.validated_data)
    except taking.LeaveRefused as error:
        raise _refusal(error) from error
    return Response(RequestSerializer(_request(request, id)).data)


def _request(request: Request, id: UUID) -> LeaveRequest:
    return get_object_or_404(accounts.requests_visible_to(viewer(request), now=clock.now()), pk=id)


def _visible(actor: Person, id: UUID) -> Person:
    person = queries.visible_people(actor, now=clock.now()).filter(pk=id).first()
    if person is None:
        raise exceptions.NotFound("There is nobody with that id whose leave you may see.")
    return person


def _refusal(error: taking.LeaveRefused) -> exceptions.APIException:
    field = "detail" if error.field == "__all__" else error.field
    if error.conflict:
        return Conflict({field: [str(error)]})
    if isinstance(error, taking.NotYours):
        return exceptions.PermissionDenied({"detail": [str(error)]})
    return exceptions.ValidationError({field: [str(error)]})
