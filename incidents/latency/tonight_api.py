"""An edge: the latency of now and what each rule says, for programs and displays."""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.latency import rule_queries
from incidents.latency.models import Rule
from incidents.latency.rules import BLIND, FIRES, QUIET
from incidents.latency.tonight import WORDS
from oncall import clock
from oncall.limits import queries as limits


class RuleNowSerializer(serializers.Serializer[Any]):
    """A rule of latency. `says`: `blind` where it cannot know; `stands`: it fired, and is not over."""

    kind = serializers.ChoiceField(choices=Rule.Kind.choices, source="rule.kind")
    mode = serializers.ChoiceField(choices=Rule.Mode.choices, source="rule.mode")
    waived_until = serializers.DateTimeField(source="rule.waived_until", allow_null=True)
    says = serializers.ChoiceField(choices=[QUIET, FIRES, BLIND])
    why = serializers.CharField()
    stands = serializers.BooleanField()
    severity = serializers.IntegerField(allow_null=True, help_text="1 to 5, while it stands; else null.")
    since = serializers.DateTimeField(allow_null=True)


class TonightSerializer(serializers.Serializer[Any]):
    """The latency of now. It is `unknown` where the rules were not asked lately or nothing fresh was heard."""

    state = serializers.ChoiceField(choices=sorted(WORDS))
    word = serializers.CharField(help_text="As displays show it: SENDING, LATE, NOT SENDING, NOT EXPECTED, UNKNOWN.")
    text = serializers.CharField(help_text="Why, in words.")
    since = serializers.DateTimeField(allow_null=True)
    data_at = serializers.DateTimeField(allow_null=True, help_text="When the summit was last heard.")
    looked_at = serializers.DateTimeField(allow_null=True, help_text="When the rules were last asked.")
    visits = serializers.IntegerField(help_text="Eligible visits of the last half hour that are decided.")
    in_time = serializers.IntegerField(help_text="Those of them that were in time.")
    rules = RuleNowSerializer(many=True)


class TonightView(APIView):
    """The latency of now, and the rules behind it."""

    @extend_schema(
        operation_id="latency_tonight",
        summary="Whether alerts go out for the images of now, and what each rule says",
        responses={
            200: TonightSerializer,
            401: OpenApiResponse(description="Not signed in."),
            403: OpenApiResponse(description="Signed in, but not allowed."),
        },
        tags=["latency"],
    )
    def get(self, request: Request) -> Response:
        now = clock.now()
        said = rule_queries.said(now=now, limits=limits.at(now))
        state = said.tonight()
        shown: dict[str, Any] = vars(state) | {"word": state.word}
        shown["rules"] = [said.of(rule) for rule in rule_queries.rules(now=now)]
        return Response(TonightSerializer(shown).data)
