"""Addresses of a person's page, contacts and rules, and of what the telephone company reports."""

from django.urls import path

from oncall.paging import callbacks, views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("people/<uuid:id>/", views.person, name="person"),
    path("people/<uuid:id>/contacts/", views.contacts_of, name="contacts"),
    path("people/<uuid:id>/contacts/phone/", views.phone_add, name="phone_add"),
    path("people/<uuid:id>/contacts/mail/", views.mail_add, name="mail_add"),
    path("people/contacts/<uuid:id>/remove/", views.contact_remove, name="contact_remove"),
    path("people/<uuid:id>/rules/", views.rule_add, name="rule_add"),
    path("people/<uuid:id>/rules/usual/", views.rules_usual, name="rules_usual"),
    path("people/rules/<uuid:id>/remove/", views.rule_remove, name="rule_remove"),
    path("hooks/twilio/sms/<uuid:attempt_id>/", callbacks.status, name="twilio_sms_status"),
    path("hooks/twilio/call/<uuid:attempt_id>/", callbacks.status, name="twilio_call_status"),
]
