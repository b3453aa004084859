from django.urls import path

from rotations.changes import views

urlpatterns = [
    path("rotations/<uuid:id>/overrides/", views.override, name="override"),
    path("rotations/overrides/<uuid:id>/cancel/", views.cancel, name="override_cancel"),
]
