"""Addresses of messages and of the public status page. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from incidents.updates import api, keep_views, status_views, views

urlpatterns: list[URLPattern] = [
    path("status/", status_views.page, name="status"),
    path("incidents/<int:number>/updates/", views.updates, name="incident_updates"),
    path("incidents/<int:number>/updates/panel/", views.panel, name="incident_updates_panel"),
    path("incidents/<int:number>/updates/new/", views.new, name="incident_update_new"),
    path("incidents/<int:number>/updates/delayed/", views.delayed, name="incident_update_delayed"),
    path("incidents/<int:number>/updates/mails/<uuid:id>/again/", views.again, name="incident_mail_again"),
    path("incidents/<int:number>/updates/<uuid:id>/", views.update, name="incident_update"),
    path("incidents/<int:number>/updates/<uuid:id>/change/", views.change, name="incident_update_change"),
    path("incidents/<int:number>/updates/<uuid:id>/send/", views.send, name="incident_update_send"),
    path("incidents/<int:number>/updates/<uuid:id>/drop/", views.drop, name="incident_update_drop"),
    path("messages/", keep_views.templates, name="update_templates"),
    path("messages/templates/<str:code>/", keep_views.template, name="update_template"),
    path("messages/audiences/new/", keep_views.new_audience, name="audience_new"),
    path("messages/audiences/<uuid:id>/", keep_views.audience, name="audience"),
    path("messages/audiences/<uuid:id>/retire/", keep_views.retire_audience, name="audience_retire"),
]
api_urlpatterns: list[URLPattern] = [
    path("status/", status_views.StatusView.as_view(), name="api_status"),
    path("incidents/<int:number>/updates/", api.Updates.as_view(), name="api_incident_updates"),
    path("incidents/<int:number>/updates/preview/", api.Preview.as_view(), name="api_incident_update_preview"),
    path("incidents/<int:number>/updates/delayed/", api.Delayed.as_view(), name="api_incident_update_delayed"),
    path("incidents/<int:number>/updates/<uuid:id>/", api.OneUpdate.as_view(), name="api_incident_update"),
    path("incidents/<int:number>/updates/<uuid:id>/send/", api.Send.as_view(), name="api_incident_update_send"),
    path("message-templates/", api.Templates.as_view(), name="api_message_templates"),
    path("message-templates/<str:code>/", api.OneTemplate.as_view(), name="api_message_template"),
    path("audiences/", api.Audiences.as_view(), name="api_audiences"),
    path("audiences/<uuid:id>/", api.OneAudience.as_view(), name="api_audience"),
]
