"""Addresses of mirror: the page of a channel, and what Slack tells us. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from incidents.mirror import answers, views

urlpatterns: list[URLPattern] = [
    path("incidents/<int:number>/slack/", views.slack, name="incident_slack"),
    path("hooks/slack/events/", answers.slack_events, name="slack_events"),
]
api_urlpatterns: list[URLPattern] = []
