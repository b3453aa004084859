"""The quality of rotations, for programs: lengths are whole seconds."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rotations.coverage import quality_queries
from rotations.coverage.api import ERRORS, NameSerializer
from rotations.coverage.quality import SECOND, seconds
from rotations.coverage.quality_queries import LONGEST, PersonQuality, Quality, ScheduleBalance
from rotations.schedule.models import ROLES, Schedule
from rotations.schedule.shapes import InstantField


class QualityQuery(serializers.Serializer[Any]):
    """`from` is a Python word, so the fields are made by hand."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(help_text="What lies in [from, to) counts."),
            "to": InstantField(help_text=f"At most {LONGEST.days} days after `from`."),
            "schedule": serializers.UUIDField(required=False, help_text="Only this schedule."),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["to"] <= attrs["from"]:
            raise ValidationError({"to": ["Must be after `from`."]})
        if attrs["to"] - attrs["from"] > LONGEST:
            raise ValidationError({"to": [f"At most {LONGEST.days} days after `from`. Ask for a shorter span."]})
        return attrs


class HoursShape(serializers.Serializer[Any]):
    on_call_s = serializers.IntegerField(help_text="In several tiers at once counts once.")
    after_midnight_s = serializers.IntegerField(help_text="From 00:00 to 07:00 on the person's clock.")
    weekend_s = serializers.IntegerField()
    holiday_s = serializers.IntegerField(help_text="On public holidays of the person's country.")


class MonthShape(HoursShape):
    month = serializers.CharField(help_text="YYYY-MM on the person's clock.")


class PersonShape(HoursShape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    holidays = serializers.CharField(help_text="Whose; empty where none are known.")
    shadow_s = serializers.IntegerField(help_text="As a shadow: told, not paged, and in no other column.")
    months = MonthShape(many=True)


class SpanShape(serializers.Serializer[Any]):
    starts_at = InstantField()
    ends_at = InstantField()


class GapShape(SpanShape):
    schedule = NameSerializer()
    skill = serializers.CharField(source="schedule.skill")
    people = serializers.IntegerField(help_text="How many are on call.")
    at_least = serializers.IntegerField(source="schedule.at_least")
    signed_by = serializers.CharField(source="signed.by.name", allow_null=True, default=None)


class SurplusShape(SpanShape):
    schedule = NameSerializer()
    people = serializers.IntegerField()
    at_most = serializers.IntegerField(source="schedule.at_most")


class MissingShape(SpanShape):
    schedule = NameSerializer()
    person = NameSerializer()
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])


class DoubleShape(serializers.Serializer[Any]):
    person = NameSerializer()
    tiers = serializers.ListField(child=serializers.CharField(), source="double.tiers")
    starts_at = InstantField(source="double.starts_at")
    ends_at = InstantField(source="double.ends_at")


class ShareShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    weight = serializers.IntegerField(help_text="0: in no order, a cover.")
    on_call_s = serializers.IntegerField()
    fair_s = serializers.IntegerField()


class BalanceShape(serializers.Serializer[Any]):
    schedule = NameSerializer()
    spread = serializers.FloatField(
        allow_null=True, help_text="The busiest over the least busy, by weight; null if somebody has none."
    )
    people = ShareShape(many=True)


class QualityAnswer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": InstantField(source="starts_at"),
            "to": InstantField(source="ends_at"),
            "people": PersonShape(many=True),
            "gaps": GapShape(many=True),
            "unknown": NameSerializer(many=True, help_text="Schedules whose gaps nobody can tell: no site observes."),
            "surplus": SurplusShape(many=True),
            "missing": MissingShape(many=True),
            "double_booked": DoubleShape(many=True),
            "balance": BalanceShape(many=True),
        }


class QualityView(APIView):
    """Who has how many hours, where nobody is, who is in two places."""

    @extend_schema(
        operation_id="quality",
        summary="Hours per person and month, gaps, surplus, double-booked tiers and balance of a span",
        parameters=[QualityQuery],
        responses={200: QualityAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request) -> Response:
        query = QualityQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        schedule = None
        if "schedule" in asked:
            schedule = Schedule.objects.filter(pk=asked["schedule"]).first()
            if schedule is None:
                raise ValidationError({"schedule": ["There is no schedule with that id."]})
        found = quality_queries.quality(start=asked["from"], end=asked["to"], schedule=schedule)
        return Response(QualityAnswer(_shown(found)).data)


def _shown(found: Quality) -> dict[str, Any]:
    return {**found.__dict__, "people": [_person(one) for one in found.people], "balance": _balance(found.balances)}


def _person(one: PersonQuality) -> dict[str, Any]:
    return {
        "id": one.person.pk,
        "name": one.person.name,
        "time_zone": one.person.time_zone,
        "holidays": one.holidays_of,
        **seconds(one.hours),
        "shadow_s": one.shadow // SECOND,
        "months": [{"month": f"{month:%Y-%m}", **seconds(hours)} for month, hours in one.months.items()],
    }


def _balance(found: list[ScheduleBalance]) -> list[dict[str, Any]]:
    return [
        {
            "schedule": one.schedule,
            "spread": one.balance.spread,
            "people": [
                {
                    "id": one.people[share.person].pk,
                    "name": one.people[share.person].name,
                    "weight": share.weight,
                    "on_call_s": share.had // SECOND,
                    "fair_s": share.fair // SECOND,
                }
                for share in one.balance.shares
            ],
        }
        for one in found
    ]
