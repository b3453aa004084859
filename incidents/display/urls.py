"""Addresses of screens that only ask, and of what a watcher asks."""

from django.urls import path

from incidents.display import health, views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
