"""Edges: when somebody is at work, by date; and the work calendars there are."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from oncall import clock
from oncall.people import access, queries
from oncall.people import hours as verbs
from oncall.people.forms import Hours
from oncall.people.hours_forms import CalendarForm, TermForm
from oncall.people.models import HoursTerm, Person, WorkCalendar
from oncall.people.viewer import viewer

FIELDS = ("time_zone", "calendar", "country", "subdivision")


def mine(request: HttpRequest) -> HttpResponse:
    """One's own zone, work calendar and public holidays, from now on."""
    me, now = viewer(request), clock.now()
    form = Hours(request.POST or None, initial={field: getattr(me, field) for field in FIELDS})
    if form.is_valid():
        verbs.change(person=me, by=me, now=now, **form.cleaned_data)
        holding = queries.hours_at(me, now)
        messages.success(request, f"Written down. Times are now shown in {holding.time_zone}.")
        if holding.time_zone != form.cleaned_data["time_zone"]:
            messages.warning(request, "You are on a stay: what you wrote down holds when it is over.")
        return redirect("hours")
    context = {"form": form, "now": now, "calendar": queries.calendar_of(me)}
    return render(request, "people/hours.html", context, status=400 if form.errors else 200)


def of_person(request: HttpRequest, id: UUID) -> HttpResponse:
    """By which hours somebody works and worked, and new ones from a day on; for themselves and who configures."""
    actor, now = viewer(request), clock.now()
    person = get_object_or_404(Person, pk=id)
    if actor.pk != person.pk and not access.may_configure(actor, now=now):
        raise PermissionDenied
    form = TermForm(request.POST or None, initial={field: getattr(person, field) for field in FIELDS})
    if form.is_valid():
        try:
            term = verbs.add_term(person=person, by=actor, now=now, **form.term)
        except verbs.TermRefused as error:
            shown = {"starts_at": "first_day", "ends_at": "last_day"}.get(error.field, error.field)
            form.add_error(shown if shown in form.fields else None, str(error))
        else:
            messages.success(request, f"Written down from {term.starts_at.astimezone(person.zone):%-d %b %Y} on.")
            if term.starts_at < now:
                messages.warning(request, "It begins in the past. What call-outs earned since is not changed by this.")
            return redirect("person_hours", person.pk)
    terms = person.hours_terms.select_related("calendar", "by").order_by("-starts_at")
    context = {
        "person": person,
        "mine": actor.pk == person.pk,
        "form": form,
        "terms": terms,
        "may_configure": access.may_configure(actor, now=now),
        "holds": queries.term_at(person, now),
        "now": now,
        "hours": queries.hours_at(person, now),
    }
    return render(request, "people/person_hours.html", context, status=400 if form.errors else 200)


@require_POST
def withdraw(request: HttpRequest, id: UUID) -> HttpResponse:
    actor, now = viewer(request), clock.now()
    term = get_object_or_404(HoursTerm.objects.select_related("person"), pk=id)
    if actor.pk != term.person_id and not access.may_configure(actor, now=now):
        raise PermissionDenied
    try:
        verbs.withdraw(term=term, by=actor, now=now)
    except verbs.TermRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Taken back.")
    return redirect("person_hours", term.person_id)


def calendars(request: HttpRequest) -> HttpResponse:
    """All work calendars; whoever configures adds one."""
    actor, now = viewer(request), clock.now()
    may_configure = access.may_configure(actor, now=now)
    if request.method == "POST" and not may_configure:
        raise PermissionDenied
    form = CalendarForm(request.POST or None)
    if form.is_valid():
        made = form.save(commit=False)
        made.country, made.subdivision = made.country.upper(), made.subdivision.upper()
        made.save()
        messages.success(request, f"{made.name} is there. Give it to a team or, from a day on, to a person.")
        return redirect("work_calendars")
    known = WorkCalendar.objects.prefetch_related("team_set", "person_set")
    context = {"form": form if may_configure else None, "calendars": known}
    return render(request, "people/work_calendars.html", context, status=400 if form.errors else 200)
