"""Take a span, or put somebody else on call for it, and take that back."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from oncall import clock
from oncall.people.viewer import viewer
from rotations.changes.forms import OverrideForm
from rotations.changes.models import Override
from rotations.changes.refusals import Refused
from rotations.coverage import swap_services
from rotations.coverage.swap_forms import instant_of
from rotations.schedule.models import Schedule


@require_http_methods(["GET", "HEAD", "POST"])
def override(request: HttpRequest, id: UUID) -> HttpResponse:
    who, now = viewer(request), clock.now()
    schedule = get_object_or_404(Schedule, pk=id)
    form = OverrideForm(request.POST or None, schedule=schedule, viewer=who, now=now, initial=_chosen(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = swap_services.override(schedule=schedule, by=who, now=now, **form.cleaned_data)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, f"{made.person.name} covers that span of {schedule.name}.")
            return redirect("schedule", id)
    context = {"schedule": schedule, "form": form}
    return render(request, "changes/override.html", context, status=400 if form.errors else 200)


def _chosen(request: HttpRequest) -> dict[str, Any]:
    """Return what a link fills in, such as that of whoever could take a gap; what it says wrongly is left empty."""
    chosen: dict[str, Any] = {name: request.GET[name] for name in ("role", "person", "replaces") if name in request.GET}
    for name in ("starts_at", "ends_at"):
        chosen[name] = instant_of(request.GET.get(name, ""))
    return chosen


@require_POST
def cancel(request: HttpRequest, id: UUID) -> HttpResponse:
    found = get_object_or_404(Override.objects.select_related("schedule", "person"), pk=id)
    try:
        swap_services.cancel(override=found, by=viewer(request), now=clock.now())
        messages.success(request, f"The override by {found.person.name} is cancelled.")
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("schedule", found.schedule_id)
