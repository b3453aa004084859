from django.urls import path

from rotations.night import api, views

urlpatterns = [
    path("nights/windows/", views.windows, name="windows"),
    path("nights/windows/new/", views.window, name="window_new"),
    path("nights/windows/<uuid:id>/", views.window, name="window"),
    path("nights/windows/<uuid:id>/delete/", views.delete, name="window_delete"),
]
api_urlpatterns = [
    path("nights/<str:day_obs>/", api.NightView.as_view(), name="api_night"),
    path("windows/", api.WindowsView.as_view(), name="api_windows"),
]
