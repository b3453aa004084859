"""Addresses of volunteers."""

from django.urls import path

from rotations.volunteers import api, views

urlpatterns = [
    path("volunteers/", views.volunteers, name="volunteers"),
    path("volunteers/<uuid:id>/off/", views.volunteer_off, name="volunteer_off"),
]
api_urlpatterns = [
    path("volunteers/", api.Volunteers.as_view(), name="api_volunteers"),
]
