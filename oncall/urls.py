"""Addresses, by house and room. Rooms say theirs; this only mounts them."""

from importlib import import_module
from importlib.util import find_spec

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/schema/", login_not_required(SpectacularAPIView.as_view()), name="schema"),
]


@login_not_required
@csrf_exempt
def no_such_api(request: HttpRequest) -> JsonResponse:
    """A program gets JSON, whatever it asked for."""
    return JsonResponse({"detail": ["No such address. See /api/v1/schema/."]}, status=404)


for room in settings.ROOMS:
    if not find_spec(f"{room}.urls"):
        continue
    addresses = import_module(f"{room}.urls")
    urlpatterns.append(path("", include(addresses.urlpatterns)))
    urlpatterns.append(path("api/v1/", include(getattr(addresses, "api_urlpatterns", []))))
urlpatterns.append(re_path(r"^api/", no_such_api))
