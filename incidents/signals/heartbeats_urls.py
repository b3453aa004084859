"""Addresses of heartbeats, and where beats come in."""

from django.urls import path, re_path

from incidents.signals import heartbeats_beats as beats
from incidents.signals import heartbeats_views as views

urlpatterns = [
    path("heartbeats/", views.index, name="heartbeats"),
    path("heartbeats/new/", views.new, name="heartbeat_new"),
    path("heartbeats/<uuid:id>/", views.detail, name="heartbeat"),
    path("heartbeats/<uuid:id>/edit/", views.edit, name="heartbeat_edit"),
    path("heartbeats/<uuid:id>/renew/", views.renew, name="heartbeat_renew"),
    path("heartbeats/<uuid:id>/pause/", views.pause, name="heartbeat_pause"),
    # with or without the last slash: a redirect would lose the body
    re_path(r"^beats/(?P<token>[^/]+)/?$", beats.beat, name="beat"),
    re_path(r"^beats/(?P<token>[^/]+)/fail/?$", beats.beat, {"says": "fail"}, name="beat_fails"),
]
