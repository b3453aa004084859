"""What every page gets: the viewer's zone, a strict content policy, an honest 503."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


class PersonTimeZone:
    """Show instants in the viewer's own zone; UTC stands beside them (templatetags/times.py)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = getattr(request.user, "time_zone", "UTC") if request.path.startswith("/static/") is False else "UTC"
        with timezone.override(ZoneInfo(name)):
            return self.get_response(request)


class ContentSecurityPolicy:
    """No script, style or frame from anywhere else, and none inline (security.md S21)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if "Cache-Control" not in response and not request.path.startswith("/static/"):
            response["Cache-Control"] = "no-store"
        return response


class DatabaseAway:
    """Answer 503 with Retry-After when the database cannot be reached: senders and the telephone company try again."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        if request.path.startswith(("/api/", "/hooks/", "/beats/")):
            response: HttpResponse = JsonResponse(
                {"detail": ["The database is away. Send it again in a moment."]}, status=503
            )
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = "5"
        return response
