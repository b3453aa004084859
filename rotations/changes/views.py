"""Be absent, and take that back."""

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people.models import Person, Team
from oncall.people.viewer import viewer
from rotations.changes import month, queries, services
from rotations.changes.forms import AbsenceForm
from rotations.changes.models import Absence
from rotations.changes.refusals import Refused


@require_safe
def absences(request: HttpRequest) -> HttpResponse:
    """The month, people down and days across; then one's own, or everybody's for those who may arrange."""
    who, now = viewer(request), clock.now()
    shown = _month(request.GET.get("month", ""), now.astimezone(who.zone).date())
    slug = request.GET.get("team", "")
    team = Team.objects.filter(slug=slug).first() if slug.isprintable() else None  # PostgreSQL refuses NUL in text
    arranges = queries.may_arrange(who, now=now)
    days = month.days_of(shown, zone=who.zone)
    start, end = days[0].starts_at, days[-1].ends_at
    there = Q(absences__cancelled_at__isnull=True, absences__starts_at__lt=end, absences__ends_at__gt=start)
    people = Person.objects.active().filter(there | Q(turns__isnull=False)).distinct()
    if team:
        people = people.filter(memberships__team=team)
    listed = list(people)
    away = queries.absent(people=listed, start=start, end=end)
    ahead = queries.upcoming_absences(now=now)
    context = {
        "now": now,
        "today": now.astimezone(who.zone).date(),
        "month": shown,
        "before": month.month_before(shown) if shown > EARLIEST_MONTH else None,
        "after": month.next_month(shown) if shown < LATEST_MONTH else None,
        "days": days,
        "rows": [(one, list(zip(days, month.away(days, _spans(away.get(one.pk, []))), strict=True))) for one in listed],
        "teams": Team.objects.all(),
        "team": team,
        "arranges": arranges,
        "mine": ahead.filter(person=who),
        "others": ahead.exclude(person=who) if arranges else [],
        "rests_of": queries.whose_rests_are_seen(who, now=now) if arranges else (),
    }
    return render(request, "changes/absences.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def absence_new(request: HttpRequest) -> HttpResponse:
    who, now = viewer(request), clock.now()
    form = AbsenceForm(request.POST or None, viewer=who, now=now)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_absence(by=who, now=now, **form.cleaned_data)
        except Refused as error:
            form.show(error.field, str(error))
        else:
            whom = "You are" if made.person_id == who.pk else f"{made.person.name} is"
            messages.success(request, f"{whom} not on call in that time.")
            return redirect("absences")
    return render(request, "changes/absence.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def absence(request: HttpRequest, id: UUID) -> HttpResponse:
    """One absence, for those who may see why."""
    who, now = viewer(request), clock.now()
    found = get_object_or_404(Absence.objects.select_related("person", "feed", "by"), pk=id)
    arranges, rests_of = queries.may_arrange(who, now=now), queries.whose_rests_are_seen(who, now=now)
    if not queries.may_see_why(who, absence=found, arranges=arranges, rests_of=rests_of):
        raise PermissionDenied(f"Only {found.person.name}, the pilot and managers see this. Ask them.")
    here = found.source == Absence.Source.HAND and not found.kept_at
    editable = here and found.cancelled_at is None and found.ends_at > now
    form = AbsenceForm(request.POST or None, viewer=who, now=now, absence=found)
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_absence(absence=found, by=who, now=now, **form.cleaned_data)
        except Refused as error:
            form.show(error.field, str(error))
        else:
            messages.success(request, "The absence is changed.")
            return redirect("absences")
    context: dict[str, Any] = {"absence": found, "form": form, "editable": editable}
    return render(request, "changes/absence.html", context, status=400 if form.errors else 200)


@require_POST
def absence_cancel(request: HttpRequest, id: UUID) -> HttpResponse:
    found = get_object_or_404(Absence.objects.select_related("person"), pk=id)
    try:
        services.cancel_absence(absence=found, by=viewer(request), now=clock.now())
        messages.success(request, f"{found.person.name} is available again.")
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("absences")


EARLIEST_MONTH, LATEST_MONTH = date(1990, 2, 1), date(2099, 11, 1)


def _month(text: str, today: date) -> date:
    """Return the first day of the month asked for, such as 2027-03; this month if it is none."""
    try:
        asked = date.fromisoformat(f"{text}-01")
    except ValueError:
        asked = today.replace(day=1)
    return min(max(asked, EARLIEST_MONTH), LATEST_MONTH)


def _spans(absences: list[Absence]) -> list[tuple[Any, Any]]:
    return [(one.effective_from, one.covers_until) for one in absences]
