"""The windows and what they mean; the pilot and the administrators change them (R27)."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.queries import NoObservingSite, observing_site
from oncall.people.viewer import viewer
from rotations.night import preview, queries, services
from rotations.night.forms import WindowForm
from rotations.night.models import CLOCK_FIELDS, NIGHT_FIELDS, Window
from rotations.night.sun import day_obs

SAYS = {"kind", *NIGHT_FIELDS, *CLOCK_FIELDS, "__all__"}  # fields without which there is nothing to preview
UNNAMED = "this-window"  # so that a window can be seen before it has a name


@require_safe
def windows(request: HttpRequest) -> HttpResponse:
    """Every window: what it says, and what that is tonight."""
    now = clock.now()
    context: dict[str, Any] = {"may_configure": access.may_configure(viewer(request), now=now), "night": day_obs(now)}
    try:
        book, zones = queries.book(), _zones()
    except NoObservingSite as error:
        return render(request, "night/windows.html", {**context, "problem": str(error)})
    spans = [(window, book.on_night(window.name, day_obs(now))) for window in Window.objects.all()]
    context["lines"] = [
        (window, book.window(window.name), [preview.in_words(*span, ZoneInfo(zone)) for zone in zones] if span else [])
        for window, span in spans
    ]
    return render(request, "night/windows.html", {**context, "zones": zones})


@require_http_methods(["GET", "HEAD", "POST"])
def window(request: HttpRequest, id: UUID | None = None) -> HttpResponse:
    """Make or edit a window, and see what it means before it is saved.

    htmx asks by GET with what is typed so far; without it, the button Show sends the same by POST and saves nothing.
    """
    now = _check_allowed(request)
    present = get_object_or_404(Window, pk=id) if id else None
    title = str(present) if present else ""
    typed = request.POST if request.method == "POST" else (request.GET if "kind" in request.GET else None)
    form = WindowForm(typed, instance=present)
    saves = request.method == "POST" and "show" not in request.POST
    if saves and form.is_valid() and _save(request, form, present, now):
        return redirect("windows")
    context = {"form": form, "id": id, "title": title, **_meaning(form, now)}
    template = "night/window.html#preview" if request.htmx else "night/window.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=400 if saves else 200)


@require_POST
def delete(request: HttpRequest, id: UUID) -> HttpResponse:
    """Remove a window that nothing follows."""
    _check_allowed(request)
    found = get_object_or_404(Window, pk=id)
    try:
        services.delete_window(window=found)
    except services.WindowInUse as error:
        messages.error(request, str(error))
        return redirect("window", id)
    messages.success(request, f"{found} is gone.")
    return redirect("windows")


def _save(request: HttpRequest, form: WindowForm, present: Window | None, now: datetime) -> bool:
    about = {name: form.cleaned_data[name] for name in ("name", "label", "note")}
    try:
        saved = services.save_window(window=present, says=form.says, now=now, **about)
    except ValidationError as error:
        _refuse(form, error)
        return False
    except NoObservingSite as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, f"{saved.window} is saved.")
    for warning in saved.warnings:
        messages.warning(request, warning)
    return True


def _refuse(form: WindowForm, error: ValidationError) -> None:
    """Put a refusal where its field is."""
    for field, words in getattr(error, "message_dict", {"__all__": error.messages}).items():
        form.add_error(field if field in form.fields else None, words)


def _meaning(form: WindowForm, now: datetime) -> dict[str, Any]:
    """Return what the preview shows: the nights, or what stands in the way; nothing for a form still empty."""
    if not form.is_bound and form.instance._state.adding:
        return {}
    problems = {field: words for field, words in form.errors.items() if field in SAYS}
    if problems:
        labels = {field: form.fields[field].label or field for field in problems if field in form.fields}
        return {"problems": [(labels.get(field, ""), words) for field, words in problems.items()]}
    shown = form.instance
    shown.name = shown.name or UNNAMED
    try:
        book, zones = queries.book_with(shown), _zones()
    except ValidationError as error:
        return {"problems": [("", error.messages)]}
    except NoObservingSite as error:
        return {"problems": [("", [str(error)])]}
    return {"groups": preview.groups(book, shown.name, tonight=day_obs(now), zones=zones), "zones": zones}


def _zones() -> list[str]:
    """The clocks of a preview: the site's own, Pacific, and France's."""
    return list(dict.fromkeys([observing_site().time_zone, preview.PACIFIC, preview.EUROPEAN]))


def _check_allowed(request: HttpRequest) -> datetime:
    """Return now, for whoever may configure."""
    now = clock.now()
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied("Only the pilot and administrators change windows. Ask them.")
    return now
