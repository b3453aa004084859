from django.urls import path

from rotations.changes import api, feed_views, views

urlpatterns = [
    path("rotations/<uuid:id>/overrides/", views.override, name="override"),
    path("rotations/overrides/<uuid:id>/cancel/", views.cancel, name="override_cancel"),
    path("absences/", views.absences, name="absences"),
    path("absences/new/", views.absence_new, name="absence_new"),
    path("absences/<uuid:id>/", views.absence, name="absence"),
    path("absences/<uuid:id>/cancel/", views.absence_cancel, name="absence_cancel"),
    path("absences/calendars/", feed_views.absence_feeds, name="absence_feeds"),
    path("absences/calendars/<uuid:id>/check/", feed_views.absence_feed_check, name="absence_feed_check"),
    path("absences/calendars/<uuid:id>/remove/", feed_views.absence_feed_remove, name="absence_feed_remove"),
]
api_urlpatterns = [
    path("overrides/", api.OverridesView.as_view(), name="api_overrides"),
    path("overrides/<uuid:id>/", api.OverrideView.as_view(), name="api_override"),
    path("overrides/<uuid:id>/cancel/", api.OverrideCancelView.as_view(), name="api_override_cancel"),
    path("absences/", api.AbsencesView.as_view(), name="api_absences"),
    path("absences/<uuid:id>/", api.AbsenceView.as_view(), name="api_absence"),
    path("absences/<uuid:id>/cancel/", api.AbsenceCancelView.as_view(), name="api_absence_cancel"),
]
