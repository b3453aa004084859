from django.urls import path

from rotations.changes import api, feed_views, views

urlpatterns = [
    path("absences/", views.absences, name="absences"),
    path("absences/new/", views.absence_new, name="absence_new"),
    path("absences/<uuid:id>/", views.absence, name="absence"),
    path("absences/<uuid:id>/cancel/", views.absence_cancel, name="absence_cancel"),
    path("absences/calendars/", feed_views.absence_feeds, name="absence_feeds"),
    path("absences/calendars/<uuid:id>/check/", feed_views.absence_feed_check, name="absence_feed_check"),
    path("absences/calendars/<uuid:id>/remove/", feed_views.absence_feed_remove, name="absence_feed_remove"),
]
api_urlpatterns = [
    path("absences/", api.AbsencesView.as_view(), name="api_absences"),
    path("absences/<uuid:id>/", api.AbsenceView.as_view(), name="api_absence"),
    path("absences/<uuid:id>/cancel/", api.AbsenceCancelView.as_view(), name="api_absence_cancel"),
]
