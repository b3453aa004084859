from django.urls import path

from rotations.schedule import api, views

urlpatterns = [
    path("rotations/new/", views.new, name="schedule_new"),
    path("rotations/<uuid:id>/edit/", views.edit, name="schedule_edit"),
    path("rotations/<uuid:id>/layers/new/", views.rotation, name="rotation_new"),
    path("rotations/<uuid:id>/layers/<uuid:rotation>/", views.rotation, name="rotation_edit"),
    path("rotations/<uuid:id>/layers/<uuid:rotation>/handoffs/", views.handoffs, name="rotation_handoffs"),
    path("rotations/<uuid:id>/layers/<uuid:rotation>/team/", views.sync_team, name="rotation_team"),
    path("rotations/<uuid:id>/layers/<uuid:rotation>/take-out/", views.take_out, name="rotation_take_out"),
]
api_urlpatterns = [
    path("rotations/preview/", api.PreviewView.as_view(), name="api_rotation_preview"),
]
