"""Shapes of messages for other programs (docs/api.md). Instants in UTC."""

from typing import Any

from rest_framework import serializers

from incidents.updates.models import Audience, Stage, Template, Update
from incidents.updates.services import LONGEST_SUBJECT, LONGEST_TEXT
from oncall.people.models import Person
from rotations.schedule.shapes import InstantField

LARGEST = 2_147_483_647


class WriterSerializer(serializers.Serializer[Person]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ToldSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    addresses = serializers.IntegerField()


class UpdateSerializer(serializers.Serializer[Update]):
    """A message. `state`: draft, asked (it waits for the commander), sent or dropped; `told`: whom, once it is sent."""

    id = serializers.UUIDField()
    incident = serializers.IntegerField(source="incident.number")
    template = serializers.CharField(source="template_id", allow_null=True)
    state = serializers.ChoiceField(choices=Update.State.choices)
    subject = serializers.CharField()
    text = serializers.CharField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    next_at = InstantField(allow_null=True)
    to_page = serializers.BooleanField()
    audiences = serializers.SerializerMethodField()
    told = ToldSerializer(many=True)
    edition = serializers.IntegerField()
    written_at = InstantField()
    written_by = WriterSerializer()
    asked_at = InstantField(allow_null=True)
    sent_at = InstantField(allow_null=True)
    sent_by = WriterSerializer(allow_null=True)
    link = serializers.CharField(source="path")

    def get_audiences(self, update: Update) -> list[str]:
        return [str(one.pk) for one in update.audiences.all()]


class DraftSerializer(serializers.Serializer[Any]):
    """A message to write. `template` gives what is left out of subject, text and stage; `values` fills what is in
    braces, beside what is known of the incident. `key`: of the press, so that one sent twice is kept once.
    """

    template = serializers.PrimaryKeyRelatedField(
        queryset=Template.objects.filter(use=Template.Use.INCIDENT),
        pk_field=serializers.CharField(max_length=10),
        required=False,
        allow_null=True,
        default=None,
    )
    subject = serializers.CharField(max_length=LONGEST_SUBJECT, required=False, allow_blank=True, default="")
    text = serializers.CharField(max_length=LONGEST_TEXT, required=False, allow_blank=True, default="")
    values = serializers.DictField(child=serializers.CharField(max_length=1000), required=False, default=dict)
    stage = serializers.ChoiceField(choices=Stage.choices, required=False, allow_null=True, default=None)
    next_at = InstantField(required=False, allow_null=True, default=None)
    to_page = serializers.BooleanField(default=True)
    audiences = serializers.PrimaryKeyRelatedField(
        queryset=Audience.objects.active(),
        pk_field=serializers.UUIDField(),
        many=True,
        required=False,
        default=list,
    )
    key = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class ChangeSerializer(DraftSerializer):
    edition = serializers.IntegerField(min_value=1, max_value=LARGEST)


class EditionSerializer(serializers.Serializer[Any]):
    """`edition`: of the message as it was looked at; if it has changed since, the answer is 409."""

    edition = serializers.IntegerField(min_value=1, max_value=LARGEST)


class PreviewSerializer(serializers.Serializer[Any]):
    """`mail`: as it goes out, whole; `left`: what must be filled in before; `yes_of`: at whose press it goes out."""

    subject = serializers.CharField()
    mail = serializers.CharField()
    left = serializers.ListField(child=serializers.CharField())
    addresses = serializers.IntegerField()
    yes_of = WriterSerializer(allow_null=True, help_text="Null: whoever sends it.")


class TemplateSerializer(serializers.Serializer[Template]):
    code = serializers.CharField()
    name = serializers.CharField()
    use = serializers.ChoiceField(choices=Template.Use.choices)
    subject = serializers.CharField()
    text = serializers.CharField()
    stage = serializers.CharField(help_text="How it stands by this message; empty: as it was.")
    version = serializers.IntegerField()


class ChangeTemplateSerializer(serializers.Serializer[Any]):
    """`version`: of the template as it was read; if it has changed since, the answer is 409."""

    name = serializers.CharField(max_length=80)
    subject = serializers.CharField(max_length=200)
    text = serializers.CharField(max_length=LONGEST_TEXT)
    stage = serializers.ChoiceField(choices=Stage.choices, required=False, allow_blank=True, default="")
    version = serializers.IntegerField(min_value=1, max_value=LARGEST)


class AudienceSerializer(serializers.Serializer[Audience]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    addresses = serializers.ListField(child=serializers.CharField())
    hears_delays = serializers.BooleanField()
    kept_by = WriterSerializer()


class KeepAudienceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    addresses = serializers.ListField(child=serializers.CharField(max_length=300), min_length=1, max_length=200)
    hears_delays = serializers.BooleanField(default=False)


class TemplatesSerializer(serializers.Serializer[Any]):
    """In the shape of every list, whole."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = TemplateSerializer(many=True)


class AudiencesSerializer(serializers.Serializer[Any]):
    """In the shape of every list, whole."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AudienceSerializer(many=True)
