from django.urls import path

from rotations.burden import api, views

urlpatterns = [
    path("burden/", views.show, name="burden"),
    path("burden/suggestions/", views.suggestions, name="burden_suggestions"),
]
api_urlpatterns = [path("burden/", api.BurdenView.as_view(), name="api_burden")]
