"""Overrides and absences as programs see them, and what they may ask for."""

from datetime import date, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from drf_spectacular.utils import OpenApiResponse, extend_schema_field
from rest_framework import exceptions, serializers

from oncall.people.errors import Conflict
from oncall.people.models import Person
from rotations.changes import queries
from rotations.changes.models import Absence, Override
from rotations.changes.refusals import NotAllowed, Refused
from rotations.changes.words import whole_days
from rotations.schedule.models import ROLES, Schedule
from rotations.schedule.shapes import InstantField

FIRST_DAY, LAST_DAY = date(1990, 1, 2), date(2099, 12, 30)
SHAPE = {
    "type": "object",
    "additionalProperties": {},
    "example": {"ends_at": ["An override must end after it starts."]},
}
READ: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there, or not yours to see."),
}
CHANGE = READ | {409: OpenApiResponse(SHAPE, "Somebody else was first, or it is over. It says who and when.")}


def refusal(error: Refused) -> exceptions.APIException:
    """Return the API's answer to a refusal: 409 for a lost race, 403 for whoever may not, else 400 at its field."""
    if error.conflict:
        return Conflict({"detail": [str(error)]})
    if isinstance(error, NotAllowed):
        return exceptions.PermissionDenied({"detail": [str(error)]})
    field = "detail" if error.field == "__all__" else error.field
    return exceptions.ValidationError({field: [str(error)]})


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


class SpanFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`from` and `to`: what touches `[from, to)`. `standing`: true for what nobody has cancelled; false: the rest."""

    standing = django_filters.BooleanFilter(field_name="cancelled_at", lookup_expr="isnull")

    @classmethod
    def get_filters(cls) -> Any:
        """`from` is a Python word, so these two are made by hand."""
        return super().get_filters() | {
            "from": InstantFilter(field_name="ends_at", lookup_expr="gt", label="What ends after this instant."),
            "to": InstantFilter(field_name="starts_at", lookup_expr="lt", label="What starts before this instant."),
        }


class OverrideFilter(SpanFilter):
    """`person`: whoever takes it."""

    schedule = django_filters.UUIDFilter(field_name="schedule_id")
    person = django_filters.UUIDFilter(field_name="person_id")

    class Meta:
        model = Override
        fields = ("schedule", "person", "standing")


class AbsenceFilter(SpanFilter):
    person = django_filters.UUIDFilter(field_name="person_id")

    class Meta:
        model = Absence
        fields = ("person", "standing")


class WhoSerializer(serializers.Serializer[Any]):
    """A person, briefly."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class WhichScheduleSerializer(serializers.Serializer[Any]):
    """A schedule, briefly."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class OverrideSerializer(serializers.Serializer[Override]):
    """`replaces` null: the person takes the role alone. It works from `effective_from` on and until `covers_until`."""

    id = serializers.UUIDField()
    schedule = WhichScheduleSerializer()
    role = serializers.ChoiceField(choices=[role.value for role in ROLES])
    person = WhoSerializer()
    replaces = WhoSerializer(allow_null=True)
    starts_at = InstantField()
    ends_at = InstantField()
    effective_from = InstantField()
    covers_until = InstantField()
    reason = serializers.CharField()
    by = WhoSerializer()
    swap = serializers.UUIDField(source="swap_id", allow_null=True)
    created_at = InstantField()
    cancelled_at = InstantField(allow_null=True)


def _person(**kwargs: Any) -> serializers.PrimaryKeyRelatedField[Person]:
    return serializers.PrimaryKeyRelatedField(queryset=Person.objects.all(), pk_field=serializers.UUIDField(), **kwargs)


class OverrideWanted(serializers.Serializer[Any]):
    """Who takes what. Without `person` it is whoever asks."""

    schedule = serializers.PrimaryKeyRelatedField(queryset=Schedule.objects.all(), pk_field=serializers.UUIDField())
    role = serializers.ChoiceField(choices=[role.value for role in ROLES], default="primary")
    person = _person(required=False)
    replaces = _person(required=False, allow_null=True, default=None, help_text="Null: the role alone.")
    starts_at = InstantField()
    ends_at = InstantField()
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class AbsenceSerializer(serializers.Serializer[Absence]):
    """`kind`, `note` and `source` are null for whoever may not see why: they see that somebody is absent.

    The context holds `viewer`, whether they `arranges`, and `rests_of` (queries.may_see_why).
    """

    id = serializers.UUIDField()
    person = WhoSerializer()
    starts_at = InstantField()
    ends_at = InstantField()
    effective_from = InstantField()
    covers_until = InstantField()
    kind = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()
    source = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field's own `source` is not this one
    created_at = InstantField()
    cancelled_at = InstantField(allow_null=True)

    @extend_schema_field({"type": "string", "enum": [*Absence.Kind.values, None], "nullable": True})
    def get_kind(self, absence: Absence) -> str | None:
        return absence.kind if self._sees(absence) else None

    @extend_schema_field({"type": "string", "nullable": True})
    def get_note(self, absence: Absence) -> str | None:
        return absence.note if self._sees(absence) else None

    @extend_schema_field({"type": "string", "enum": [*Absence.Source.values, None], "nullable": True})
    def get_source(self, absence: Absence) -> str | None:
        return absence.source if self._sees(absence) else None

    def _sees(self, absence: Absence) -> bool:
        about = {"arranges": self.context["arranges"], "rests_of": self.context["rests_of"]}
        return queries.may_see_why(self.context["viewer"], absence=absence, **about)


class DayField(serializers.DateField):
    default_error_messages = {"range": "Write a day from 1990-01-02 to 2099-12-30."}

    def to_internal_value(self, value: Any) -> date:
        day: date = super().to_internal_value(value)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail("range")
        return day


class AbsenceChange(serializers.Serializer[Any]):
    """A span by instants, or by whole days on the person's own calendar: `first_day` to `last_day`, both absent.

    The context holds the `person`; the answer always has `starts_at` and `ends_at`, unless `partial`.
    """

    kind = serializers.ChoiceField(choices=Absence.Kind.choices, default=Absence.Kind.LEAVE)
    starts_at = InstantField(required=False)
    ends_at = InstantField(required=False)
    first_day = DayField(required=False)
    last_day = DayField(required=False)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, last = attrs.pop("first_day", None), attrs.pop("last_day", None)
        if first or last:
            if "starts_at" in attrs or "ends_at" in attrs:
                raise serializers.ValidationError({"first_day": ["Write either days or instants, not both."]})
            first, last = first or last, last or first
            if last < first:
                raise serializers.ValidationError({"last_day": ["The last day is before the first. Swap them."]})
            person = attrs.get("person") or self.context["person"]
            attrs["starts_at"], attrs["ends_at"] = whole_days(first, last, zone=person.zone)
        missing = [name for name in ("starts_at", "ends_at") if name not in attrs]
        if missing and not self.partial:
            raise serializers.ValidationError(
                {name: ["Write an instant, or first_day and last_day."] for name in missing}
            )
        return attrs


class AbsenceWanted(AbsenceChange):
    """Without `person` it is whoever asks."""

    person = _person(required=False)
