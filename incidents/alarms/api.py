"""An edge: alarms for other programs (api.md): list, raise, read. What people do to one is in `work_api.py`."""

from datetime import datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms import queries, services
from incidents.alarms.models import PEOPLE, Alarm, Cause
from incidents.escalation.models import EscalationPolicy
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.parsers import is_text
from oncall.people.viewer import viewer
from rotations.schedule.shapes import InstantField

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"title": ["This field is required."]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there, or not yours to see."),
}


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    """An alarm. `next_due` is when the next step comes, or when the acknowledgement lapses or the snooze ends.

    Snoozed is an acknowledged alarm with `snoozed_until`, by whoever has it.
    """

    acknowledged_by = serializers.CharField(
        source="acknowledged_by.name", default=None, allow_null=True, read_only=True
    )
    acknowledged_by_id = serializers.UUIDField(read_only=True, allow_null=True)
    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {DateTimeField: InstantField}

    class Meta:
        model = Alarm
        fields = (
            "id", "title", "state", "severity", "cycle", "version", "key", "source", "description", "labels", "link",
            "product", "stage", "playbook", "cause", "fired_at", "acknowledged_at", "acknowledged_by",
            "acknowledged_by_id", "snoozed_until", "resolved_at", "next_due", "count",
        )  # fmt: skip


class PolicyField(serializers.SlugRelatedField[EscalationPolicy]):
    """A policy by its name."""

    def to_internal_value(self, data: Any) -> EscalationPolicy:
        if not is_text(data):  # the database would refuse to look for it
            self.fail("invalid")
        return super().to_internal_value(data)


class RaiseSerializer(serializers.Serializer[Any]):
    """What to raise. Only what fires needs a `title`; without `key` each is an alarm of its own."""

    title = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    key = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    severity = serializers.IntegerField(min_value=1, max_value=5, default=3)
    status = serializers.ChoiceField(choices=["firing", "resolved"], default="firing")
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=10_000)
    labels = serializers.DictField(child=serializers.CharField(max_length=1000), required=False, default=dict)
    link = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    product = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    policy = PolicyField(
        slug_field="name", queryset=EscalationPolicy.objects.all(), required=False, allow_null=True, default=None
    )

    def validate_labels(self, value: dict[str, str]) -> dict[str, str]:
        if not all(is_text(key) for key in value):
            raise serializers.ValidationError(
                "A label's name holds a NUL or half a surrogate pair. Leave the character out."
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["status"] == "resolved" and not attrs["key"]:
            raise serializers.ValidationError({"key": ["Missing. Only a key says which alarm to resolve."]})
        if attrs["status"] == "firing" and not attrs["title"]:
            raise serializers.ValidationError({"title": ["Missing. Say in a few words what is wrong."]})
        return attrs


class InstantFormField(forms.Field):
    """The API's rule for instants, where a filter wants a form's field."""

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            instant: datetime = InstantField().run_validation(value)
        except serializers.ValidationError as error:
            raise ValidationError([str(one) for one in error.detail]) from None
        return instant


class InstantFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = InstantFormField


class AlarmFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`state` may also be open: firing or acknowledged. `since`: fired at or after this instant."""

    state = django_filters.ChoiceFilter(
        choices=[("open", "open"), *Alarm.State.choices],
        method="by_state",
        label="open, firing, acknowledged or resolved",
    )
    severity = django_filters.NumberFilter(min_value=1, max_value=5)
    product = django_filters.CharFilter(max_length=120, method="by_product", label="It, or anything below it")
    source = django_filters.UUIDFilter(field_name="source_id")
    stage = django_filters.CharFilter(max_length=40)
    cause = django_filters.ChoiceFilter(choices=Cause.choices)
    since = InstantFilter(field_name="fired_at", lookup_expr="gte")

    class Meta:
        model = Alarm
        fields = ("state", "severity", "product", "source", "stage", "cause", "since")

    def by_state(self, rows: Any, name: str, value: str) -> Any:
        return rows.open() if value == "open" else rows.filter(state=value)

    def by_product(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(Q(product=value) | Q(product__startswith=value + "/"))


class NewestFirst(ByCursor):
    ordering: Any = ("-fired_at", "-id")


@extend_schema_view(get=extend_schema(responses={200: AlarmSerializer(many=True)} | ERRORS))
class Alarms(generics.ListAPIView[Alarm]):
    """GET lists alarms, newest first. POST raises one."""

    serializer_class = AlarmSerializer
    filterset_class = AlarmFilter
    pagination_class = NewestFirst

    queryset = Alarm.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return Alarm.objects.visible_to(viewer(self.request)).select_related("acknowledged_by")

    @extend_schema(request=RaiseSerializer, responses={201: AlarmSerializer, 200: AlarmSerializer} | ERRORS)
    def post(self, request: Request) -> Response:
        """Raise an alarm, count a repeat of an open one with the same key (200), or resolve it."""
        form = RaiseSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, now, person = form.validated_data, clock.now(), viewer(request)
        if data["status"] == "resolved":
            alarm = Alarm.objects.open().filter(source_id=PEOPLE, key=data["key"]).first()
            if alarm is None:
                raise serializers.ValidationError({"key": [f"No open alarm has the key “{data['key']}”."]})
            return Response(AlarmSerializer(services.resolve(alarm=alarm, by=person, now=now)).data)
        firing = services.Firing(
            title=data["title"],
            severity=data["severity"],
            source_id=PEOPLE,
            source=person.name,
            key=data["key"],
            description=data["description"],
            labels=data["labels"],
            link=data["link"],
            product=data["product"],
        )
        alarm = services.fire(firing=firing, policy=data["policy"], now=now, by=person)
        fresh = alarm.count == 1
        return Response(AlarmSerializer(alarm).data, status.HTTP_201_CREATED if fresh else status.HTTP_200_OK)


@extend_schema_view(get=extend_schema(responses={200: AlarmSerializer} | ERRORS))
class OneAlarm(generics.RetrieveAPIView[Alarm]):
    """One alarm."""

    serializer_class = AlarmSerializer
    lookup_field = "id"
    queryset = Alarm.objects.none()

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return Alarm.objects.visible_to(viewer(self.request)).select_related("acknowledged_by")


class LineSerializer(serializers.Serializer[queries.Line]):
    at = InstantField()
    kind = serializers.CharField()
    person = serializers.CharField()
    person_id = serializers.UUIDField(allow_null=True)
    text = serializers.CharField()
    page_id = serializers.UUIDField(allow_null=True)
    why = serializers.CharField(help_text="Of a page: why this person, why now.")
    because = serializers.JSONField(allow_null=True, help_text="The same as data: policy, step, schedule, shift.")


class TimelineSerializer(serializers.Serializer[Any]):
    """In the shape of every list; it comes whole, so there is never a next one."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = LineSerializer(many=True)


class Timeline(APIView):
    @extend_schema(responses={200: TimelineSerializer} | ERRORS)
    def get(self, request: Request, id: UUID) -> Response:
        """Every page, attempt, answer and change, oldest first."""
        alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), id=id)
        lines = queries.timeline(alarm)
        return Response(TimelineSerializer({"next": None, "previous": None, "results": lines}).data)
