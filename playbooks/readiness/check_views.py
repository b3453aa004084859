"""Edges: the checks themselves, changed by the pilot and administrators, with what was changed when."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from playbooks.readiness import services
from playbooks.readiness.forms import CheckForm, NewCheckForm
from playbooks.readiness.models import Check
from playbooks.readiness.nights import day_obs

GREATEST = 2**15  # what the column of a number holds


@require_safe
def checks(request: HttpRequest) -> HttpResponse:
    """Every check, also those out of use."""
    now = clock.now()
    context = {
        "checks": Check.objects.select_related("owner_team"),
        "tonight": day_obs(now),
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "readiness/checks.html", context)


def check(request: HttpRequest, number: int) -> HttpResponse:
    """One check, what was changed about it, and, for who may, a form."""
    person, now = viewer(request), clock.now()
    row = get_object_or_404(Check.objects.select_related("owner_team"), number=min(number, GREATEST - 1))
    may_edit = access.may_configure(person, now=now)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied("The pilot and administrators change checks. Ask them.")
    form = CheckForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_check(check=row, by=person, now=now, **form.cleaned_data)
        except services.Refused as error:
            form.add_error(error.field, str(error))
        else:
            messages.info(request, "It is kept, with what was changed." if changed else "Nothing is different.")
            return redirect("readiness_check", row.number)
    context = {
        "check": get_object_or_404(Check.objects.select_related("owner_team"), pk=row.pk),
        "form": form if may_edit else None,
        "changes": row.changes.select_related("by")[:100],
    }
    return render(request, "readiness/check.html", context, status=400 if form.errors else 200)


def new(request: HttpRequest) -> HttpResponse:
    """Add a check."""
    person, now = viewer(request), clock.now()
    if not access.may_configure(person, now=now):
        raise PermissionDenied("The pilot and administrators add checks. Ask them.")
    form = NewCheckForm(request.POST or None, initial={"used_from": day_obs(now)})
    if request.method == "POST" and form.is_valid():
        try:
            row = services.add_check(check=form.save(commit=False), by=person, now=now)
        except services.Refused as error:
            form.add_error(error.field, str(error))
        else:
            messages.info(request, f"Check {row} is made from the night of {row.used_from:%d %b %Y} on.")
            return redirect("readiness_check", row.number)
    return render(request, "readiness/check_new.html", {"form": form}, status=400 if form.errors else 200)
