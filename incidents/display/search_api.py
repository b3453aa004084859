"""An edge: the search for other programs."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS
from incidents.display import search_kinds
from incidents.display.search_found import Hit
from incidents.display.search_kinds import NAMES, PAGE
from incidents.display.search_words import Part, question
from oncall.people.viewer import viewer
from rotations.schedule.shapes import InstantField


class AskedSerializer(serializers.Serializer[Any]):
    """`q`: words or their beginnings, “a phrase”, -word, or; a number of an incident, a short name, a key, an id, a
    whole title. `kind`: only of one kind, 20 to a page.
    """

    q = serializers.CharField(required=False, allow_blank=True, default="", trim_whitespace=False)
    kind = serializers.ChoiceField(choices=[(name, name) for name in NAMES], required=False)
    page = serializers.IntegerField(min_value=1, max_value=1000, default=1)


class HitSerializer(serializers.Serializer[Any]):
    """Something found. All text is plain. `exact`: it is what was asked for by its name, number, key or id."""

    kind = serializers.ChoiceField(choices=[(name, name) for name in NAMES])
    title = serializers.CharField()
    url = serializers.CharField(help_text="Its page here, from the root of this portal.")
    states = serializers.ListField(child=serializers.CharField(), help_text="Such as SEV-2, firing, has left.")
    about = serializers.CharField()
    at = InstantField(allow_null=True, help_text="When it was declared or fired; null: it has no instant.")
    excerpts = serializers.ListField(child=serializers.CharField(), help_text="Where the words stand in it.")
    exact = serializers.BooleanField()


class AnswerSerializer(serializers.Serializer[Any]):
    """What answers, the best first within its kind. `counts`: how many of each kind, counted up to 500."""

    counts = serializers.DictField(child=serializers.IntegerField())
    more = serializers.BooleanField(help_text="Whether there is another page of this kind, or more of some kind.")
    results = HitSerializer(many=True)


class Search(APIView):
    """Search over what the caller may see, as the box on every screen does. Without `kind`: a few of each."""

    @extend_schema(parameters=[AskedSerializer], responses={200: AnswerSerializer} | ERRORS)
    def get(self, request: Request) -> Response:
        wanted = AskedSerializer(data={key: _plain(str(value)) for key, value in request.query_params.items()})
        wanted.is_valid(raise_exception=True)
        said = wanted.validated_data
        only = said.get("kind", "")
        groups = search_kinds.search(question(said["q"]), person=viewer(request), only=only, page=said["page"])
        shown = [group for group in groups if not only or group.kind.name == only]
        beyond = bool(only) and any((said["page"] - 1) * PAGE >= max(group.count, 1) for group in shown)
        results = [] if beyond else [_shape(group.kind.name, hit) for group in shown for hit in group.hits]
        answer = {
            "counts": dict.fromkeys(NAMES, 0) | {group.kind.name: group.count for group in groups},
            "more": any(group.more for group in shown) and not beyond,
            "results": results,
        }
        return Response(AnswerSerializer(answer).data)


def _plain(text: str) -> str:
    """Return a question as text that may be a field: what cannot be searched is a blank in it."""
    return "".join(" " if letter == "\x00" or "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _shape(kind: str, hit: Hit) -> dict[str, Any]:
    return {
        "kind": kind,
        "title": _text(hit.title),
        "url": hit.url,
        "states": [word for _, word in hit.badges],
        "about": hit.about,
        "at": hit.at,
        "excerpts": [_text(excerpt.parts) for excerpt in hit.excerpts],
        "exact": hit.exact,
    }


def _text(parts: tuple[Part, ...]) -> str:
    return " ".join("".join(part.text for part in parts).split())
