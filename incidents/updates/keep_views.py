"""An edge: templates of messages, and audiences. Everybody reads; stewards, the pilot and administrators change."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.updates import forms, keeping, placeholders, queries
from incidents.updates.models import Audience, Template
from incidents.updates.services import Moved, Refused
from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer


def _keeper(request: HttpRequest) -> Person:
    """
    :raises PermissionDenied: if whoever asks may only read.
    """
    person = viewer(request)
    if not queries.may_keep(person, now=clock.now()):
        raise PermissionDenied("Stewards, the pilot and administrators change this.")
    return person


@require_safe
def templates(request: HttpRequest) -> HttpResponse:
    """Every template, and every audience."""
    context = {
        "templates": Template.objects.select_related("edited_by"),
        "audiences": Audience.objects.active().select_related("kept_by"),
        "may_keep": queries.may_keep(viewer(request), now=clock.now()),
    }
    return render(request, "updates/templates.html", context)


def template(request: HttpRequest, code: str) -> HttpResponse:
    """One template; who may, changes it."""
    row, now = get_object_or_404(Template.objects.select_related("edited_by"), pk=code.replace("\x00", "")), clock.now()
    may = queries.may_keep(viewer(request), now=now)
    initial = {"name": row.name, "subject": row.subject, "text": row.text, "stage": row.stage}
    form = forms.TemplateForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        by, version = _keeper(request), request.POST.get("version", "")
        number = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
        if form.is_valid():
            try:
                keeping.change_template(template=row, **form.cleaned_data, version=number, by=by, now=now)
            except Refused as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            except Moved as error:
                form.add_error(None, str(error))
            else:
                return redirect("update_templates")
    context = {"template": row, "form": form, "may_keep": may, "known": placeholders.KNOWN.items()}
    return render(request, "updates/template.html", context, status=400 if form.errors else 200)


def new_audience(request: HttpRequest) -> HttpResponse:
    return _audience(request, None)


def audience(request: HttpRequest, id: UUID) -> HttpResponse:
    return _audience(request, get_object_or_404(Audience.objects.active(), pk=id))


def _audience(request: HttpRequest, row: Audience | None) -> HttpResponse:
    now, by = clock.now(), _keeper(request)
    initial: dict[str, Any] = {"kept_by": by}
    if row is not None:
        initial = {
            "name": row.name, "addresses": "\n".join(row.addresses), "hears_delays": row.hears_delays,
            "kept_by": row.kept_by_id,
        }  # fmt: skip
    people = Person.objects.active()
    form = forms.AudienceForm(request.POST if request.method == "POST" else None, initial=initial, people=people)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            if row is None:
                made = keeping.add_audience(
                    name=data["name"], addresses=data["addresses"], hears_delays=data["hears_delays"],
                    kept_by=data["kept_by"], by=by, now=now,
                )  # fmt: skip
            else:
                made = keeping.change_audience(audience=row, **data, by=by, now=now)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.info(request, f"{made.name}: {forms.words_of(made)}.")
            return redirect("update_templates")
    context = {"audience": row, "form": form}
    return render(request, "updates/audience.html", context, status=400 if form.errors else 200)


@require_POST
def retire_audience(request: HttpRequest, id: UUID) -> HttpResponse:
    by = _keeper(request)
    row = get_object_or_404(Audience, pk=id)
    keeping.retire_audience(audience=row, by=by, now=clock.now())
    messages.info(request, f"{row.name} is told nothing any more.")
    return redirect("update_templates")
