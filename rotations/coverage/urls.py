from django.urls import path

from rotations.coverage import (
    api,
    feed_views,
    publish_urls,
    quality_api,
    quality_views,
    swap_urls,
    timeline_views,
    views,
)

urlpatterns = [
    *publish_urls.urlpatterns,
    path("rotations/", views.rotations, name="rotations"),
    path("rotations/timeline/", timeline_views.show, name="timeline"),
    path("rotations/quality/", quality_views.show, name="quality"),
    path("rotations/<uuid:id>/", views.schedule, name="schedule"),
    path("feeds/<str:secret>.ics", feed_views.feed, name="feed"),
    path("me/calendars/", feed_views.calendars, name="calendars"),
    path("me/calendars/<uuid:id>/revoke/", feed_views.feed_revoke, name="feed_revoke"),
    path("me/reminders/", feed_views.reminder_add, name="reminder_add"),
    path("me/reminders/<uuid:id>/remove/", feed_views.reminder_remove, name="reminder_remove"),
    *swap_urls.urlpatterns,
]
api_urlpatterns = [
    *publish_urls.api_urlpatterns,
    path("on-call/", api.OnCallView.as_view(), name="api_on_call"),
    path("schedules/", api.SchedulesView.as_view(), name="api_schedules"),
    path("quality/", quality_api.QualityView.as_view(), name="api_quality"),
    path("schedules/<uuid:id>/shifts/", api.ShiftsView.as_view(), name="api_shifts"),
    *swap_urls.api_urlpatterns,
]
