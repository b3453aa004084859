"""Addresses of a person's page, contacts and rules, and of what the telephone company reports."""

from django.urls import path

from oncall.paging import callbacks, other_ways, outgoing, profiles, spoken, views

urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/test/", views.test_state, name="test_state"),
    path("me/contact-card.vcf", views.contact_card, name="contact_card"),
    path("people/<uuid:id>/", views.person, name="person"),
    path("outgoing/", outgoing.outgoing, name="outgoing"),
    path("people/<uuid:id>/contacts/", views.contacts_of, name="contacts"),
    path("people/<uuid:id>/contacts/phone/", views.phone_add, name="phone_add"),
    path("people/<uuid:id>/contacts/mail/", views.mail_add, name="mail_add"),
    path("people/contacts/<uuid:id>/remove/", views.contact_remove, name="contact_remove"),
    path("people/contacts/<uuid:id>/code/", views.code_send, name="code_send"),
    path("people/contacts/<uuid:id>/confirm/", views.code_check, name="code_check"),
    path("people/<uuid:id>/rules/<slug:urgency>/", profiles.profile, name="profile"),
    path("people/<uuid:id>/quiet/", views.quiet_hours, name="quiet_hours"),
    path("me/push/", other_ways.push_subscribe, name="push_subscribe"),
    path("me/push/remove/", other_ways.push_unsubscribe, name="push_unsubscribe"),
    path("me/slack/", other_ways.slack_add, name="slack_add"),
    path("hooks/push/<str:token>/", other_ways.push_receipt, name="push_receipt"),
    path("hooks/twilio/sms/<uuid:attempt_id>/", callbacks.status, name="twilio_sms_status"),
    path("hooks/twilio/call/<uuid:attempt_id>/", callbacks.status, name="twilio_call_status"),
    path("hooks/twilio/debugger/", callbacks.debugger, name="twilio_debugger"),
    path("hooks/twilio/notice/<uuid:attempt_id>/start/", spoken.start, name="twilio_notice_start"),
]
