"""Addresses of drafts, publishing, gaps and handing over; `urls.py` takes them in."""

from django.urls import path

from rotations.coverage import publish_api, publish_views

urlpatterns = [
    path("rotations/<uuid:id>/draft/", publish_views.draft, name="schedule_draft"),
    path("rotations/<uuid:id>/draft/publish/", publish_views.publish_draft, name="draft_publish"),
    path("rotations/<uuid:id>/draft/discard/", publish_views.discard, name="draft_discard"),
    path("rotations/<uuid:id>/draft/redraw/", publish_views.redraw, name="draft_redraw"),
    path("rotations/<uuid:id>/remove/", publish_views.remove, name="schedule_remove"),
    path("rotations/<uuid:id>/gaps/", publish_views.gaps, name="schedule_gaps"),
    path("people/<uuid:id>/hand-over/", publish_views.hand_over, name="hand_over"),
]
api_urlpatterns = [
    path("rotations/", publish_api.RotationsView.as_view(), name="api_rotations"),
    path("rotations/<uuid:id>/", publish_api.RotationView.as_view(), name="api_rotation"),
    path("drafts/", publish_api.DraftsView.as_view(), name="api_drafts"),
    path("drafts/<uuid:id>/", publish_api.DraftView.as_view(), name="api_draft"),
    path("drafts/<uuid:id>/publish/", publish_api.DraftPublishView.as_view(), name="api_draft_publish"),
]
