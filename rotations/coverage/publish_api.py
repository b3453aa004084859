"""Rotations and drafts for programs: read by all, changed by the pilot and the administrators (R27)."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer
from rotations.coverage import publish
from rotations.coverage.publish_shapes import (
    DraftAnswer,
    DraftReviewAnswer,
    DraftWriteBody,
    GapAnswer,
    PublishedAnswer,
    ReviewAnswer,
    RotationAnswer,
    RotationChangedAnswer,
    RotationWriteBody,
    SignatureBody,
)
from rotations.schedule import drafts
from rotations.schedule.models import Draft, Role, Rotation, Schedule
from rotations.schedule.reading import flat, parse, parse_rotation
from rotations.schedule.spec import BadSpec, rotation_as_json, rotation_spec

OF_A_ROTATION = re.compile(r"^rotations\[\d+\]\.")
SHAPE = {"type": "object", "additionalProperties": {}, "example": {"every": ["“0” does not do. Write …"]}}
ERRORS: dict[int, OpenApiResponse] = {
    400: OpenApiResponse(SHAPE, "A field is wrong, by its path; or `signature` is missing, and `gaps` says for what."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but neither the pilot nor an administrator."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
LOST = ERRORS | {409: OpenApiResponse(SHAPE, "It changed meanwhile, or a policy still calls it. It says which.")}


class RotationFilter(django_filters.FilterSet):  # type: ignore[misc]
    """`person`: those in whose order they are now."""

    schedule = django_filters.UUIDFilter(field_name="schedule")
    role = django_filters.ChoiceFilter(choices=Role.choices)
    person = django_filters.UUIDFilter(method="of_person")

    class Meta:
        model = Rotation
        fields = ("schedule", "role", "person")

    def of_person(self, rows: Any, name: str, value: UUID) -> Any:
        return rows.filter(participants__person=value, participants__left_at__isnull=True).distinct()


class DraftFilter(django_filters.FilterSet):  # type: ignore[misc]
    schedule = django_filters.UUIDFilter(field_name="schedule")

    class Meta:
        model = Draft
        fields = ("schedule",)


class RotationsByName(ByCursor):
    ordering: Any = ("name", "id")


class DraftsNewestFirst(ByCursor):
    ordering: Any = ("-created_at", "-id")


@extend_schema_view(
    get=extend_schema(
        operation_id="rotations",
        summary="Every rotation, by name",
        responses={200: RotationAnswer(many=True), **ERRORS},
        tags=["rotations"],
    )
)
class RotationsView(generics.ListAPIView[Rotation]):
    serializer_class = RotationAnswer
    pagination_class = RotationsByName
    filterset_class = RotationFilter
    queryset = Rotation.objects.none()

    def get_queryset(self) -> QuerySet[Rotation]:
        return Rotation.objects.with_order()

    @extend_schema(
        operation_id="rotation_create",
        summary="Make a rotation, and publish it",
        request=RotationWriteBody,
        responses={201: RotationChangedAnswer, **LOST},
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        asked = _checked(RotationWriteBody, request.data)
        schedule = Schedule.objects.filter(pk=asked["schedule"]).first()
        if schedule is None:
            raise ValidationError({"schedule": ["There is no schedule with that id. See /api/v1/schedules/."]})
        if asked["id"]:
            raise ValidationError({"id": ["A new rotation gets an id of its own. Leave it out, or use PATCH."]})
        known = set(Rotation.objects.filter(schedule=schedule).values_list("pk", flat=True))
        return _published(
            lambda: publish.publish_rotation(
                schedule=schedule,
                rotation=parse_rotation(request.data),
                by=viewer(request),
                signature=asked["signature"],
                now=clock.now(),
            ),
            lambda: Rotation.objects.with_order().exclude(pk__in=known).get(schedule=schedule),
            status.HTTP_201_CREATED,
        )


class RotationView(generics.GenericAPIView[Rotation]):
    """One rotation."""

    serializer_class = RotationAnswer
    queryset = Rotation.objects.none()

    @extend_schema(
        operation_id="rotation",
        summary="A rotation",
        responses={200: RotationAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(RotationAnswer(_rotation(id)).data)

    @extend_schema(
        operation_id="rotation_change",
        summary="Change a rotation, and publish it",
        request=RotationWriteBody,
        responses={200: RotationChangedAnswer, **LOST},
        tags=["rotations"],
    )
    def patch(self, request: Request, id: UUID) -> Response:
        rotation = _rotation(id)
        asked = _checked(SignatureBody, request.data)
        changes = {key: value for key, value in _sent(request).items() if key != "id"}
        if str(changes.pop("schedule", rotation.schedule_id)) != str(rotation.schedule_id):
            raise ValidationError({"schedule": ["A rotation stays in its schedule. Make a new one in the other."]})
        return _published(
            lambda: publish.publish_rotation(
                schedule=rotation.schedule,
                rotation=parse_rotation({**rotation_as_json(rotation_spec(rotation)), **changes}),
                by=viewer(request),
                signature=asked["signature"],
                now=clock.now(),
            ),
            lambda: _rotation(id),
        )

    @extend_schema(
        operation_id="rotation_delete",
        summary="Take a rotation out of its schedule, and publish that",
        description="Who was on call by it stays known. Where gaps are left, give `?signature=`: why they may stay.",
        parameters=[SignatureBody],
        responses={200: RotationChangedAnswer, **LOST},
        tags=["rotations"],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        rotation = _rotation(id)
        asked = _checked(SignatureBody, request.query_params.dict())
        return _published(
            lambda: publish.unpublish_rotation(
                rotation=rotation, by=viewer(request), signature=asked["signature"], now=clock.now()
            ),
            lambda: rotation,
        )


@extend_schema_view(
    get=extend_schema(
        operation_id="drafts",
        summary="Every draft that is open, newest first",
        responses={200: DraftAnswer(many=True), **ERRORS},
        tags=["rotations"],
    )
)
class DraftsView(generics.ListAPIView[Draft]):
    serializer_class = DraftAnswer
    pagination_class = DraftsNewestFirst
    filterset_class = DraftFilter
    queryset = Draft.objects.none()

    def get_queryset(self) -> QuerySet[Draft]:
        return drafts.open_drafts()

    @extend_schema(
        operation_id="draft_save",
        summary="Draw what a schedule would become, in the place of what was drawn before",
        request=DraftWriteBody,
        responses={201: DraftReviewAnswer, **LOST},
        tags=["rotations"],
    )
    def post(self, request: Request) -> Response:
        asked = _checked(DraftWriteBody, request.data)
        schedule = Schedule.objects.filter(pk=asked["schedule"]).first()
        if schedule is None:
            raise ValidationError({"schedule": ["There is no schedule with that id. See /api/v1/schedules/."]})
        spec = parse(_sent(request)["body"])
        known = {one.id for one in drafts.drawn(schedule).rotations}
        for number, one in enumerate(spec.rotations):
            if one.id and one.id not in known:
                words = "The schedule has no rotation with that id. Leave it out to make a new one."
                raise ValidationError({f"body.rotations[{number}].id": [words]})
        try:
            draft = drafts.save_draft(schedule=schedule, spec=spec, by=viewer(request), now=clock.now())
        except drafts.NotAllowed as error:
            raise PermissionDenied(str(error)) from None
        except BadSpec as error:
            raise ValidationError({f"body.{path}": words for path, words in error.errors.items()}) from None
        return Response(DraftReviewAnswer(draft).data, status.HTTP_201_CREATED)


class DraftView(generics.GenericAPIView[Draft]):
    """One draft."""

    serializer_class = DraftReviewAnswer
    queryset = Draft.objects.none()

    @extend_schema(
        operation_id="draft",
        summary="A draft, and what publishing it would change",
        responses={200: DraftReviewAnswer, **ERRORS},
        tags=["rotations"],
    )
    def get(self, request: Request, id: UUID) -> Response:
        return Response(DraftReviewAnswer(_draft(id)).data)

    @extend_schema(
        operation_id="draft_discard",
        summary="Throw a draft away",
        responses={204: OpenApiResponse(description="It is gone."), **ERRORS},
        tags=["rotations"],
    )
    def delete(self, request: Request, id: UUID) -> Response:
        try:
            drafts.discard(draft=_draft(id), by=viewer(request), now=clock.now())
        except drafts.NotAllowed as error:
            raise PermissionDenied(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


class DraftPublishView(generics.GenericAPIView[Draft]):
    serializer_class = PublishedAnswer
    queryset = Draft.objects.none()

    @extend_schema(
        operation_id="draft_publish",
        summary="Publish a draft",
        request=SignatureBody,
        responses={200: PublishedAnswer, **LOST},
        tags=["rotations"],
    )
    def post(self, request: Request, id: UUID) -> Response:
        draft = _draft(id)
        asked = _checked(SignatureBody, request.data)

        def verb() -> publish.Published:
            return publish.publish(draft=draft, by=viewer(request), signature=asked["signature"], now=clock.now())

        done = _done(verb)
        if isinstance(done, Response):
            return done
        return Response({"id": str(done.schedule.pk), **ReviewAnswer(done.review).data})


def _published(
    verb: Callable[[], publish.Published], rotation: Callable[[], Rotation], code: int = status.HTTP_200_OK
) -> Response:
    done = _done(verb)
    if isinstance(done, Response):
        return done
    return Response({**RotationAnswer(rotation()).data, **ReviewAnswer(done.review).data}, code)


def _done(verb: Callable[[], publish.Published]) -> publish.Published | Response:
    """Publish, and say in the API's words what stands in the way."""
    try:
        return verb()
    except publish.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except (publish.ChangedMeanwhile, publish.StillInUse, drafts.NoLongerOpen) as error:
        raise Conflict([str(error)]) from None
    except BadSpec as error:
        raise ValidationError({OF_A_ROTATION.sub("", path): words for path, words in error.errors.items()}) from None
    except publish.UnsignedGaps as error:
        gaps = GapAnswer(error.gaps, many=True).data
        return Response({"signature": [str(error)], "gaps": gaps}, status.HTTP_400_BAD_REQUEST)


def _checked(body_class: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    body = body_class(data=data)
    if not body.is_valid():
        raise ValidationError(flat(body.errors))
    found: dict[str, Any] = body.validated_data
    return found


def _sent(request: Request) -> dict[str, Any]:
    """Return what was sent; it was checked to be an object."""
    return request.data if isinstance(request.data, dict) else {}


def _rotation(id: UUID) -> Rotation:
    return get_object_or_404(Rotation.objects.with_order(), pk=id)


def _draft(id: UUID) -> Draft:
    return get_object_or_404(Draft.objects.select_related("schedule", "by"), pk=id)
