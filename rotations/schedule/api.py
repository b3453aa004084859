"""Rotations for programs (api.md)."""

from datetime import datetime

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from rotations.schedule.preview import TooLong, TooMany, preview
from rotations.schedule.serializers import PreviewAnswer, PreviewQuery

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"every": ["“0” does not do. Write …"]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong; it says which and what would be right."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
}


class PreviewView(APIView):
    """The shifts that a rotation would have. Stores nothing."""

    only_reads = True

    @extend_schema(
        operation_id="preview_rotation",
        summary="Every shift of a rotation that touches a span, without saving it",
        description=(
            "Both ends of a shift come from the wall clock of `time_zone`: a time that clocks skip moves to the next "
            "instant that exists, a repeated one means its first occurrence. A turn of no length is passed over."
        ),
        request=PreviewQuery,
        responses={200: PreviewAnswer, **ERRORS},
        tags=["rotations"],
        examples=[
            OpenApiExample(
                "Around the clock, a day each",
                request_only=True,
                value={
                    "time_zone": "America/Chicago",
                    "first_handoff": "2020-10-30T01:30:00",
                    "unit": "hour",
                    "every": 24,
                    "participants": ["a", "b"],
                    "from": "2020-10-31T00:00:00Z",
                    "to": "2020-11-03T00:00:00Z",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        query = PreviewQuery(data=request.data)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        try:
            found = preview(asked["from"], asked["to"], plan=asked["plan"])
        except (TooLong, TooMany) as error:
            raise ValidationError({"to": [str(error)]}) from None
        except ValueError as error:
            raise ValidationError({"every": [str(error)]}) from None
        return Response(
            {
                "shifts": [
                    {"starts_at": _z(shift.starts_at), "ends_at": _z(shift.ends_at), "participant": shift.participant}
                    for shift in found
                ]
            }
        )


def _z(instant: datetime) -> str:
    return f"{instant.replace(tzinfo=None).isoformat()}Z"
