"""Confirm, approve, ask back and dispute, for programs (api.md): the answer is the call-out as it stands then."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from rotations.changes.serializers import CHANGE
from rotations.leave import approving, call_out_queries, queries
from rotations.leave.call_out_shapes import CallOutSerializer, ReasonField
from rotations.leave.models import LedgerEntry

SEEN = "Seconds of leave at which it stood when you looked (`posted_s`); 409 if it moved since, and nothing is said."


class Figure(serializers.Serializer[Any]):
    """What is said of which figure, and words where one has some."""

    stands_s = serializers.IntegerField(min_value=-(2**31), max_value=2**31 - 1, help_text=SEEN)
    reason = ReasonField(max_length=approving.LONGEST, required=False, allow_blank=True, default="")


class Words(serializers.Serializer[Any]):
    stands_s = serializers.IntegerField(
        min_value=-(2**31), max_value=2**31 - 1, required=False, allow_null=True, default=None, help_text=SEEN
    )
    reason = ReasonField(max_length=approving.LONGEST)


class ConfirmView(APIView):
    @extend_schema(
        operation_id="call_out_confirm",
        summary="Say that one's own call-out is right as it stands",
        request=Figure,
        responses={200: CallOutSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Twice changes nothing. Asked back, it wants a `reason`: the answer."""
        return _say(request, id, approving.confirm, Figure)


class ApproveView(APIView):
    @extend_schema(
        operation_id="call_out_approve",
        summary="Let the credit of a confirmed call-out be taken; nobody their own",
        request=Figure,
        responses={200: CallOutSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Twice changes nothing. Disputed, it wants a `reason`."""
        return _say(request, id, approving.approve, Figure)


class AskBackView(APIView):
    @extend_schema(
        operation_id="call_out_ask_back",
        summary="Ask the person about a call-out; an approval of it holds no longer",
        request=Words,
        responses={200: CallOutSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """The same question twice is one."""
        return _say(request, id, approving.ask_back, Words)


class DisputeView(APIView):
    @extend_schema(
        operation_id="call_out_dispute",
        summary="Say what is wrong with one's own call-out; an approval of it holds no longer",
        request=Words,
        responses={200: CallOutSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """The same words twice are one dispute."""
        return _say(request, id, approving.dispute, Words)


def _say(
    request: Request,
    id: UUID,
    verb: Callable[..., LedgerEntry | None],
    shape: type[serializers.Serializer[Any]],
) -> Response:
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(actor, now=now), pk=id)
    said = shape(data=request.data)
    said.is_valid(raise_exception=True)
    try:
        verb(call_out=found, by=actor, now=now, **said.validated_data)
    except approving.ApprovalRefused as error:
        raise _refusal(error) from error
    found.refresh_from_db()
    (shown,) = call_out_queries.explained([found], now=now)
    return Response(CallOutSerializer(shown).data)


def _refusal(error: approving.ApprovalRefused) -> exceptions.APIException:
    field = "detail" if error.field == "__all__" else error.field
    if error.conflict:
        return Conflict({field: [str(error)]})
    if isinstance(error, approving.NotYours):
        return exceptions.PermissionDenied({"detail": [str(error)]})
    return exceptions.ValidationError({field: [str(error)]})
