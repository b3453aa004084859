"""An edge: one's own PIN, and the telephones from which alarms may be raised, on screens."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from incidents.alarms import summit
from incidents.alarms.summit_forms import LineForm, PinForm
from incidents.alarms.summit_models import CallerPin, SummitLine
from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer


def pin(request: HttpRequest) -> HttpResponse:
    """One's own PIN for raising alarms by telephone: set it, change it, take it away. It is never shown."""
    person = viewer(request)
    if request.method == "POST" and request.POST.get("then") == "remove":
        summit.remove_pin(person=person)
        messages.info(request, "You have no PIN any more.")
        return redirect("my_pin")
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        summit.set_pin(person=person, pin=form.cleaned_data["pin"], now=clock.now())
        messages.info(request, "Your PIN is set. Nobody can read it here, you included.")
        return redirect("my_pin")
    context = {"form": form, "has": CallerPin.objects.filter(person=person).first(), "number": settings.TWILIO_FROM}
    return render(request, "alarms/pin.html", context, status=400 if form.is_bound else 200)


def _configurer(request: HttpRequest) -> Person:
    person = viewer(request)
    if not access.may_configure(person, now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change who may raise alarms by telephone.")
    return person


def lines(request: HttpRequest) -> HttpResponse:
    may_edit = access.may_configure(viewer(request), now=clock.now())
    context = {
        "lines": SummitLine.objects.select_related("policy", "kept_by"),
        "may_edit": may_edit,
        "number": settings.TWILIO_FROM,
    }
    return render(request, "alarms/summit_lines.html", context)


def line_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, SummitLine())


def line_edit(request: HttpRequest, id: UUID) -> HttpResponse:
    return _edit(request, get_object_or_404(SummitLine, pk=id))


def _edit(request: HttpRequest, line: SummitLine) -> HttpResponse:
    person = _configurer(request)
    form = LineForm(request.POST or None, instance=line)
    if request.method == "POST" and form.is_valid():
        summit.save_line(line=form.save(commit=False), pin=form.typed_pin, by=person, now=clock.now())
        return redirect("summit_lines")
    context = {"form": form, "line": line}
    return render(request, "alarms/summit_line.html", context, status=400 if form.is_bound else 200)
