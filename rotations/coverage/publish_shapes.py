"""The public shapes of rotations, drafts and what publishing them changes (api.md)."""

from typing import Any

from rest_framework import serializers

from oncall import clock
from rotations.coverage import publish, review
from rotations.schedule import drafts
from rotations.schedule.models import Draft, Role, Rotation
from rotations.schedule.reading import MovedBody, PlaceBody, RotationBody, ScheduleBody, printable
from rotations.schedule.shapes import InstantField
from rotations.schedule.spec import BadSpec, rotation_as_json, rotation_spec


class SignatureBody(serializers.Serializer[Any]):
    """Why gaps may stay: needed where the schedule promises what it does not keep."""

    signature = serializers.CharField(
        max_length=publish.LONGEST_REASON, required=False, allow_blank=True, default="", validators=[printable]
    )


class RotationWriteBody(RotationBody):
    """A rotation of a schedule, published at once."""

    schedule = serializers.UUIDField()
    signature = serializers.CharField(
        max_length=publish.LONGEST_REASON, required=False, allow_blank=True, default="", validators=[printable],
        help_text="Why gaps may stay.",
    )  # fmt: skip


class PlaceAnswer(PlaceBody):
    name = serializers.CharField()


class RotationAnswer(serializers.Serializer[Rotation]):
    """A rotation: one layer of its schedule."""

    id = serializers.UUIDField()
    schedule = serializers.UUIDField()
    role = serializers.ChoiceField(choices=Role.values)
    level = serializers.IntegerField()
    name = serializers.CharField()
    time_zone = serializers.CharField()
    unit = serializers.ChoiceField(choices=Rotation.Unit.values)
    every = serializers.IntegerField()
    first_on = serializers.DateField()
    handoff_time = serializers.CharField(help_text="HH:MM on the wall clock of the time zone.")
    weekdays = serializers.ListField(child=serializers.IntegerField())
    window = serializers.CharField(allow_null=True)
    at_once = serializers.IntegerField()
    order = serializers.ChoiceField(choices=Rotation.Order.values)
    team = serializers.CharField(allow_null=True)
    people = PlaceAnswer(many=True)
    moved = MovedBody(many=True)

    def to_representation(self, instance: Rotation) -> dict[str, Any]:
        names = {str(place.person_id): place.person.name for place in instance.participants.all()}
        found = rotation_as_json(rotation_spec(instance))
        people = [{**place, "name": names[place["person"]]} for place in found["people"]]
        return {"id": found["id"], "schedule": str(instance.schedule_id), **found, "people": people}


class ChangeAnswer(serializers.Serializer[Any]):
    """What one person gains and loses within a year, in seconds."""

    person = serializers.UUIDField(source="person.pk")
    name = serializers.CharField(source="person.name")
    role = serializers.CharField()
    gained_s = serializers.SerializerMethodField()
    lost_s = serializers.SerializerMethodField()
    first_starts_at = InstantField(help_text="The first span that changes hands.")
    first_ends_at = InstantField()

    def get_gained_s(self, change: review.PersonChange) -> int:
        return round(change.gained_time.total_seconds())

    def get_lost_s(self, change: review.PersonChange) -> int:
        return round(change.lost_time.total_seconds())


class GapAnswer(serializers.Serializer[Any]):
    """So many people are on call, and that is not as promised."""

    starts_at = InstantField()
    ends_at = InstantField()
    people = serializers.IntegerField()


class ReviewAnswer(serializers.Serializer[Any]):
    """What it changes within a year. `gaps`: too few people, and nobody had signed for it; `over`: too many."""

    changes = ChangeAnswer(many=True)
    gaps = GapAnswer(many=True)
    over = GapAnswer(many=True)


class RotationChangedAnswer(RotationAnswer):
    """The rotation as it is now, or was, and what that changed within a year."""

    changes = ChangeAnswer(many=True)
    gaps = GapAnswer(many=True)
    over = GapAnswer(many=True)


class DraftAnswer(serializers.Serializer[Draft]):
    """What a schedule would become. `stale`: its rules changed since, so it must be drawn anew."""

    id = serializers.UUIDField()
    schedule = serializers.UUIDField(source="schedule_id")
    by = serializers.CharField(source="by.name")
    created_at = InstantField()
    published_at = InstantField(allow_null=True)
    discarded_at = InstantField(allow_null=True)
    stale = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()

    def get_stale(self, draft: Draft) -> bool:
        return draft.published_at is None and draft.discarded_at is None and drafts.is_stale(draft)

    def get_body(self, draft: Draft) -> dict[str, Any]:
        return {key: value for key, value in draft.body.items() if key != drafts.DRAWN_FROM}


class DraftReviewAnswer(DraftAnswer):
    """A draft, and what publishing it would change; null when it is closed or could not be published any more."""

    review = serializers.SerializerMethodField()

    def get_review(self, draft: Draft) -> dict[str, Any] | None:
        if draft.published_at or draft.discarded_at:
            return None
        try:
            return dict(ReviewAnswer(review.review(draft, now=clock.now())).data)
        except BadSpec:
            return None


class DraftWriteBody(serializers.Serializer[Any]):
    schedule = serializers.UUIDField()
    body = ScheduleBody()


class PublishedAnswer(ReviewAnswer):
    id = serializers.UUIDField(help_text="Of the schedule.")
