"""Recompute past credit: first seen, then posted. For administrators and managers of everybody."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from rotations.leave import recompute as verb
from rotations.leave.recompute import Change
from rotations.leave.recompute_forms import RecomputeForm


@require_http_methods(["GET", "HEAD", "POST"])
def recompute(request: HttpRequest) -> HttpResponse:
    """Two buttons: show the differences, or post them. What is typed stays."""
    actor, now = viewer(request), clock.now()
    if not access.may_recompute_leave(actor, now=now):
        raise PermissionDenied("Only administrators and managers of everybody recompute leave.")
    if request.method != "POST":
        form = RecomputeForm(zone=actor.time_zone, initial={"until": now})
        return render(request, "leave/recompute.html", {"form": form})
    posts = "post" in request.POST
    form = RecomputeForm(request.POST, zone=actor.time_zone, posts=posts)
    asked = form.cleaned_data if form.is_valid() else {}
    context: dict[str, Any] = {"form": form}
    if asked:
        changes = verb.recompute(**asked, by=actor, now=now, dry_run=not posts)
        if posts:
            messages.success(request, _said(changes))
            return redirect("leave_recompute")
        context |= {"people": _by_person(changes), "total": _sum(changes), "shown": True}
    return render(request, "leave/recompute.html", context, status=400 if form.errors else 200)


def _said(changes: list[Change]) -> str:
    if not changes:
        return "Every call-out earns already what its rule says, so nothing is posted."
    people = len({change.call_out.person_id for change in changes})
    return f"The differences are posted: {len(changes)} call-outs of {people} people. Each says why."


def _by_person(changes: list[Change]) -> list[tuple[Any, list[Change], tuple[int, int]]]:
    groups = groupby(changes, key=lambda change: change.call_out.person)
    return [(person, own, _sum(own)) for person, own in ((person, list(group)) for person, group in groups)]


def _sum(changes: list[Change]) -> tuple[int, int]:
    return sum(change.out_of_hours_s for change in changes), sum(change.credit_s for change in changes)
