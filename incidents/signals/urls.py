"""Addresses of sources, and of what they deliver."""

from django.urls import path, re_path

from incidents.signals import hooks, views

urlpatterns = [
    path("sources/", views.sources, name="sources"),
    path("sources/new/", views.new, name="source_new"),
    path("sources/<uuid:id>/", views.source, name="source"),
    path("sources/<uuid:id>/edit/", views.edit, name="source_edit"),
    path("sources/<uuid:id>/renew/", views.renew, name="source_renew"),
    path("sources/<uuid:id>/rejections/<int:rejection>/", views.replay, name="source_replay"),
    path("hooks/<str:token>/", hooks.receive, name="hook"),
    re_path(r"^hooks/(?P<token>[^/]+)$", hooks.receive),  # without the slash too: a redirect would lose the body
]
