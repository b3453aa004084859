"""Addresses of policies. That of changing one is with the alarms that run by it."""

from django.urls import path

from incidents.escalation import views

urlpatterns = [
    path("policies/", views.policies, name="policies"),
    path("policies/new/", views.edit, name="policy_new"),
    path("policies/<uuid:id>/", views.policy, name="policy"),
    path("policies/<uuid:id>/delete/", views.delete, name="policy_delete"),
]
