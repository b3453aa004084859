"""Burden, for programs: one's own, and that of whoever else one may see."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oncall import clock
from oncall.people import access
from oncall.people.models import Person, Team
from rotations.burden import queries
from rotations.burden.burden import WORDS, Part, rounded
from rotations.burden.queries import Carried
from rotations.coverage.api import ERRORS, NameSerializer
from rotations.coverage.quality_queries import LONGEST
from rotations.schedule.models import Schedule
from rotations.schedule.shapes import InstantField

PLACES = 4  # after the point; a weight has as many


class BurdenQuery(serializers.Serializer[Any]):
    """`from` is a Python word, so the fields are made by hand."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(required=False, help_text="What lies in [from, until) counts; 90 days when left out."),
            "until": InstantField(required=False, help_text=f"Now when left out; {LONGEST.days} days of it at most."),
            "team": serializers.CharField(required=False, help_text="Only members of the team with this slug."),
            "schedule": serializers.UUIDField(required=False, help_text="Only people of this schedule."),
        }


class PartShape(serializers.Serializer[Any]):
    name = serializers.ChoiceField(choices=list(WORDS))
    words = serializers.CharField()
    amount_s = serializers.IntegerField(allow_null=True, help_text="Whole seconds; null where pages are counted.")
    pages = serializers.IntegerField(allow_null=True, help_text="Null where time is counted.")
    weight = serializers.FloatField(help_text="Of an hour, or of a page.")
    product = serializers.FloatField()


class CarriedShape(serializers.Serializer[Any]):
    person = NameSerializer()
    number = serializers.FloatField(help_text=f"The sum of the products, to {PLACES} places, in hours-equivalent.")
    weight = serializers.IntegerField(help_text="Turns a round; 0: in no order.")
    share = serializers.FloatField(
        allow_null=True, help_text="Beside a fair share by weight of all results; null where nothing would be fair."
    )
    parts = PartShape(many=True)


class BurdenAnswer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(),
            "until": InstantField(),
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": CarriedShape(many=True),
        }


class BurdenView(APIView):
    """How much each person carried, and of what it is made."""

    @extend_schema(
        operation_id="burden",
        summary="One number per person from hours by class, call-outs and pages while asleep",
        parameters=[BurdenQuery],
        responses={200: BurdenAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, Person)  # IsAuthenticated
        query = BurdenQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked, now = query.validated_data, clock.now()
        usual = queries.usual_span(now)
        end = asked.get("until") or (asked["from"] + usual if "from" in asked else now)
        start = asked.get("from") or end - usual
        if end <= start:
            raise ValidationError({"until": ["Must be after `from`."]})
        if end - start > LONGEST:
            raise ValidationError({"until": [f"At most {LONGEST.days} days after `from`. Ask for a shorter span."]})
        visible = access.people_whose_burden_is_visible(request.user, now=now)
        team, schedule = _team(asked.get("team")), _schedule(asked.get("schedule"))
        found = queries.carried(visible, start=start, end=end, now=now, team=team, schedule=schedule)
        results = [_carried(one) for one in found]
        answer = {"from": start, "until": end, "next": None, "previous": None, "results": results}
        return Response(BurdenAnswer(answer).data)


def _team(slug: str | None) -> Team | None:
    if slug is None:
        return None
    team = Team.objects.filter(slug=slug).first()
    if team is None:
        raise ValidationError({"team": ["There is no team with that slug."]})
    return team


def _schedule(pk: UUID | None) -> Schedule | None:
    if pk is None:
        return None
    schedule = Schedule.objects.filter(pk=pk).first()
    if schedule is None:
        raise ValidationError({"schedule": ["There is no schedule with that id."]})
    return schedule


def _carried(one: Carried) -> dict[str, Any]:
    return {
        "person": one.person,
        "number": rounded(one.burden.number, PLACES),
        "weight": one.weight,
        "share": None if one.share is None else rounded(one.share, PLACES),
        "parts": [_part(part) for part in one.burden.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    counts_pages = part.unit == "page"
    return {
        "name": part.name,
        "words": part.words,
        "amount_s": None if counts_pages else part.seconds,
        "pages": int(part.amount) if counts_pages else None,
        "weight": part.weight,
        "product": rounded(part.product, PLACES),
    }
