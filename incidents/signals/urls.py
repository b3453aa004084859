"""Addresses of sources, and of what they deliver. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import path, re_path

from incidents.signals import api, hooks, mapping_views, views
from incidents.signals.heartbeats_urls import urlpatterns as heartbeats
from incidents.signals.route_urls import urlpatterns as routes

urlpatterns = [
    *heartbeats,
    *routes,
    path("sources/", views.sources, name="sources"),
    path("sources/new/", views.new, name="source_new"),
    path("sources/<uuid:id>/", views.source, name="source"),
    path("sources/<uuid:id>/edit/", views.edit, name="source_edit"),
    path("sources/<uuid:id>/renew/", views.renew, name="source_renew"),
    path("sources/<uuid:id>/rejections/<int:rejection>/", views.replay, name="source_replay"),
    path("sources/<uuid:id>/rejections/", views.replay_all, name="source_replay_all"),
    path("sources/<uuid:id>/signals/<uuid:signal>/", views.signal, name="signal"),
    path("sources/<uuid:id>/mapping/", mapping_views.mapping, name="source_mapping"),
    path("hooks/<str:token>/", hooks.receive, name="hook"),
    re_path(r"^hooks/(?P<token>[^/]+)$", hooks.receive),  # without the slash too: a redirect would lose the body
]

api_urlpatterns = [
    path("sources/", api.SourcesView.as_view(), name="api_sources"),
]
