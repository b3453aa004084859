"""Addresses of reviews: screens. `api_urlpatterns` are mounted under /api/v1/."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from incidents.reviews import api, public_views, views

urlpatterns: list[URLPattern] = [
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/published/", public_views.published, name="reviews_published"),
    path("reviews/published/<int:number>/", public_views.one, name="review_published"),
    path("reviews/<int:number>/", views.review, name="review"),
    path("reviews/<int:number>/draft/", views.draft, name="review_draft"),
    path("reviews/<int:number>/edit/", views.edit, name="review_edit"),
    path("reviews/<int:number>/press/", views.press, name="review_press"),
    path("reviews/<int:number>/owners/", views.owners, name="review_owners"),
    path("reviews/<int:number>/count/", views.count, name="review_count"),
    path("reviews/<int:number>/actions/", views.action_add, name="review_action_add"),
    path("reviews/<int:number>/actions/<uuid:id>/", views.action_press, name="review_action"),
    path("reviews/<int:number>/publish/", views.publish, name="review_publish"),
    path("reviews/<int:number>/markdown/", views.as_markdown, name="review_markdown"),
]
api_urlpatterns: list[URLPattern] = [
    path("reviews/", api.Reviews.as_view(), name="api_reviews"),
    path("reviews/published/", login_not_required(api.Published.as_view()), name="api_reviews_published"),
    path("incidents/<int:number>/review/", api.OneReview.as_view(), name="api_review"),
    path("incidents/<int:number>/review/move/", api.PressReview.as_view(), name="api_review_move"),
    path("incidents/<int:number>/review/owners/", api.Owners.as_view(), name="api_review_owners"),
    path("incidents/<int:number>/review/count/", api.Count.as_view(), name="api_review_count"),
    path("incidents/<int:number>/review/publish/", api.Publish.as_view(), name="api_review_publish"),
    path("incidents/<int:number>/review/actions/", api.Actions.as_view(), name="api_review_actions"),
    path("incidents/<int:number>/review/actions/<uuid:id>/", api.OneAction.as_view(), name="api_review_action"),
]
