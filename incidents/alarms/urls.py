"""Addresses of alarms: screens, and answers by telephone. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import path, re_path

from incidents.alarms import answers, api, links, policy_views, slack_answers, sms_answers, views, why_views, work_api

urlpatterns = [
    path("alarms/", views.alarms, name="alarms"),
    path("alarms/raise/", views.raise_alarm, name="alarm_raise"),
    path("alarms/<uuid:id>/", views.alarm, name="alarm"),
    path("alarms/<uuid:id>/acknowledge/", views.acknowledge, name="alarm_acknowledge"),
    path("alarms/<uuid:id>/take-over/", views.take_over, name="alarm_take_over"),
    path("alarms/<uuid:id>/resolve/", views.resolve, name="alarm_resolve"),
    path("alarms/<uuid:id>/undo-resolve/", views.undo_resolve, name="alarm_undo_resolve"),
    path("alarms/<uuid:id>/snooze/", views.snooze, name="alarm_snooze"),
    path("alarms/<uuid:id>/escalate/", views.escalate, name="alarm_escalate"),
    path("alarms/<uuid:id>/stand-down/", views.stand_down, name="alarm_stand_down"),
    path("alarms/<uuid:id>/note/", views.note, name="alarm_note"),
    path("alarms/<uuid:id>/hand-over/", views.reassign, name="alarm_reassign"),
    path("policies/<uuid:id>/edit/", policy_views.edit, name="policy_edit"),
    path("pages/<uuid:id>/why/", why_views.why, name="page_why"),
    path("me/page/", views.page_me, name="page_me"),
    path("hooks/slack/", slack_answers.slack_answers, name="slack_answers"),
    path("answer/<str:token>/", links.answer, name="answer_by_link"),
    path("hooks/twilio/voice/<uuid:attempt_id>/start/", answers.start, name="twilio_voice_start"),
    path("hooks/twilio/voice/<uuid:attempt_id>/key/", answers.key, name="twilio_voice_key"),
    path("hooks/twilio/voice/inbound/", answers.inbound_call, name="twilio_voice_inbound"),
    re_path(r"^hooks/twilio/sms/inbound/?$", sms_answers.inbound_sms, name="twilio_sms_inbound"),
]
api_urlpatterns = [
    path("alarms/", api.Alarms.as_view(), name="api_alarms"),
    path("alarms/<uuid:id>/", api.OneAlarm.as_view(), name="api_alarm"),
    path("alarms/<uuid:id>/timeline/", api.Timeline.as_view(), name="api_timeline"),
    path("alarms/<uuid:id>/acknowledge/", work_api.Acknowledge.as_view(), name="api_acknowledge"),
    path("alarms/<uuid:id>/take-over/", work_api.TakeOver.as_view(), name="api_take_over"),
    path("alarms/<uuid:id>/resolve/", work_api.Resolve.as_view(), name="api_resolve"),
    path("alarms/<uuid:id>/escalate/", work_api.Escalate.as_view(), name="api_escalate"),
    path("alarms/<uuid:id>/snooze/", work_api.Snooze.as_view(), name="api_snooze"),
    path("alarms/<uuid:id>/undo-resolve/", work_api.UndoResolve.as_view(), name="api_undo_resolve"),
    path("alarms/<uuid:id>/reassign/", work_api.Reassign.as_view(), name="api_reassign"),
    path("alarms/<uuid:id>/call-in/", work_api.CallIn.as_view(), name="api_call_in"),
    path("alarms/<uuid:id>/note/", work_api.Note.as_view(), name="api_note"),
]
