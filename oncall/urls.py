"""Addresses, by house and room. Rooms say theirs; this only mounts them."""

from importlib import import_module

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from oncall.people.authentication import schema_extension

ROOMS = [
    "oncall.people",
    "oncall.limits",
    "oncall.paging",
    "rotations.schedule",
    "rotations.changes",
    "rotations.coverage",
    "rotations.leave",
    "incidents.escalation",
    "incidents.alarms",
    "incidents.signals",
    "incidents.display",
]
schema_extension()

urlpatterns = [path("api/v1/schema/", login_not_required(SpectacularAPIView.as_view()), name="schema")]
for room in ROOMS:
    addresses = import_module(f"{room}.urls")
    urlpatterns.append(path("", include(addresses.urlpatterns)))
    urlpatterns.append(path("api/v1/", include(getattr(addresses, "api_urlpatterns", []))))
