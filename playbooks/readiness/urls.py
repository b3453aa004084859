"""Addresses of readiness: screens. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from playbooks.readiness import api, check_views, views

urlpatterns: list[URLPattern] = [
    path("readiness/", views.board, name="readiness"),
    path("readiness/checks/", check_views.checks, name="readiness_checks"),
    path("readiness/checks/new/", check_views.new, name="readiness_check_new"),
    path("readiness/checks/<int:number>/", check_views.check, name="readiness_check"),
    path("readiness/waivers/<uuid:id>/end/", views.end_waiver, name="readiness_waiver_end"),
    path("readiness/<str:day_obs>/", views.night, name="readiness_night"),
    path("readiness/<str:day_obs>/record/", views.record, name="readiness_record"),
    path("readiness/<str:day_obs>/waive/", views.waive, name="readiness_waive"),
    path("deployments/", views.deployments, name="deployments"),
]
api_urlpatterns: list[URLPattern] = [
    path("readiness/", api.Readiness.as_view(), name="api_readiness"),
    path("readiness/<str:night>/", api.Night.as_view(), name="api_readiness_night"),
    path("deployments/", api.Deployments.as_view(), name="api_deployments"),
]
