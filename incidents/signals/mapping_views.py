"""An edge: say in the browser what a payload of any shape means, against one that came."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from incidents.signals import mappings, queries
from incidents.signals.mapping_forms import MappingForm
from incidents.signals.models import Signal, Source
from incidents.signals.payloads import mapping as payloads
from incidents.signals.payloads.items import Item, Parsed, Unreadable
from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer

SHOWN = 20  # items of a preview


def mapping(request: HttpRequest, id: UUID) -> HttpResponse:
    """Show a captured payload, its places and what the mapping makes of it; `then=save` keeps the mapping."""
    now = clock.now()
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied("Only the pilot and administrators change sources.")
    source = get_object_or_404(Source, pk=id, kind=Source.Kind.MAPPED)
    signal = mappings.capture(source, id=_asked_for(request))
    data = mappings.payload(signal)
    stored = source.mapping or (mappings.guess(data) if data is not None else {})
    form = MappingForm(request.POST if request.method == "POST" else None, initial=stored)
    is_good = not form.is_bound or form.is_valid()
    if form.is_bound and is_good:
        stored = form.stored()
        if request.POST.get("then") == "save":
            mappings.save(source=source, stored=stored, now=now)
            waiting = queries.unsettled(source).count()
            if waiting:
                messages.info(request, f"Saved. {waiting} were not readable before: send them again below.")
            return redirect("source", id)
    context = {
        "source": source,
        "form": form,
        "captures": mappings.captures(source),
        "signal": signal,
        "whole": mappings.shown(data) if data is not None else "",
        "places": mappings.choices(data, stored.get("items", "")) if data is not None else [],
        "is_guess": not source.mapping and not form.is_bound and bool(stored),
        **(_preview(signal, source, stored) if is_good and stored and data is not None else {}),
    }
    return render(request, "signals/mapping.html", context, status=200 if is_good else 400)


def _asked_for(request: HttpRequest) -> UUID | None:
    text = request.POST.get("signal") or request.GET.get("signal")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404("No such signal.") from None


def _preview(signal: Signal | None, source: Source, stored: payloads.Stored) -> dict[str, Any]:
    """Return what would be raised. An error here is one of the payload; those of the form are said at its fields."""
    assert signal is not None  # it has a payload
    try:
        parsed: Parsed = payloads.parse(signal.body.encode(), stored)
    except Unreadable:
        return {}
    return {
        "parsed": parsed,
        "items": [_row(item, source) for item in parsed.items[:SHOWN]],
        "rejected": parsed.rejected[:SHOWN],
        "more": max(0, len(parsed.items) - SHOWN) + max(0, len(parsed.rejected) - SHOWN),
    }


def _row(item: Item, source: Source) -> dict[str, Any]:
    return {"item": item, "severity": item.severity or source.severity, "is_default": item.severity is None}
