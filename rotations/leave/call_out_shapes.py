"""The public shapes of leave (api.md): seconds as integers, and every figure with what it is made of."""

from typing import Any

from rest_framework import serializers

from rotations.coverage.api import NameSerializer
from rotations.leave import approval
from rotations.leave.call_out_queries import STATES
from rotations.leave.models import Correction, Evidence, LedgerEntry
from rotations.leave.services import LONGEST_REASON
from rotations.schedule.shapes import InstantField


class WhoseQuery(serializers.Serializer[Any]):
    """Of whom: a person, a team, or everybody whose leave one may see; without any of these, one's own."""

    person = serializers.UUIDField(required=False, help_text="Whose. 404 when not yours to see.")
    team = serializers.UUIDField(required=False, help_text="Of its members, those that are yours to see. 404 if none.")
    everybody = serializers.BooleanField(default=False, help_text="True: of everybody who is yours to see.")


class SpanQuery(WhoseQuery):
    until = InstantField(required=False, help_text="Before this instant.")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a Python word, so it is made by hand."""
        since = InstantField(required=False, help_text="From this instant on.")
        return super().get_fields() | {"from": since}


class EntriesQuery(SpanQuery):
    """`from` and `until`: posted then."""

    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.values, required=False)


class CallOutsQuery(SpanQuery):
    """`from` and `until`: started then."""

    state = serializers.ChoiceField(
        choices=STATES,
        required=False,
        help_text="Where it stands between its person and their manager; or `forgotten`: nobody stood down; or"
        " `nothing`: it counts nothing.",
    )


class BalancesQuery(WhoseQuery):
    at = InstantField(required=False, help_text="As it stood at this instant; now when left out.")


class SliceSerializer(serializers.Serializer[Any]):
    """A piece of a call-out of one kind, and whether it lies inside the work calendar."""

    starts_at = InstantField()
    ends_at = InstantField()
    local_date = serializers.DateField()
    kind = serializers.ChoiceField(choices=["work", "night", "evening", "weekend", "holiday", "day off"])
    name = serializers.CharField(allow_blank=True, help_text="Of the holiday; or what else makes it count so.")
    in_hours = serializers.BooleanField()
    seconds = serializers.IntegerField()
    multiplier = serializers.FloatField(help_text="Seconds of leave that a second of it earns.")


class EntrySerializer(serializers.Serializer[LedgerEntry]):
    """Words (`confirm`, `approve`, `ask_back`, `dispute`) move nothing: `stands_s` is the leave posted when said."""

    id = serializers.UUIDField()
    person = NameSerializer()
    call_out = serializers.UUIDField(source="call_out_id", allow_null=True)
    request = serializers.UUIDField(source="request_id", allow_null=True, help_text="Of leave taken.")
    kind = serializers.ChoiceField(choices=LedgerEntry.Kind.values)
    at = InstantField()
    out_of_hours_s = serializers.IntegerField()
    credit_s = serializers.IntegerField()
    stands_s = serializers.IntegerField(allow_null=True)
    slices = SliceSerializer(many=True)
    rule = serializers.CharField()
    by = NameSerializer(allow_null=True)
    reason = serializers.CharField(allow_blank=True)

    def to_representation(self, instance: LedgerEntry) -> dict[str, Any]:
        shown = super().to_representation(instance)
        return {**shown, "slices": instance.slices}  # kept as shown; reading them again would only cost


class BalanceSerializer(serializers.Serializer[Any]):
    """Whole seconds. `credit_s` is what is on the account; `available_s` what can be asked for."""

    person = NameSerializer()
    out_of_hours_s = serializers.IntegerField()
    credit_s = serializers.IntegerField(help_text="Everything posted: earned less taken and expired.")
    earned_s = serializers.IntegerField()
    approved_s = serializers.IntegerField()
    taken_s = serializers.IntegerField()
    expired_s = serializers.IntegerField()
    asked_s = serializers.IntegerField(help_text="Of requests that wait for an answer.")
    available_s = serializers.IntegerField(help_text="Approved, less taken, expired and asked for.")


class CallOutSerializer(serializers.Serializer[Any]):
    """A call-out with what it earns and why."""

    id = serializers.UUIDField(source="call_out.pk")
    person = NameSerializer(source="call_out.person")
    starts_at = InstantField(source="call_out.starts_at")
    ends_at = InstantField(source="call_out.ends_at", allow_null=True)
    forgotten = serializers.BooleanField(source="call_out.forgotten", help_text="Nobody stood down; the end is a cap.")
    state = serializers.ChoiceField(choices=approval.STATES, source="standing.state")
    subjects = serializers.ListField(child=serializers.CharField(), source="call_out.subjects")
    out_of_hours_s = serializers.IntegerField(source="earned.out_of_hours_s", help_text="So far, while it is open.")
    credit_s = serializers.IntegerField(source="earned.credit_s", help_text="So far, while it is open.")
    posted_s = serializers.IntegerField(source="standing.posted_s", help_text="Of leave, in the ledger.")
    approved_s = serializers.IntegerField(source="standing.approved_s", help_text="Of it.")
    slices = SliceSerializer(source="earned.slices", many=True)
    rule = serializers.CharField()


class EvidenceSerializer(serializers.Serializer[Evidence]):
    at = InstantField()
    kind = serializers.ChoiceField(choices=Evidence.Kind.values)
    subject = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    url = serializers.CharField(allow_blank=True)


class CorrectionSerializer(serializers.Serializer[Correction]):
    """Where `was_starts_at` is `was_ends_at` hours were added; where `starts_at` is `ends_at` they were taken away."""

    at = InstantField()
    by = NameSerializer()
    was_starts_at = InstantField()
    was_ends_at = InstantField()
    starts_at = InstantField()
    ends_at = InstantField()
    reason = serializers.CharField()


class CallOutDetailSerializer(CallOutSerializer):
    """With the evidence it was found from, and what was said about its hours."""

    evidence = EvidenceSerializer(many=True)
    corrections = CorrectionSerializer(many=True)


class ReasonField(serializers.CharField):
    default_error_messages = {"surrogate": "It holds half a surrogate pair. Leave the character out."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("surrogate")
        return text


class Reason(serializers.Serializer[Any]):
    reason = ReasonField(max_length=LONGEST_REASON, help_text="Why. It stays beside the hours.")


class Hours(Reason):
    starts_at = InstantField()
    ends_at = InstantField()


class Pause(Reason):
    pause_starts_at = InstantField()
    pause_ends_at = InstantField()


class Addition(Hours):
    """Without `person` it is whoever asks."""

    person = serializers.UUIDField(required=False)
