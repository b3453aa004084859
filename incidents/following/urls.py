"""Addresses of runs of playbooks: screens. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from incidents.following import api, views

urlpatterns: list[URLPattern] = [
    path("alarms/<uuid:id>/playbooks/<slug:slug>/", views.start_for_alarm, name="run_of_alarm"),
    path("alarms/<uuid:id>/runs/", views.runs_of_alarm, name="runs_of_alarm"),
    path("incidents/<int:number>/playbooks/<slug:slug>/", views.start_for_incident, name="run_of_incident"),
    path("incidents/<int:number>/runs/", views.runs_of_incident, name="runs_of_incident"),
    path("playbooks/<slug:slug>/practise/", views.practise, name="run_practise"),
    path("runs/<uuid:id>/", views.run, name="run"),
    path("runs/<uuid:id>/news/", views.news, name="run_news"),
    path("runs/<uuid:id>/tick/", views.tick, name="run_tick"),
    path("runs/<uuid:id>/lead/", views.lead, name="run_lead"),
    path("runs/<uuid:id>/page/", views.page_skill, name="run_page"),
    path("runs/<uuid:id>/end/", views.end, name="run_end"),
    path("runs/<uuid:id>/reopen/", views.reopen, name="run_reopen"),
]
api_urlpatterns: list[URLPattern] = [
    path("runs/", api.Runs.as_view(), name="api_runs"),
    path("runs/<uuid:id>/", api.OneRun.as_view(), name="api_run"),
    path("runs/<uuid:id>/outcomes/", api.Outcomes.as_view(), name="api_run_outcomes"),
    path("runs/<uuid:id>/page/", api.PageSkill.as_view(), name="api_run_page"),
    path("runs/<uuid:id>/end/", api.EndRun.as_view(), name="api_run_end"),
    path("runs/<uuid:id>/reopen/", api.ReopenRun.as_view(), name="api_run_reopen"),
]
