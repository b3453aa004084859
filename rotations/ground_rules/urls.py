"""Addresses of the ground rules."""

from django.urls import path

from rotations.ground_rules import api, views

urlpatterns = [
    path("ground-rules/", views.ground_rules, name="ground_rules"),
    path("ground-rules/new/", views.ground_rules_write, name="ground_rules_write"),
    path("ground-rules/accepted.csv", views.ground_rules_acceptances, name="ground_rules_acceptances"),
    path("ground-rules/<int:number>/", views.ground_rules_version, name="ground_rules_version"),
    path("ground-rules/<int:number>/accept/", views.ground_rules_accept, name="ground_rules_accept"),
]
api_urlpatterns = [
    path("ground-rules/", api.GroundRules.as_view(), name="api_ground_rules"),
    path("ground-rules/accept/", api.AcceptGroundRules.as_view(), name="api_ground_rules_accept"),
]
