"""On-call phones, for programs (api.md): one's own, and those of the people one looks after."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from oncall import clock
from oncall.people import access
from oncall.people.cursor import ByCursor
from oncall.people.viewer import viewer
from oncall.phones import queries
from oncall.phones.models import STATES, Loan

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"state": ["This is no state."]}}
REFUSALS = {
    400: OpenApiResponse(SHAPE, "A parameter is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
NAMES = [str(state) for state, _ in STATES]
EVERY = ("decided_at", "issued_at", "lost_at", "returned_at")


class PhonePerson(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class PhoneQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=NAMES, required=False)
    person = serializers.UUIDField(required=False)


class PhoneSerializer(serializers.ModelSerializer[Loan]):
    """A phone from its request on. `number`: whole for its owner and administrators, masked for others."""

    person = PhonePerson(read_only=True)
    state = serializers.ChoiceField(choices=NAMES, read_only=True)
    number = serializers.SerializerMethodField()
    decided_by = PhonePerson(read_only=True, allow_null=True)
    issued_by = PhonePerson(read_only=True, allow_null=True)

    class Meta:
        model = Loan
        fields = (
            "id", "person", "state", "why", "special", "device", "number", "asked_at", "decided_by", "issued_by", *EVERY
        )  # fmt: skip
        read_only_fields = fields

    def get_number(self, loan: Loan) -> str:
        whole = access.may_see_numbers(self.context["actor"], owner_id=loan.person_id)
        return loan.number if whole else loan.masked


class ByRequest(ByCursor):
    ordering = ("-asked_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="phones",
        summary="On-call phones, the latest request first",
        parameters=[
            OpenApiParameter("state", str, enum=NAMES, description="In this state alone."),
            OpenApiParameter("person", {"type": "string", "format": "uuid"}, description="Of this person alone."),
        ],
        responses={200: PhoneSerializer(many=True)} | REFUSALS,
        tags=["people"],
    )
)
class Phones(ListAPIView[Loan]):
    """GET lists one's own phones, and those of the people one looks after."""

    queryset = Loan.objects.none()
    serializer_class = PhoneSerializer
    pagination_class = ByRequest

    def get_queryset(self) -> QuerySet[Loan]:
        asked = PhoneQuery(data=self.request.query_params.dict())
        asked.is_valid(raise_exception=True)
        visible = queries.visible_to(viewer(self.request), now=clock.now())
        return visible.filter(**asked.validated_data).select_related("person", "decided_by", "issued_by")

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        return context if getattr(self, "swagger_fake_view", False) else context | {"actor": viewer(self.request)}
