"""Shapes of reviews for other programs (api.md). Instants in UTC."""

from typing import Any, get_args

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from incidents.alarms.models import Cause
from incidents.command.serializers import LARGEST, InvolvedSerializer, person_field
from incidents.reviews import drafting, impact
from incidents.reviews.models import ActionItem, Review
from incidents.reviews.states import STATES, Move
from oncall.people.models import Team
from oncall.work.api import TeamField
from rotations.schedule.shapes import InstantField

TRACKERS = ["jira", "github"]


class ReviewSerializer(serializers.Serializer[Review]):
    """A review. `incident` is a number; `version` counts changes of its text and state; `due_at` null: optional."""

    incident = serializers.IntegerField(source="incident.number")
    title = serializers.CharField(source="incident.title")
    severity = serializers.IntegerField(source="incident.severity")
    state = serializers.CharField(help_text=f"One of: {', '.join(STATES)}.")
    owner = InvolvedSerializer(allow_null=True)
    due_at = InstantField(allow_null=True)
    cause = serializers.CharField(help_text=f"One of: {', '.join(Cause.values)}; empty: nobody has said.")
    version = serializers.IntegerField()
    drafted_at = InstantField()
    reviewed_at = InstantField(allow_null=True)
    closed_at = InstantField(allow_null=True)
    published_at = InstantField(allow_null=True)
    link = serializers.CharField(source="path")


class ReviewActionSerializer(serializers.Serializer[ActionItem]):
    """Something to be done: `owner` or `team`. `ticket_state`: of one that is made by us; null: nobody asked."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.CharField(help_text=f"One of: {', '.join(ActionItem.Kind.values)}.")
    owner = InvolvedSerializer(allow_null=True)
    team = serializers.CharField(source="team.slug", default=None, allow_null=True, help_text="Its slug.")
    due_on = serializers.DateField()
    done = serializers.BooleanField(source="is_done")
    ticket = serializers.CharField()
    ticket_name = serializers.CharField()
    ticket_state = serializers.CharField(source="request.state", default=None, allow_null=True)
    ticket_error = serializers.CharField(source="request.error_text", default="")


class OneReviewSerializer(ReviewSerializer):
    """With its text by section, its figures as drafted and as counted again, what differs, and its actions."""

    content = serializers.DictField(child=serializers.CharField(allow_blank=True))
    figures = serializers.JSONField()
    figures_at = InstantField()
    recounted = serializers.JSONField(allow_null=True)
    recounted_at = InstantField(allow_null=True)
    changed = serializers.SerializerMethodField()
    reviewers = InvolvedSerializer(many=True, source="reviewers.all")
    actions = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_changed(self, review: Review) -> list[str]:
        if review.recounted is None:
            return []
        return [f"{words}: {was} → {now}" for words, was, now in impact.changed(review.figures, review.recounted)]

    @extend_schema_field(ReviewActionSerializer(many=True))
    def get_actions(self, review: Review) -> Any:
        rows: Any = review.actions.select_related("owner", "team", "work", "request")
        return ReviewActionSerializer(rows, many=True).data


class DraftReviewSerializer(serializers.Serializer[Any]):
    """`owner`: left out, whoever had command last."""

    owner = person_field(required=False, allow_null=True, default=None)


class EditReviewSerializer(serializers.Serializer[Any]):
    """The sections to write anew. `version`: of the review as it was seen; if it has changed since: 409."""

    version = serializers.IntegerField(min_value=1, max_value=LARGEST)
    content = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=drafting.LONGEST),
        required=False,
        default=dict,
        help_text=f"By section: {', '.join(drafting.NAMES)}.",
    )
    cause = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=40, default=None,
        help_text=f"One of: {', '.join(Cause.values)}; empty: nobody has said.",
    )  # fmt: skip


class PressReviewSerializer(serializers.Serializer[Any]):
    move = serializers.ChoiceField(choices=list(get_args(Move)))
    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None)


class ReviewOwnersSerializer(serializers.Serializer[Any]):
    """Left out: as they are."""

    owner = person_field(required=False, allow_null=True, default=None)
    reviewers = person_field(many=True, required=False)


class CountReviewSerializer(serializers.Serializer[Any]):
    """When the effect really began and ended; null or left out: as the incident says."""

    starts_at = InstantField(required=False, allow_null=True, default=None)
    ends_at = InstantField(required=False, allow_null=True, default=None)


class PublishReviewSerializer(serializers.Serializer[Any]):
    """What everybody is to read; left out: what the review says, without names. `withdraw`: take it back."""

    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    content = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=drafting.LONGEST), required=False, default=dict
    )
    version = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False, allow_null=True, default=None)
    withdraw = serializers.BooleanField(default=False)


class NewActionSerializer(serializers.Serializer[Any]):
    """`owner` or `team` (its slug). `ticket`: the address of one that is there already."""

    title = serializers.CharField(max_length=200)
    kind = serializers.CharField(max_length=20, help_text=f"One of: {', '.join(ActionItem.Kind.values)}.")
    due_on = serializers.DateField()
    owner = person_field(required=False, allow_null=True, default=None)
    team = TeamField(slug_field="slug", queryset=Team.objects.all(), required=False, allow_null=True, default=None)
    ticket = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")


class ChangeActionSerializer(serializers.Serializer[Any]):
    """What is to be otherwise. `done`: it is done. `make_ticket_in`: have a ticket made there, once."""

    title = serializers.CharField(max_length=200, required=False)
    kind = serializers.CharField(max_length=20, required=False)
    due_on = serializers.DateField(required=False)
    owner = person_field(required=False)
    team = TeamField(slug_field="slug", queryset=Team.objects.all(), required=False)
    ticket = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    done = serializers.BooleanField(required=False, default=False)
    make_ticket_in = serializers.CharField(
        max_length=10, required=False, help_text=f"One of: {', '.join(TRACKERS)}, if it is set up."
    )


@extend_schema_field(OpenApiTypes.OBJECT)
class ReportField(serializers.JSONField):
    """A report as it was frozen."""


class PublishedReviewSerializer(serializers.Serializer[Review]):
    """A report for everybody, without names."""

    incident = serializers.IntegerField(source="incident.number")
    published_at = InstantField()
    link = serializers.CharField(source="public_path")
    report = ReportField(source="published")
