"""Addresses of the webhooks' screens."""

from django.urls import path

from oncall.outside import views

urlpatterns = [
    path("webhooks/", views.webhooks, name="webhooks"),
    path("webhooks/<uuid:id>/", views.webhook, name="webhook"),
    path("webhooks/<uuid:id>/test/", views.webhook_test, name="webhook_test"),
    path("webhooks/<uuid:id>/rotate/", views.webhook_rotate, name="webhook_rotate"),
    path("webhooks/<uuid:id>/switch/", views.webhook_switch, name="webhook_switch"),
]
