"""An edge: reviews for other programs (api.md). A lost race or a press that is not allowed is 409, a bad field 400."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import django_filters
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.alarms.api import ERRORS
from incidents.alarms.models import Cause
from incidents.command.act_api import LOST
from incidents.command.api import seen
from incidents.reviews import acting, publishing, queries, services
from incidents.reviews.models import ActionItem, Review
from incidents.reviews.serializers import (
    ChangeActionSerializer,
    CountReviewSerializer,
    DraftReviewSerializer,
    EditReviewSerializer,
    NewActionSerializer,
    OneReviewSerializer,
    PressReviewSerializer,
    PublishedReviewSerializer,
    PublishReviewSerializer,
    ReviewActionSerializer,
    ReviewOwnersSerializer,
    ReviewSerializer,
)
from incidents.reviews.states import STATES
from oncall import clock
from oncall.people.cursor import ByCursor
from oncall.people.errors import Conflict
from oncall.people.viewer import viewer

T = TypeVar("T")


def act(verb: Callable[[], T]) -> T:
    """Do it; a bad field is 400, a lost race 409."""
    try:
        return verb()
    except services.Refused as error:
        raise serializers.ValidationError({error.field: [str(error)]}) from error
    except (services.Moved, services.NotAllowed) as error:
        raise Conflict(str(error)) from error


def found(request: Request, number: int) -> Review:
    """Return the review of an incident, if whoever asks may see it; 404 else."""
    return get_object_or_404(queries.visible(viewer(request)), incident__number=number)


def data_of(request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    form = shape(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def shown(request: Request, number: int, code: int = status.HTTP_200_OK) -> Response:
    return Response(OneReviewSerializer(found(request, number)).data, code)


class ReviewFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(choices=[(one, one) for one in STATES])
    cause = django_filters.ChoiceFilter(choices=Cause.choices)

    class Meta:
        model = Review
        fields = ("state", "cause")


class NewestFirst(ByCursor):
    ordering: Any = ("-drafted_at", "-id")


class LastPublished(ByCursor):
    ordering: Any = ("-published_at", "-id")


@extend_schema_view(get=extend_schema(responses={200: ReviewSerializer(many=True)} | ERRORS))
class Reviews(generics.ListAPIView[Review]):
    """GET lists reviews, the one drafted last first."""

    serializer_class = ReviewSerializer
    filterset_class = ReviewFilter
    pagination_class = NewestFirst
    queryset = Review.objects.none()  # for the schema, which is drawn with nobody signed in

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.visible(viewer(self.request))


@extend_schema_view(
    get=extend_schema(
        parameters=[OpenApiParameter("q", OpenApiTypes.STR, description="Words that a report has.")],
        responses={200: PublishedReviewSerializer(many=True)} | ERRORS,
    )
)
class Published(generics.ListAPIView[Review]):
    """GET lists what was published, the newest first; for everybody, as the page that shows the same."""

    permission_classes = (AllowAny,)
    serializer_class = PublishedReviewSerializer
    filter_backends = ()
    pagination_class = LastPublished
    queryset = Review.objects.none()  # for the schema

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        return queries.search_published(self.request.query_params.get("q", "").replace("\x00", "")[:200])


class OneReview(APIView):
    @extend_schema(responses={200: OneReviewSerializer} | ERRORS)
    def get(self, request: Request, number: int) -> Response:
        """The review of an incident."""
        return shown(request, number)

    @extend_schema(request=DraftReviewSerializer, responses={201: OneReviewSerializer, 200: OneReviewSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Draft it from the timeline. One that is there already is the answer (200)."""
        incident, data = seen(request, number), data_of(request, DraftReviewSerializer)
        fresh = not Review.objects.filter(incident=incident).exists()
        act(lambda: services.draft(incident=incident, by=viewer(request), now=clock.now(), **data))
        return shown(request, number, status.HTTP_201_CREATED if fresh else status.HTTP_200_OK)

    @extend_schema(request=EditReviewSerializer, responses={200: OneReviewSerializer} | LOST)
    def patch(self, request: Request, number: int) -> Response:
        """Write some of its sections anew."""
        review, data = found(request, number), data_of(request, EditReviewSerializer)
        act(lambda: services.edit(review=review, by=viewer(request), now=clock.now(), **data))
        return shown(request, number)


class PressReview(APIView):
    @extend_schema(request=PressReviewSerializer, responses={200: OneReviewSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Take it on: to its reviewers, back, reviewed, closed. Closing it closes the incident."""
        review, data = found(request, number), data_of(request, PressReviewSerializer)
        act(lambda: services.press(review=review, by=viewer(request), now=clock.now(), **data))
        return shown(request, number)


class Owners(APIView):
    @extend_schema(request=ReviewOwnersSerializer, responses={200: OneReviewSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Say whose it is, and who is to look at it."""
        review, data = found(request, number), data_of(request, ReviewOwnersSerializer)
        act(lambda: services.appoint(review=review, by=viewer(request), now=clock.now(), **data))
        return shown(request, number)


class Count(APIView):
    @extend_schema(request=CountReviewSerializer, responses={200: OneReviewSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Count its impact again: verdicts change with catch-up. What the draft counted is kept beside it."""
        review, data = found(request, number), data_of(request, CountReviewSerializer)
        starts, ends = data["starts_at"], data["ends_at"]
        act(lambda: services.recount(review=review, by=viewer(request), starts=starts, ends=ends, now=clock.now()))
        return shown(request, number)


class Publish(APIView):
    @extend_schema(request=PublishReviewSerializer, responses={200: OneReviewSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Let everybody read it, without names, or take it back."""
        review, data, by, now = (
            found(request, number),
            data_of(request, PublishReviewSerializer),
            viewer(request),
            clock.now(),
        )
        if data["withdraw"]:
            act(lambda: publishing.withdraw(review=review, by=by, now=now))
            return shown(request, number)
        title = data["title"] or publishing.proposed_title(review)
        texts = publishing.proposed(review, numbers=publishing.counted(review, now=now)) | data["content"]
        act(
            lambda: publishing.publish(review=review, title=title, texts=texts, version=data["version"], by=by, now=now)
        )
        return shown(request, number)


class Actions(APIView):
    @extend_schema(request=NewActionSerializer, responses={201: ReviewActionSerializer} | LOST)
    def post(self, request: Request, number: int) -> Response:
        """Ask for something to be done."""
        review, data = found(request, number), data_of(request, NewActionSerializer)
        action = act(lambda: acting.add(review=review, by=viewer(request), now=clock.now(), **data))
        return Response(ReviewActionSerializer(action).data, status.HTTP_201_CREATED)


class OneAction(APIView):
    @extend_schema(request=ChangeActionSerializer, responses={200: ReviewActionSerializer} | LOST)
    def patch(self, request: Request, number: int, id: UUID) -> Response:
        """Change an action, say that it is done, or have a ticket made for it."""
        review, data = found(request, number), data_of(request, ChangeActionSerializer)
        action = review.actions.select_related("review__incident").filter(pk=id).first()
        if action is None:
            raise Http404
        by, now = viewer(request), clock.now()
        done, tracker = data.pop("done"), data.pop("make_ticket_in", "")

        def verb() -> None:
            with transaction.atomic():
                if data:
                    acting.change(action=action, by=by, now=now, **data)
                if tracker:
                    acting.want_ticket(action=action, tracker=tracker, by=by, now=now)
                if done:
                    acting.finish(action=action, by=by, now=now)

        act(verb)
        row = ActionItem.objects.select_related("owner", "team", "work", "request").get(pk=id)
        return Response(ReviewActionSerializer(row).data)
