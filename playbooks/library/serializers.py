"""Playbooks as programs see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from playbooks.library import queries
from playbooks.library.models import Playbook
from playbooks.library.parsing import LONGEST
from playbooks.library.render import html


class BranchSerializer(serializers.Serializer[Any]):
    """`target`: the number of a step, the slug of a playbook, the outcome in words; empty to declare an incident."""

    answer = serializers.ChoiceField(choices=["yes", "no"])
    kind = serializers.ChoiceField(choices=["step", "playbook", "declare", "end"])
    target = serializers.CharField(allow_blank=True)


class StepSerializer(serializers.Serializer[Any]):
    """`text` is Markdown, `html` what a page may show of it; `pages`: the skills in `page`, one by one. An answer
    without a branch goes on with the next step, and so does one that declares an incident.
    """

    number = serializers.IntegerField()
    title = serializers.CharField()
    who = serializers.CharField(allow_blank=True)
    minutes = serializers.IntegerField(allow_null=True)
    page = serializers.CharField(allow_blank=True)
    pages = serializers.ListField(child=serializers.CharField())
    needs = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    html = serializers.SerializerMethodField()
    commands = serializers.ListField(child=serializers.CharField())
    branches = BranchSerializer(many=True)

    def get_html(self, step: Any) -> str:
        return html(step.text)


LINE = (
    "id", "slug", "title", "products", "alarms", "owner_team", "steps", "revision", "reviewed_at", "reviewed_by",
    "retired_at",
)  # fmt: skip


class PlaybookLineSerializer(serializers.ModelSerializer[Playbook]):
    """One line of the list. `steps` counts them, `revision` is the newest."""

    owner_team = serializers.CharField(source="owner_team.slug", default=None, allow_null=True, read_only=True)
    reviewed_by = serializers.CharField(source="reviewed_by.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Playbook
        fields = LINE
        read_only_fields = LINE


class PlaybookSerializer(PlaybookLineSerializer):
    """A playbook: `source` is its Markdown with front matter, `steps` the same as data."""

    steps = serializers.SerializerMethodField()
    source = serializers.SerializerMethodField()  # type: ignore[assignment]  # a field here, an argument of fields there

    class Meta:
        model = Playbook
        fields = (*LINE, "source")
        read_only_fields = (*LINE, "source")

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, playbook: Playbook) -> Any:
        return StepSerializer(queries.sheet_of(playbook).steps, many=True).data

    def get_source(self, playbook: Playbook) -> str:
        return queries.current(playbook).source


class ReviseSerializer(serializers.Serializer[Any]):
    """`revision`: the one that was edited; if another is newer, nothing is written and the answer is 409."""

    source = serializers.CharField(max_length=LONGEST, trim_whitespace=False)  # type: ignore[assignment]
    revision = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    message = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class CreateSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=40)
    source = serializers.CharField(max_length=LONGEST, trim_whitespace=False)  # type: ignore[assignment]
    message = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
