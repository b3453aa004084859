"""An edge: change what is said about an incident, and who may read it. Every button works without JavaScript."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from incidents.command import editing, queries, services, unlocking
from incidents.command.editing import Changes
from incidents.command.forms import DetailsForm
from incidents.command.models import Incident
from incidents.command.views import find
from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer


def edit(request: HttpRequest, number: int) -> HttpResponse:
    """Title, summary, impact, product and room. What is refused is said beside its field, and what was typed stays."""
    incident = find(request, number)
    form = DetailsForm(request.POST or None, incident=incident)
    if request.method != "POST":
        return _shown(request, incident, form)
    if not form.is_valid():
        return _shown(request, incident, form, status=400)
    changes: Changes = {
        "title": form.cleaned_data["title"],
        "summary": form.cleaned_data["summary"],
        "product": form.cleaned_data["product"],
        "room": form.cleaned_data["room"],
        "impact_starts_at": form.cleaned_data["impact_starts_at"],
    }
    version = form.cleaned_data["version"]
    try:
        editing.edit(incident=incident, changes=changes, version=version, by=viewer(request), now=clock.now())
    except services.Moved as error:
        form.add_error(
            None, f"{error} Look at it in another window; to write what stands here all the same, press again."
        )
        return _shown(request, find(request, number), form, status=409)
    except services.Refused as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _shown(request, incident, form, status=400)
    return redirect(incident.path)


def restrict(request: HttpRequest, number: int) -> HttpResponse:
    """Let only whom it names see it (`then=restrict`), or everybody (`open`). The pilot and administrators, who may
    open also one that they do not see, have a page for that.
    """
    by, now = viewer(request), clock.now()
    unseen = unlocking.out_of_sight(number, of=by, now=now)
    if unseen is not None:
        return _from_outside(request, unseen, by=by, now=now)
    incident = find(request, number)
    if request.method != "POST":
        return redirect("incident_edit", number)
    why = _why(request)
    try:
        if request.POST.get("then") == "open":
            editing.open_up(incident=incident, by=by, why=why, now=now)
        elif request.POST.get("then") == "restrict":
            leave_out = _ids(request, "at_work") - _ids(request, "stays")
            editing.restrict(incident=incident, by=by, why=why, leave_out=leave_out, now=now)
        else:
            raise services.Refused("then", "Press one of the buttons.")
    except services.Refused as error:
        form = DetailsForm(None, incident=incident)
        return _shown(request, incident, form, error=str(error), status=400)
    return redirect(incident.path)


def _from_outside(request: HttpRequest, incident: Incident, *, by: Person, now: datetime) -> HttpResponse:
    """Let somebody see it (`then=name`), or everybody (`open`), where whoever presses sees nothing but its number."""
    why, error, then = _why(request), "", request.POST.get("then")
    people = Person.objects.active().order_by("name", "pk")
    try:
        if then == "open":
            editing.open_up(incident=incident, by=by, why=why, now=now)
            return redirect(incident.path)
        if then == "name":
            person = people.filter(pk__in=_ids(request, "person")).first()
            if person is None:
                raise services.Refused("person", "Choose who is to see it.")
            unlocking.name(incident=incident, person=person, by=by, why=why, now=now)
            messages.info(request, f"{person.name} sees it from now on, and is told so.")
            return redirect(incident.path)
    except services.Refused as refused:
        error = str(refused)
    context = {
        "number": incident.number,
        "people": people,
        "chosen": request.POST.get("person", ""),
        "why": why,
        "error": error,
    }
    return render(request, "command/locked.html", context, status=400 if error else 200)


def _why(request: HttpRequest) -> str:
    return request.POST.get("why", "").replace("\x00", "").strip()[:1000]


def _ids(request: HttpRequest, name: str) -> set[UUID]:
    """Return the ids of people that a form sends; what is none counts for nothing."""
    found = set()
    for text in request.POST.getlist(name)[:500]:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _shown(
    request: HttpRequest, incident: Incident, form: DetailsForm, *, error: str = "", status: int = 200
) -> HttpResponse:
    has, person = queries.command_of(incident), viewer(request)
    may_open = person.pk in (incident.declared_by_id, has.person_id if has else None)
    context = {
        "incident": incident,
        "form": form,
        "error": error,
        "why": request.POST.get("why", "") if error else "",
        "at_work": [] if incident.restricted else [one for one in queries.unnamed(incident) if one.pk != person.pk],
        "left_out": _ids(request, "at_work") - _ids(request, "stays"),
        "may_open": may_open or access.may_configure(person, now=clock.now()),
    }
    return render(request, "command/edit.html", context, status=status)
