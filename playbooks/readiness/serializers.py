"""Results of checks and deployments as programs write and see them (api.md). Instants in UTC."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from oncall.people.instants import EARLIEST, LATEST
from playbooks.readiness import services, standing
from playbooks.readiness.addresses import is_address
from playbooks.readiness.models import Check, Deployment, Result
from playbooks.readiness.nights import NoSuchNight, read, written
from playbooks.readiness.queries import Board, Row

GREATEST = 9999  # a check's number


class Words(serializers.CharField):
    """A text that the database can keep. Where it may be left out, null is the same."""

    default_error_messages = {"unreadable": "Holds a character that is none. Send UTF-8."}

    def __init__(self, **kwargs: Any) -> None:
        may_miss: dict[str, Any] = {"allow_null": True, "allow_blank": True, "default": ""}
        super().__init__(**(kwargs if kwargs.get("required", True) else may_miss | kwargs))

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, self.get_default()) if data is None and self.allow_null else super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if any("\ud800" <= char <= "\udfff" for char in text):
            self.fail("unreadable")
        return text


class LinkField(Words):
    """An address on the web, or nothing."""

    default_error_messages = {"no_link": "Send an address that begins with https:// or http://, or leave it out."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=1000, required=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        link = super().to_internal_value(data)
        if link and not is_address(link):
            self.fail("no_link")
        return link


@extend_schema_field({"type": "string", "pattern": r"^\d{8}$", "example": "20270323"})
class NightField(serializers.Field[Any, Any, str, Any]):
    """A night as YYYYMMDD, its date at UTC-12."""

    def to_representation(self, value: Any) -> str:
        return written(value)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, str | int):
            raise serializers.ValidationError("Write a night as YYYYMMDD, the date at UTC-12, such as 20270320.")
        try:
            return read(str(data)[:20])
        except (NoSuchNight, ValueError) as error:
            raise serializers.ValidationError(str(error)) from None


@extend_schema_field(
    {"oneOf": [{"type": "integer", "minimum": 1, "maximum": GREATEST}, {"type": "string"}], "example": "raws-upload"}
)
class CheckField(serializers.Field[Any, Any, str, Any]):
    """A check by its number or its short name."""

    def to_representation(self, value: Any) -> str:
        return str(value.name)

    def to_internal_value(self, data: Any) -> Any:
        text = str(data).strip()[:60] if isinstance(data, str | int) and not isinstance(data, bool) else ""
        if text.isascii() and text.isdigit() and len(text) <= len(str(GREATEST)):
            found = Check.objects.filter(number=int(text)).first()
        else:
            found = Check.objects.filter(name=text).first() if text.isascii() and text.isprintable() else None
        if found is None:
            shown = "".join(char for char in text if char.isascii() and char.isprintable())
            raise serializers.ValidationError(
                f"No check is called “{shown}”. Send a number such as 4, or a short name such as raws-upload; "
                "the page Readiness lists them."
            )
        return found


@extend_schema_field({"type": "string", "format": "date-time", "example": "2027-03-23T17:05:00Z"})
class AtField(serializers.DateTimeField):
    """An instant with its offset, from 1990 to 2099; answered in UTC."""

    default_error_messages = {
        "invalid": "Write an instant such as 2027-03-20T23:45:00Z.",
        "no_offset": "Say in which zone: end it with Z for UTC or with an offset such as -07:00.",
        "range": "Write an instant between 1990 and 2099.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not value.isprintable() or len(value) > 60:
            self.fail("invalid")
        instant = super().to_internal_value(value)
        if not EARLIEST <= instant < LATEST:
            self.fail("range")
        return instant.astimezone(UTC)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        return super().enforce_timezone(value)


class ReportSerializer(serializers.Serializer[Any]):
    """What a check found. `check`: its number or short name; `version`: of what was tried; `detail`: in words."""

    night = NightField()
    check = CheckField()
    result = serializers.ChoiceField(
        choices=Result.Outcome.choices, error_messages={"invalid_choice": "Send pass or fail."}
    )
    version = Words(max_length=120, required=False)
    link = LinkField()
    detail = Words(max_length=4000, required=False)


class ResultSerializer(serializers.Serializer[Result]):
    id = serializers.UUIDField()
    night = NightField(source="day_obs")
    check = CheckField(source="of")
    number = serializers.IntegerField(source="of.number")
    result = serializers.ChoiceField(choices=Result.Outcome.choices)
    version = serializers.CharField()
    link = serializers.CharField()
    detail = serializers.CharField()
    at = AtField()
    by = serializers.CharField(source="by.name")
    by_hand = serializers.BooleanField()


class TakenResultSerializer(ResultSerializer):
    """A result as it was taken. `counts`: false where its night was over, as `why_not` says."""

    counts = serializers.SerializerMethodField()
    why_not = serializers.SerializerMethodField()

    def get_counts(self, row: Result) -> bool:
        return not services.why_not(row)

    def get_why_not(self, row: Result) -> str:
        return services.why_not(row)


class DeploySerializer(serializers.Serializer[Any]):
    """A deployment. `at`: when it went into use, now when left out; `who`: in your words, else the token's owner."""

    service = Words(max_length=120)
    version = Words(max_length=120)
    at = AtField(required=False, allow_null=True, default=None)
    who = Words(max_length=120, required=False)
    link = LinkField()


class DeploymentSerializer(serializers.ModelSerializer[Deployment]):
    at = AtField()
    received_at = AtField()

    class Meta:
        model = Deployment
        fields = ("id", "service", "version", "at", "who", "link", "received_at")


class RejectedSerializer(serializers.Serializer[Any]):
    """An item of a list that was not taken: its place, from 0, and what is wrong with which field."""

    index = serializers.IntegerField()
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]  # a field here, a property there


class TakenSerializer(serializers.Serializer[Any]):
    """What came of a list. `repeated`: known already, and changed nothing; `too_late`: how many of both are results for
    a night that was over, and count for nothing.
    """

    accepted = serializers.IntegerField()
    repeated = serializers.IntegerField()
    too_late = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)


class WaiverSerializer(serializers.Serializer[Any]):
    by = serializers.CharField(source="by.name")
    why = serializers.CharField()
    until = AtField()


class CheckStandingSerializer(serializers.Serializer[Row]):
    """How a check stands before a night. `was`: what it would be without its waiver. `word`: in words, also with what
    deployed version it was not tried.
    """

    number = serializers.IntegerField(source="check.number")
    check = serializers.CharField(source="check.name")
    title = serializers.CharField(source="check.title")
    state = serializers.ChoiceField(choices=standing.STATES, source="standing.state")
    was = serializers.ChoiceField(choices=standing.STATES, source="standing.was")
    word = serializers.CharField()
    owner = serializers.CharField(source="check.owner_team.name", default=None, allow_null=True)
    waiver = WaiverSerializer(allow_null=True)
    result = ResultSerializer(allow_null=True, source="newest")


class NightStandingSerializer(serializers.Serializer[Board]):
    """How a night stands: pass, waived (PASS with waiver), fail, pending, unknown. Due times are null where it was
    never planned.
    """

    night = NightField()
    verdict = serializers.ChoiceField(choices=standing.VERDICT_NAMES)
    word = serializers.CharField()
    morning_due = AtField(source="plan.morning_due", default=None, allow_null=True)
    evening_due = AtField(source="plan.evening_due", default=None, allow_null=True)
    sunset = AtField(source="plan.sunset", default=None, allow_null=True)
    close_of_work = AtField(source="plan.close_of_work", default=None, allow_null=True)
    checks = CheckStandingSerializer(many=True, source="rows")
