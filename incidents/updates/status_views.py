"""An edge for everybody: the public status page. No sign-in, no session, nobody's name; copies may be kept a while."""

from datetime import UTC
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.updates import outlook
from incidents.updates.models import Stage
from incidents.updates.status import Published, Status, status
from oncall import clock
from oncall.limits import queries as limits
from rotations.schedule.shapes import InstantField

BADGES = {outlook.DISTURBED: "firing", outlook.UNKNOWN: "unknown", outlook.WORKING: "resolved", outlook.IDLE: ""}


def _now() -> Status:
    now = clock.now()
    return status(now=now, limits=limits.lately(now))


def _kept(said: Status) -> str:
    return f"public, max-age={int(said.fresh_for.total_seconds())}"


@login_not_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Draw it for nobody in particular: without the request, so that no name, menu or zone of a reader is in a copy."""
    said = _now()
    context = {"status": said, "badge": BADGES[said.outlook.state], "refresh_s": 60}
    with timezone.override(UTC):
        body = render_to_string("updates/status.html", context)
    return HttpResponse(body, headers={"Cache-Control": _kept(said)})


class PublicMessageSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    subject = serializers.CharField()
    text = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    sent_at = InstantField()
    next_at = InstantField(allow_null=True, help_text="When the next message was said to come.")


class PublishedSerializer(serializers.Serializer[Published]):
    """An incident as the public knows it. `subject`, `stage`: of its last message. One that is over, and has been for a
    day without a message that says so, has its last `stage` and `is_over`.
    """

    id = serializers.UUIDField()
    subject = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices, source="last.stage")
    first_at = InstantField()
    is_over = serializers.BooleanField()
    is_silent = serializers.BooleanField(help_text="No more is told of it from here for now, whatever was announced.")
    messages = PublicMessageSerializer(many=True, help_text="The newest first.")
    left_out = serializers.IntegerField(help_text="Earlier messages that are not in it.")


class StatusSerializer(serializers.Serializer[Status]):
    """The public status page. `unknown` is never well: it is said where something is not known, or late."""

    made_at = InstantField(help_text="An answer that is much older than fresh_for_s says nothing of now.")
    fresh_for_s = serializers.IntegerField(source="fresh_for.seconds")
    state = serializers.ChoiceField(choices=sorted(outlook.WORDS), source="outlook.state")
    word = serializers.CharField(source="outlook.word")
    text = serializers.CharField(source="outlook.text")
    current = PublishedSerializer(many=True)
    past = PublishedSerializer(many=True, help_text="Those of the last 30 days that are over.")
    left_out = serializers.IntegerField(help_text="Earlier ones of these 30 days that are not in it.")


class StatusView(APIView):
    """The public status page, for programs. No sign-in."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(operation_id="status", auth=[], responses={200: StatusSerializer}, tags=["status"])
    def get(self, request: Request) -> Response:
        """What was published of current incidents and of those of the last 30 days, and one word for now."""
        said = _now()
        return Response(StatusSerializer(said).data, headers={"Cache-Control": _kept(said)})
