"""What every page gets: a sign-in that loses nobody, the viewer's zone, a strict content policy, honest 405 and 503."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

Handler = Callable[[HttpRequest], HttpResponse]

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


SAFE = {"GET", "HEAD", "OPTIONS"}
FOR_PROGRAMS = ("/api/", "/hooks/", "/beats/")


class SignInFirst(LoginRequiredMiddleware):
    """Every page wants somebody signed in. What is pressed after the session's end is not done, and says so: the
    sign-in leads back to the page with the button, because what a button sends cannot be opened.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponseRedirect:
        if request.method in SAFE:
            return super().handle_no_permission(request, view_func)
        messages.warning(request, "You were signed out, so nothing was done. Sign in, and press again.")
        return redirect_to_login(_came_from(request), self.get_login_url(view_func))


def _came_from(request: HttpRequest) -> str:
    """Return the page of ours on which something was pressed; the first one where the browser does not say."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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


class OnlyPressed:
    """A page that says it where only a button leads: Django's own answer 405 is empty."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.streaming or response.content:
            return response
        if request.path.startswith(FOR_PROGRAMS):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response.get("Allow", "")
        return page


class DatabaseAway:
    """Answer 503 with Retry-After when the database cannot be reached: senders and the telephone company try again."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        if request.path.startswith(FOR_PROGRAMS):
            response: HttpResponse = JsonResponse(
                {"detail": ["The database is away. Send it again in a moment."]}, status=503
            )
        else:
            response = render(request, "503.html", status=503)
        response["Retry-After"] = "5"
        return response
