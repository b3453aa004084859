"""Rests: what became of each, for the person who rests and for managers; and giving one's own up."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from oncall import clock
from oncall.limits import queries as limits
from oncall.people.viewer import viewer
from rotations.leave import call_out_queries, queries, rest_keeping, resting, whose
from rotations.leave.models import Rest
from rotations.leave.rest_forms import RestFindForm, WaiveForm

ON_A_PAGE = 50
SHOWN = timedelta(days=366)  # without a month: so far back


@require_safe
def rests(request: HttpRequest) -> HttpResponse:
    """Those of everybody whose leave the viewer may see, latest first; `?person=`, `?team=`, `?month=`, `?state=`."""
    actor, now = viewer(request), clock.now()
    visible = queries.visible_people(actor, now=now)
    whose.refuse_hidden(request, visible)
    form = RestFindForm(request.GET or None, visible=visible, viewer=actor)
    chosen: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    person, team, month = chosen.get("person"), chosen.get("team"), chosen.get("month")
    people = call_out_queries.people_asked_for(
        actor, person=person and person.pk, team=team and team.pk, everybody=True, now=now
    )
    found = Rest.objects.filter(person__in=people.values("pk"), withdrawn_at=None)
    found = (
        found.filter(date__year=month.year, date__month=month.month) if month else found.filter(ends_at__gt=now - SHOWN)
    )
    lines = resting.lines(found.select_related("person", "call_out").order_by("-starts_at", "id"), now=now)
    counts = [
        (state, sum(line.outcome.state == state for line in lines)) for state in ("honoured", "broken", "pending")
    ]
    if chosen.get("state"):
        lines = [line for line in lines if line.outcome.state == chosen["state"]]
    page = Paginator(lines, ON_A_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "kept": kept.urlencode(),
        "counts": dict(counts),
        "rests": page.object_list,
        "over_s": int(limits.at(now).number("rest_over_s")),
        "named": "person" in form.fields,
    }
    return render(request, "leave/rests.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def waive(request: HttpRequest, id: UUID) -> HttpResponse:
    """Give one's own rest up, and say why. Others' are not there."""
    who, now = viewer(request), clock.now()
    rest = get_object_or_404(Rest.objects.select_related("person"), pk=id, person=who)
    form = WaiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            rest_keeping.waive(rest=rest, by=who, now=now, **form.cleaned_data)
        except rest_keeping.WaiverRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "You have given this rest up, and are on call again where it is your turn.")
            return redirect("rests")
    context = {"rest": rest, "form": form, "over": rest.ends_at <= now}
    return render(request, "leave/rest_waive.html", context, status=400 if form.errors else 200)
