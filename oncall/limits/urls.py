"""Addresses of the numbers of the process."""

from django.urls import path

from oncall.limits import views

urlpatterns = [
    path("limits/", views.limits, name="limits"),
    path("limits/<slug:name>/", views.limit, name="limit"),
]
