"""Addresses of incidents: screens. `api_urlpatterns` are mounted under /api/v1/."""

from django.urls import URLPattern, path

from incidents.command import act_api, api, detail_views, entry_views, live_views, views

urlpatterns: list[URLPattern] = [
    path("incidents/", views.incidents, name="incidents"),
    path("incidents/declare/", views.declare, name="incident_declare"),
    path("incidents/<int:number>/", views.incident, name="incident"),
    path("incidents/<int:number>/edit/", detail_views.edit, name="incident_edit"),
    path("incidents/<int:number>/restrict/", detail_views.restrict, name="incident_restrict"),
    path("incidents/<int:number>/move/", entry_views.move, name="incident_move"),
    path("incidents/<int:number>/severity/", entry_views.severity, name="incident_severity"),
    path("incidents/<int:number>/role/", entry_views.role, name="incident_role"),
    path("incidents/<int:number>/command/", entry_views.command, name="incident_command"),
    path("incidents/<int:number>/alarm/", entry_views.alarm, name="incident_alarm"),
    path("incidents/<int:number>/call-in/", entry_views.call_in, name="incident_call_in"),
    path("incidents/<int:number>/name/", entry_views.name_person, name="incident_name"),
    path("incidents/<int:number>/note/", live_views.note, name="incident_note"),
    path("incidents/<int:number>/timeline/", live_views.lines, name="incident_timeline"),
    path("incidents/<int:number>/timeline.<str:form>", live_views.timeline_file, name="incident_export"),
    path("incidents/<int:number>/lines/<int:nth>/correct/", live_views.correct, name="incident_correct"),
    path("incidents/<int:number>/pictures/<uuid:id>/", live_views.picture, name="incident_picture"),
    path("incidents/<int:number>/paper/", live_views.paper, name="incident_paper"),
]
api_urlpatterns: list[URLPattern] = [
    path("incidents/", api.Incidents.as_view(), name="api_incidents"),
    path("incidents/<int:number>/", api.OneIncident.as_view(), name="api_incident"),
    path("incidents/<int:number>/timeline/", api.Timeline.as_view(), name="api_incident_timeline"),
    path("incidents/<int:number>/move/", act_api.PressMove.as_view(), name="api_incident_move"),
    path("incidents/<int:number>/severity/", act_api.SetSeverity.as_view(), name="api_incident_severity"),
    path("incidents/<int:number>/roles/", act_api.Roles.as_view(), name="api_incident_roles"),
    path("incidents/<int:number>/roles/leave/", act_api.LeaveRole.as_view(), name="api_incident_leave_role"),
    path("incidents/<int:number>/command/offer/", act_api.OfferCommand.as_view(), name="api_incident_offer"),
    path("incidents/<int:number>/command/answer/", act_api.AnswerCommand.as_view(), name="api_incident_answer"),
    path("incidents/<int:number>/entries/", act_api.Entries.as_view(), name="api_incident_entries"),
    path("incidents/<int:number>/alarms/", act_api.Alarms.as_view(), name="api_incident_alarms"),
    path("incidents/<int:number>/alarms/<uuid:id>/", act_api.OneAlarmOfIncident.as_view(), name="api_incident_alarm"),
    path("incidents/<int:number>/experts/", act_api.Experts.as_view(), name="api_incident_experts"),
    path("incidents/<int:number>/restricted/", act_api.Restricted.as_view(), name="api_incident_restricted"),
    path("incidents/<int:number>/people/", act_api.People.as_view(), name="api_incident_people"),
]
