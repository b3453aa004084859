"""One call-out, for programs (api.md): explained, corrected, split, removed, stood down from."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from oncall import clock
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from rotations.changes.serializers import CHANGE, READ
from rotations.leave import call_out_queries, queries, services
from rotations.leave.call_out_shapes import CallOutDetailSerializer, Hours, Pause, Reason
from rotations.leave.models import CallOut


class CallOutView(APIView):
    """One call-out."""

    @extend_schema(
        operation_id="leave_call_out",
        summary="A call-out with its evidence, what was said about its hours, and what it earns",
        responses={200: CallOutDetailSerializer} | READ,
        tags=["leave"],
    )
    def get(self, request: Request, id: UUID) -> Response:
        """The address of one that became part of another answers with that one."""
        found = _found(request, id)
        return _answer(found.merged_into or found)


class CallOutCorrectView(APIView):
    @extend_schema(
        operation_id="leave_call_out_correct",
        summary="Say what the hours of a closed call-out really were; the ledger gets the difference",
        request=Hours,
        responses={200: CallOutDetailSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Evidence stays. Hours that were removed are put back by this."""
        return _change(request, id, Hours, services.correct)


class CallOutSplitView(APIView):
    @extend_schema(
        operation_id="leave_call_out_split",
        summary="Take a pause out of a closed call-out; answers with the part before it, which keeps the address",
        request=Pause,
        responses={200: CallOutDetailSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Evidence stays, with both parts."""
        return _change(request, id, Pause, services.split)


class CallOutRemoveView(APIView):
    @extend_schema(
        operation_id="leave_call_out_remove",
        summary="Count nothing for a closed call-out: it was a drill, or added by mistake",
        request=Reason,
        responses={200: CallOutDetailSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """Evidence and address stay; a correction puts hours back."""
        return _change(request, id, Reason, services.remove)


class CallOutStandDownView(APIView):
    @extend_schema(
        operation_id="leave_call_out_stand_down",
        summary="End one's own open call-out now, for all of its alarms",
        request=None,
        responses={200: CallOutDetailSerializer} | CHANGE,
        tags=["leave"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        """409 when it is over already."""
        asker, found = viewer(request), _found(request, id)
        if found.person_id != asker.pk:
            raise PermissionDenied(
                {"detail": [f"Only {found.person.name} can stand down. When it is over you may correct its hours."]}
            )
        current = queries.open_call_out(asker)
        if current is None or current.pk not in (found.pk, found.merged_into_id):
            raise Conflict({"detail": ["This call-out is over already. To change its hours, correct it."]})
        try:
            return _answer(services.stand_down(person=asker, now=clock.now()))
        except services.NotCalledOut as error:
            raise Conflict({"detail": [str(error)]}) from error


def checked(form: BaseSerializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    said: dict[str, Any] = form.validated_data
    return said


def refusal(error: services.CorrectionRefused) -> APIException:
    """Return the API's answer to a refusal: 400 at its field."""
    field = "detail" if error.field == "__all__" else error.field
    return ValidationError({field: [str(error)]})


def _change(request: Request, id: UUID, form: type[BaseSerializer[Any]], verb: Callable[..., CallOut]) -> Response:
    found = _found(request, id)
    said = checked(form(data=request.data))
    try:
        return _answer(verb(call_out=found, by=viewer(request), now=clock.now(), **said))
    except services.CorrectionRefused as error:
        raise refusal(error) from error


def _found(request: Request, id: UUID) -> CallOut:
    return get_object_or_404(
        queries.call_outs_visible_to(viewer(request), now=clock.now()).select_related("merged_into__person"), pk=id
    )


def _answer(found: CallOut) -> Response:
    (shown,) = call_out_queries.explained([found], now=clock.now())
    return Response(CallOutDetailSerializer(shown).data)
