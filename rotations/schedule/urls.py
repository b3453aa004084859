from django.urls import path

from rotations.schedule import views

urlpatterns = [
    path("rotations/new/", views.new, name="schedule_new"),
    path("rotations/<uuid:id>/edit/", views.edit, name="schedule_edit"),
    path("rotations/<uuid:id>/roles/<slug:role>/", views.rotation, name="rotation"),
]
