"""The public shapes of visits, deliveries, nextVisits and survey blocks (api.md), as the schema draws them.

What comes in is read by `reading.py`, item by item; these serializers only say its shape and write what goes out.
"""

from typing import Any

from rest_framework import serializers

from incidents.latency.models import Delivery, SurveyBlock, Visit
from rotations.schedule.shapes import InstantField

WAIVED = ["template_gap", "engineering"]
MOST = 2_147_483_647


class VisitShape(serializers.Serializer[Any]):
    """A visit as it is reported. `visit_id` begins with its day_obs, the date at UTC-12 of the end of readout."""

    visit_id = serializers.IntegerField(min_value=199001010, max_value=209912319999999999)
    instrument = serializers.CharField(max_length=40)
    survey_block = serializers.CharField(max_length=60)
    band = serializers.CharField(max_length=10, allow_blank=True)
    end_readout = InstantField()
    on_sky = serializers.BooleanField()
    dome_open = serializers.BooleanField()
    expected_alerts = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST)
    waived = serializers.ChoiceField(choices=WAIVED, required=False, allow_null=True)


class DeliveryShape(serializers.Serializer[Any]):
    """What was sent for a visit, as it is reported. `ended` not said: complete where something was sent, else failed.

    The instants are there if and only if something was sent. `limit_s`: the reporting limit that the sender counted
    `sent_within_limit` by; not said: the limit in force.
    """

    visit_id = serializers.IntegerField(min_value=199001010, max_value=209912319999999999)
    sent = serializers.IntegerField(min_value=0, max_value=MOST)
    sent_within_limit = serializers.IntegerField(min_value=0, max_value=MOST)
    first_sent_at = InstantField(required=False, allow_null=True)
    last_sent_at = InstantField(required=False, allow_null=True)
    stage = serializers.ChoiceField(choices=Delivery.Stage.choices)
    ended = serializers.ChoiceField(choices=Delivery.Ended.choices, required=False, allow_null=True)
    waived = serializers.ChoiceField(choices=WAIVED, required=False, allow_null=True)
    limit_s = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=MOST)


class NextVisitShape(serializers.Serializer[Any]):
    """The telescope's word that a visit is coming; known by its `group_id`."""

    group_id = serializers.CharField(max_length=80)
    instrument = serializers.CharField(max_length=40)
    survey_block = serializers.CharField(max_length=60)
    announced_at = InstantField()
    visit_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=199001010, max_value=209912319999999999
    )


class VisitsShape(serializers.Serializer[Any]):
    visits = VisitShape(many=True)


class DeliveriesShape(serializers.Serializer[Any]):
    deliveries = DeliveryShape(many=True)


class NextVisitsShape(serializers.Serializer[Any]):
    next_visits = NextVisitShape(many=True)


class RejectedItemSerializer(serializers.Serializer[Any]):
    """The item at `index` was not taken; why, by field."""

    index = serializers.IntegerField()
    errors = serializers.DictField(  # type: ignore[assignment]  # a field of that name, not the errors of this one
        child=serializers.ListField(child=serializers.CharField())
    )


class BatchSerializer(serializers.Serializer[Any]):
    """What came of a batch, committed. `updated`: about what was there already, or came twice in the batch."""

    accepted = serializers.IntegerField()
    updated = serializers.IntegerField()
    rejected = RejectedItemSerializer(many=True)


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """What was sent, as last reported. `waived` null: no."""

    first_sent_at = InstantField(allow_null=True)
    last_sent_at = InstantField(allow_null=True)
    reported_at = InstantField()
    waived = serializers.SerializerMethodField()

    class Meta:
        model = Delivery
        fields = (
            "sent", "sent_within_limit", "first_sent_at", "last_sent_at", "stage", "ended", "waived", "limit_s",
            "reported_at",
        )  # fmt: skip

    def get_waived(self, row: Delivery) -> str | None:
        return row.waived or None


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """A visit as last reported, and its verdict. `why`: what makes it not eligible, else empty. `delivery` null: no
    delivery was reported.
    """

    end_readout = InstantField()
    reported_at = InstantField()
    judged_at = InstantField()
    waived = serializers.SerializerMethodField()
    delivery = DeliverySerializer(allow_null=True)

    class Meta:
        model = Visit
        fields = (
            "visit_id", "day_obs", "instrument", "survey_block", "band", "end_readout", "on_sky", "dome_open",
            "expected_alerts", "waived", "verdict", "why", "judged_at", "reported_at", "delivery",
        )  # fmt: skip

    def get_waived(self, row: Visit) -> str | None:
        return row.waived or None


class ChangeSerializer(serializers.Serializer[Any]):
    """A change of verdict, and what changed it."""

    at = InstantField()
    was = serializers.CharField()
    became = serializers.CharField()
    text = serializers.CharField()


class OneVisitSerializer(VisitSerializer):
    """With every change of its verdict, the first first."""

    history = ChangeSerializer(many=True)

    class Meta:
        model = Visit
        fields = (*VisitSerializer.Meta.fields, "history")


class SettleSerializer(serializers.Serializer[Any]):
    alerts_expected = serializers.BooleanField()


class BlockSerializer(serializers.ModelSerializer[SurveyBlock]):
    """A survey block. `alerts_expected` null: nobody has settled it, and it counts as expected."""

    first_seen_at = InstantField()
    settled_at = InstantField(allow_null=True)
    settled_by = serializers.CharField(source="settled_by.name", default=None, allow_null=True)

    class Meta:
        model = SurveyBlock
        fields = ("code", "alerts_expected", "first_seen_at", "settled_at", "settled_by")
