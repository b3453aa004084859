"""Runs of playbooks as programs see them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from playbooks.runs import queries
from playbooks.runs.counting import LONGEST_MIN
from playbooks.runs.folding import WORDS
from playbooks.runs.models import Run, StepOutcome

MOST = 2**31 - 1
LINE = (
    "id", "playbook", "revision", "parent", "alarm", "incident", "about", "url", "started_at", "started_by",
    "solved_step", "ended_at", "ended_by", "end", "missing",
)  # fmt: skip


class OutcomeSerializer(serializers.ModelSerializer[StepOutcome]):
    """What a step came to; the last of a step holds. `minutes`: null where nobody knows."""

    by = serializers.CharField(source="by.name", read_only=True)

    class Meta:
        model = StepOutcome
        fields = ("nth", "step", "title", "outcome", "minutes", "by", "at")
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run. `alarm`, `incident`: what it is about; both null: practice. `end`: empty while it is open."""

    playbook = serializers.CharField(source="playbook.slug", read_only=True)
    revision = serializers.IntegerField(source="revision.n", read_only=True)
    alarm = serializers.SerializerMethodField()
    incident = serializers.SerializerMethodField()
    started_by = serializers.CharField(source="started_by.name", read_only=True)
    ended_by = serializers.CharField(source="ended_by.name", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Run
        fields: tuple[str, ...] = LINE
        read_only_fields: tuple[str, ...] = LINE

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_alarm(self, run: Run) -> Any:
        tie = getattr(run, "tie", None)
        return str(tie.alarm_id) if tie and tie.alarm_id else None

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_incident(self, run: Run) -> int | None:
        tie = getattr(run, "tie", None)
        return tie.incident.number if tie and tie.incident else None


class StandingSerializer(serializers.Serializer[Any]):
    """How a step stands: `folded` does not apply after what was answered."""

    step = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=["done", "open", "folded"])


class OneRunSerializer(RunSerializer):
    """A run with its outcomes, all that were ever given, and how each step stands. `next`: the step to take now."""

    outcomes = OutcomeSerializer(many=True, read_only=True)
    steps = serializers.SerializerMethodField()
    next = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (*LINE, "outcomes", "steps", "next")
        read_only_fields = fields

    @extend_schema_field(StandingSerializer(many=True))
    def get_steps(self, run: Run) -> Any:
        sheet, states = queries.sheet_of(run), queries.fold_of(run).states
        return [{"step": one.number, "title": one.title, "state": states[one.number]} for one in sheet.steps]

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_next(self, run: Run) -> int | None:
        return queries.fold_of(run).next


class StartSerializer(serializers.Serializer[Any]):
    """`playbook`: its short name. `alarm` or `incident` (its number); without both it is practice."""

    playbook = serializers.CharField(max_length=40)
    alarm = serializers.UUIDField(required=False, allow_null=True, default=None)
    incident = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=MOST)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["alarm"] is not None and attrs["incident"] is not None:
            raise serializers.ValidationError({"incident": ["Name an alarm or an incident, not both."]})
        return attrs


class TickSerializer(serializers.Serializer[Any]):
    """`seen`: the `nth` of the outcome that is corrected, 0 for none: 409 if another holds by then. Left out:
    whichever. `minutes`: left out, the clock says it.
    """

    step = serializers.IntegerField(min_value=1, max_value=99)
    outcome = serializers.ChoiceField(choices=list(WORDS))
    minutes = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=LONGEST_MIN
    )
    seen = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=MOST)


class EndSerializer(serializers.Serializer[Any]):
    """`how`: written is as the playbook says; where that is “solved”, it is solved. `step`: which solved it; left
    out, the one that is marked. `missing`: what the playbook lacked.
    """

    how = serializers.ChoiceField(choices=["solved", "written", "failed"])
    step = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=99)
    missing = serializers.CharField(max_length=4000, required=False, allow_blank=True, default="")


class PageSerializer(serializers.Serializer[Any]):
    """`skill`: which, where the step names several."""

    step = serializers.IntegerField(min_value=1, max_value=99)
    skill = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
