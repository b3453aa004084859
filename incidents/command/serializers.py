"""Shapes of incidents for other programs (api.md). Instants in UTC."""

from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.alarms.models import Alarm
from incidents.command import queries, returning, services
from incidents.command.lifecycle import STATES, Move
from incidents.command.models import CommandOffer, Entry, Incident, RoleAssignment
from incidents.command.roles import ROLES
from incidents.command.ticks import Tick
from incidents.command.timeline import Line
from oncall.people.models import Person
from rotations.schedule.models import Schedule
from rotations.schedule.shapes import InstantField

LARGEST = 2_147_483_647  # what the column of a number holds
SAYABLE = [*services.SAYABLE, Entry.Kind.UPDATE]


class InvolvedSerializer(serializers.Serializer[Person]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class IncidentSerializer(serializers.Serializer[Incident]):
    """An incident. `number` is what people call it; `merged_into` is a number; `version` counts its changes."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    summary = serializers.CharField()
    severity = serializers.IntegerField(min_value=1, max_value=5)
    state = serializers.CharField(help_text=f"One of: {', '.join(sorted(STATES))}.")
    product = serializers.CharField()
    declared_at = InstantField()
    declared_by = InvolvedSerializer(allow_null=True, help_text="Null: a rule did.")
    impact_starts_at = InstantField(allow_null=True)
    resolved_at = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)
    merged_into = serializers.IntegerField(source="merged_into.number", allow_null=True, default=None)
    restricted = serializers.BooleanField()
    room = serializers.CharField()
    reopened = serializers.IntegerField()
    version = serializers.IntegerField()
    link = serializers.CharField(source="path")


class IncidentRoleSerializer(serializers.Serializer[RoleAssignment]):
    role = serializers.ChoiceField(choices=list(ROLES))
    person = InvolvedSerializer()
    since = InstantField(source="starts_at")
    until = InstantField(source="ends_at", allow_null=True)
    by = InvolvedSerializer(allow_null=True, help_text="Null: a rule did.")
    why = serializers.CharField()


class TickSerializer(serializers.Serializer[Tick]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name, not the field's own label
    at = InstantField(allow_null=True)
    todo = serializers.CharField(help_text="What to do about it; empty: it has happened.")


class CommandOfferSerializer(serializers.Serializer[CommandOffer]):
    id = serializers.UUIDField()
    giver = InvolvedSerializer(allow_null=True, help_text="Null: nobody has command.")
    to = InvolvedSerializer()
    why = serializers.CharField()
    brief = serializers.CharField()
    asked_at = InstantField()


class CombinedSerializer(serializers.Serializer[Any]):
    person = InvolvedSerializer()
    roles = serializers.ListField(child=serializers.ChoiceField(choices=list(ROLES)))


class OneIncidentSerializer(IncidentSerializer):
    """With its roles, the four ticks of a beginning, the offer of command that waits, its alarms, what may be pressed
    (`moves`), who has several roles although it is major (`combined`), and the alarms that came back after it was over
    (`returned`): reopen it, or declare another.
    """

    roles = serializers.SerializerMethodField()
    ticks = serializers.SerializerMethodField()
    offer = serializers.SerializerMethodField()
    alarms = serializers.SerializerMethodField()
    moves = serializers.SerializerMethodField()
    combined = serializers.SerializerMethodField()
    returned = serializers.SerializerMethodField()

    @extend_schema_field(IncidentRoleSerializer(many=True))
    def get_roles(self, incident: Incident) -> Any:
        rows: Any = queries.roles_now(incident)
        return IncidentRoleSerializer(rows, many=True).data

    @extend_schema_field(TickSerializer(many=True))
    def get_ticks(self, incident: Incident) -> Any:
        four: Any = queries.four_ticks(incident)
        return TickSerializer(four, many=True).data

    @extend_schema_field(CommandOfferSerializer(allow_null=True))
    def get_offer(self, incident: Incident) -> Any:
        found = queries.open_offer(incident)
        return CommandOfferSerializer(found).data if found else None

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_alarms(self, incident: Incident) -> Any:
        return [str(pk) for pk in queries.alarms_of(incident).values_list("pk", flat=True)]

    def get_moves(self, incident: Incident) -> list[str]:
        return list(services.may(incident))

    @extend_schema_field(CombinedSerializer(many=True))
    def get_combined(self, incident: Incident) -> Any:
        found = [{"person": person, "roles": [one.role for one in many]} for person, many in queries.combined(incident)]
        return CombinedSerializer(found, many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_returned(self, incident: Incident) -> Any:
        return [str(alarm.pk) for alarm in returning.returned(incident)]


class SaidSerializer(serializers.Serializer[Any]):
    """The incident as it is now, and what speaks against what was done."""

    incident = OneIncidentSerializer()
    warnings = serializers.ListField(child=serializers.CharField())


class IncidentLineSerializer(serializers.Serializer[Line]):
    """One thing that happened: a line of the incident (`nth`), or of one of its alarms (`alarm`).

    `corrects` and `corrected_by` are such numbers; `written_at` is null where it was written as it happened.
    """

    key = serializers.CharField(help_text="The same line has the same key, should it come twice.")
    nth = serializers.IntegerField(allow_null=True)
    at = InstantField()
    written_at = InstantField(allow_null=True)
    kind = serializers.CharField()
    person = serializers.CharField(help_text="Empty: this system.")
    text = serializers.CharField()
    url = serializers.CharField()
    corrects = serializers.IntegerField(allow_null=True)
    corrected_by = serializers.ListField(child=serializers.IntegerField())
    picture = serializers.UUIDField(allow_null=True)
    alarm = serializers.UUIDField(source="alarm_id", allow_null=True)
    page = serializers.UUIDField(source="page_id", allow_null=True)


class IncidentTimelineSerializer(serializers.Serializer[Any]):
    """In the shape of every list, whole; `cursor` is what to ask `?after=` with, for what comes later."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    cursor = serializers.CharField()
    results = IncidentLineSerializer(many=True)


def person_field(**kwargs: Any) -> "serializers.PrimaryKeyRelatedField[Person]":
    return serializers.PrimaryKeyRelatedField(
        queryset=Person.objects.active(), pk_field=serializers.UUIDField(), **kwargs
    )


class WhySerializer(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class DeclareSerializer(serializers.Serializer[Any]):
    """What to declare: a title, or an alarm whose title it takes. As bad as the worst alarm, at least.

    `restricted`: only whom it names sees it (R43).
    """

    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    severity = serializers.IntegerField(min_value=1, max_value=5, default=3)
    summary = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")
    product = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    impact_starts_at = InstantField(required=False, allow_null=True, default=None)
    restricted = serializers.BooleanField(default=False)
    alarms = serializers.ListField(child=serializers.UUIDField(), max_length=100, required=False, default=list)


class VersionSerializer(serializers.Serializer[Any]):
    """`version`: of the incident as it was seen; if it has changed since, the answer is 409. Left out: as it is."""

    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None)
    why = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class MoveSerializer(VersionSerializer):
    """`into`: of a merge, the number of the incident that goes on."""

    move = serializers.ChoiceField(choices=list(get_args(Move)))
    into = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None)


class SeveritySerializer(VersionSerializer):
    severity = serializers.IntegerField(min_value=1, max_value=5)


class TakeSerializer(WhySerializer):
    """`person`: who is to have the role; left out: whoever asks."""

    role = serializers.ChoiceField(choices=list(ROLES))
    person = person_field(required=False, allow_null=True, default=None)


class AskSerializer(WhySerializer):
    to = person_field()
    brief = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class CommandAnswerSerializer(serializers.Serializer[Any]):
    accept = serializers.BooleanField()


class EntrySerializer(serializers.Serializer[Any]):
    """A line to write. `corrects`: the number (`nth`) of the line that a correction corrects. `at`: when it happened,
    if earlier. `key`: of the press, so that one sent twice is one line.
    """

    kind = serializers.ChoiceField(choices=SAYABLE, default=Entry.Kind.NOTE)
    text = serializers.CharField(max_length=20_000)
    at = InstantField(required=False, allow_null=True, default=None)
    corrects = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None)
    key = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class DetailsSerializer(serializers.Serializer[Any]):
    """What is to be otherwise; what is left out stays. `room`: an address, https or http. `version`: as below."""

    title = serializers.CharField(max_length=200, required=False)
    summary = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    room = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    impact_starts_at = InstantField(required=False, allow_null=True)
    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True)


class RestrictedSerializer(serializers.Serializer[Any]):
    """Whether only whom it names may see it (R43). To open it again says why."""

    restricted = serializers.BooleanField()
    why = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class LinkSerializer(serializers.Serializer[Any]):
    alarm = serializers.PrimaryKeyRelatedField(queryset=Alarm.objects.all(), pk_field=serializers.UUIDField())


class CallSerializer(serializers.Serializer[Any]):
    """Whom to call in: one of the three."""

    skill = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    schedule = serializers.PrimaryKeyRelatedField(
        queryset=Schedule.objects.all(),
        pk_field=serializers.UUIDField(),
        required=False,
        allow_null=True,
        default=None,
    )
    person = person_field(required=False, allow_null=True, default=None)
    why = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class NameSerializer(WhySerializer):
    """`why`: needed from the pilot or an administrator who does not see the incident."""

    person = person_field()
