from django.urls import path

from rotations.coverage import api, views

urlpatterns = [
    path("rotations/", views.rotations, name="rotations"),
    path("rotations/<uuid:id>/", views.schedule, name="schedule"),
]
api_urlpatterns = [
    path("on-call/", api.OnCallView.as_view(), name="api_on_call"),
    path("schedules/", api.SchedulesView.as_view(), name="api_schedules"),
    path("schedules/<uuid:id>/shifts/", api.ShiftsView.as_view(), name="api_shifts"),
]
