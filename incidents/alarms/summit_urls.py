"""Addresses of raising alarms by telephone."""

from django.urls import path

from incidents.alarms import summit_calls, summit_views

urlpatterns = [
    path("me/pin/", summit_views.pin, name="my_pin"),
    path("summit-lines/", summit_views.lines, name="summit_lines"),
    path("summit-lines/new/", summit_views.line_new, name="summit_line_new"),
    path("summit-lines/<uuid:id>/", summit_views.line_edit, name="summit_line"),
    path("hooks/twilio/summit/choice/", summit_calls.choice, name="twilio_summit_choice"),
    path("hooks/twilio/summit/pin/", summit_calls.pin, name="twilio_summit_pin"),
    path("hooks/twilio/summit/confirm/", summit_calls.confirm, name="twilio_summit_confirm"),
]
