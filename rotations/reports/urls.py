from django.urls import path

from rotations.reports import api, views

urlpatterns = [
    path("reports/leave/", views.leave, name="report_leave"),
    path("reports/leave/people/<uuid:id>/", views.person, name="report_person"),
]
api_urlpatterns = [
    path("reports/leave/", api.LeaveReportView.as_view(), name="api_report_leave"),
]
