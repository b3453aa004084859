"""Addresses of runs, as far as they are a playbook's. `api_urlpatterns` are mounted under /api/v1/.

Following one has its screens in `incidents/following`, which knows what it is about.
"""

from django.urls import URLPattern, path

from playbooks.runs import api

urlpatterns: list[URLPattern] = []
api_urlpatterns: list[URLPattern] = [
    path("playbooks/<slug:slug>/statistics/", api.Statistics.as_view(), name="api_playbook_statistics"),
]
