"""Addresses of handover notes. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import path

from incidents.handover import api, views

urlpatterns = [
    path("handoffs/", views.handoffs, name="handoffs"),
    path("rotations/<uuid:id>/handoffs/", views.handoffs, name="handoffs"),
    path("handoffs/<uuid:id>/", views.handoff, name="handoff"),
    path("handoffs/<uuid:id>/accept/", views.accept, name="handoff_accept"),
    path("handoffs/<uuid:id>/words/", views.words, name="handoff_words"),
]
api_urlpatterns = [
    path("handoffs/", api.Handoffs.as_view(), name="api_handoffs"),
    path("handoffs/<uuid:id>/", api.OneHandoff.as_view(), name="api_handoff"),
    path("handoffs/<uuid:id>/accept/", api.Accept.as_view(), name="api_handoff_accept"),
]
