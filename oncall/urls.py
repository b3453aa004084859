"""Addresses, by house and room. Rooms say theirs; this only mounts them."""

from importlib import import_module

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView

ROOMS = [
    "oncall.people",
    "oncall.limits",
    "oncall.catalogue",
    "oncall.work",
    "oncall.outside",
    "oncall.paging",
    "oncall.phones",
    "rotations.night",
    "rotations.schedule",
    "rotations.changes",
    "rotations.ground_rules",
    "rotations.volunteers",
    "rotations.coverage",
    "rotations.leave",
    "rotations.burden",
    "rotations.reports",
    "playbooks.library",
    "playbooks.runs",
    "playbooks.readiness",
    "incidents.escalation",
    "incidents.alarms",
    "incidents.signals",
    "incidents.latency",
    "incidents.command",
    "incidents.mirror",
    "incidents.following",
    "incidents.updates",
    "incidents.reviews",
    "incidents.handover",
    "incidents.display",
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/schema/", login_not_required(SpectacularAPIView.as_view()), name="schema"),
]


@login_not_required
@csrf_exempt
def no_such_api(request: HttpRequest) -> JsonResponse:
    """A program gets JSON, whatever it asked for."""
    return JsonResponse({"detail": ["No such address. See /api/v1/schema/."]}, status=404)


for room in ROOMS:
    addresses = import_module(f"{room}.urls")
    urlpatterns.append(path("", include(addresses.urlpatterns)))
    urlpatterns.append(path("api/v1/", include(getattr(addresses, "api_urlpatterns", []))))
urlpatterns.append(re_path(r"^api/", no_such_api))
