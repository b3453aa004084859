"""Addresses of the playbooks."""

from django.urls import path

from playbooks.library import api, editing_views, views

urlpatterns = [
    path("playbooks/", views.playbooks, name="playbooks"),
    path("playbooks/new/", editing_views.new, name="playbook_new"),
    path("playbooks/<slug:slug>/", views.playbook, name="playbook"),
    path("playbooks/<slug:slug>/edit/", editing_views.edit, name="playbook_edit"),
    path("playbooks/<slug:slug>/history/", views.history, name="playbook_history"),
    path("playbooks/<slug:slug>/compare/", views.compare, name="playbook_compare"),
    path("playbooks/<slug:slug>/review/", views.review, name="playbook_review"),
    path("playbooks/<slug:slug>/retire/", views.retire, name="playbook_retire"),
    path("playbooks/<slug:slug>/take-up/", views.take_up, name="playbook_take_up"),
    path("playbooks/<slug:slug>/revisions/<int:n>/", views.revision, name="playbook_revision"),
]
api_urlpatterns = [
    path("playbooks/", api.Playbooks.as_view(), name="api_playbooks"),
    path("playbooks/<slug:slug>/", api.PlaybookView.as_view(), name="api_playbook"),
]
