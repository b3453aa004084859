"""Addresses of following: screens. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
api_urlpatterns: list[URLPattern] = []
