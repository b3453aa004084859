"""Addresses of a source's routes."""

from django.urls import path

from incidents.signals import route_views

urlpatterns = [
    path("sources/<uuid:id>/routes/", route_views.routes, name="routes"),
    path("sources/<uuid:id>/routes/new/", route_views.edit, name="route_new"),
    path("sources/<uuid:id>/routes/try/", route_views.try_out, name="routes_try"),
    path("sources/<uuid:id>/routes/<uuid:route>/", route_views.edit, name="route"),
    path("sources/<uuid:id>/routes/<uuid:route>/move/", route_views.move, name="route_move"),
    path("sources/<uuid:id>/routes/<uuid:route>/delete/", route_views.delete, name="route_delete"),
]
