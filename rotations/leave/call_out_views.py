"""Call-outs, for the person who was called and for managers: found, explained, corrected, added."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.leave import accounts, approving_context, call_out_queries, queries, rules, services, whose
from rotations.leave.call_out_forms import AdditionForm, CorrectionForm, FindForm, PauseForm, RemovalForm
from rotations.leave.credit import Credit
from rotations.leave.models import CallOut

ON_A_PAGE = 50


@require_safe
def call_outs(request: HttpRequest) -> HttpResponse:
    """Those of everybody whose leave the viewer may see, newest first; `?person=`, `?team=`, `?month=`, `?state=`."""
    actor, now = viewer(request), clock.now()
    visible = queries.visible_people(actor, now=now)
    whose.refuse_hidden(request, visible)
    form = FindForm(request.GET or None, visible=visible, viewer=actor)
    chosen: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    person, team = chosen.get("person"), chosen.get("team")
    people = call_out_queries.people_asked_for(
        actor, person=person and person.pk, team=team and team.pk, everybody=True, now=now
    )
    found = call_out_queries.of_people(people)
    if chosen.get("month"):
        found = call_out_queries.of_month(found, chosen["month"])
    if chosen.get("state"):
        found = call_out_queries.in_state(found, chosen["state"])
    page = Paginator(found.order_by("-starts_at", "id"), ON_A_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "kept": kept.urlencode(),
        "sees_others": "person" in form.fields,
        "rows": call_out_queries.explained(list(page.object_list), now=now),
    }
    return render(request, "leave/call_outs.html", context, status=400 if form.errors else 200)


@require_safe
def call_out(request: HttpRequest, id: UUID) -> HttpResponse:
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(actor, now=now), pk=id)
    if found.merged_into_id:
        return redirect("call_out", found.merged_into_id)
    return _page(request, found, now)


@require_POST
def correct(request: HttpRequest, id: UUID) -> HttpResponse:
    return _change(
        request,
        id,
        "correction",
        CorrectionForm(request.POST, zone=viewer(request).time_zone, auto_id="correction_%s"),
        services.correct,
        "The hours are corrected, and the difference is posted.",
    )


@require_POST
def split(request: HttpRequest, id: UUID) -> HttpResponse:
    return _change(
        request,
        id,
        "pause",
        PauseForm(request.POST, zone=viewer(request).time_zone, auto_id="pause_%s"),
        services.split,
        "The pause is taken out. What came after it is a call-out of its own, below this one in the list.",
    )


@require_POST
def remove(request: HttpRequest, id: UUID) -> HttpResponse:
    return _change(
        request,
        id,
        "removal",
        RemovalForm(request.POST, auto_id="removal_%s"),
        services.remove,
        "Nothing is counted for this call-out any more. To put it back, correct its hours.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Hours of which there is no evidence: one's own, or those of somebody whom the viewer looks after."""
    actor, now = viewer(request), clock.now()
    visible = queries.visible_people(actor, now=now)
    form = AdditionForm(request.POST or None, visible=visible, viewer=actor, zone=actor.time_zone)
    if request.method == "POST" and form.is_valid():
        said = {"person": actor} | form.cleaned_data
        try:
            made = services.add(**said, by=actor, now=now)
        except services.CorrectionRefused as error:
            _say(form, error)
        else:
            messages.success(request, "The hours are added. Below is what they earned, and why.")
            return redirect("call_out", made.pk)
    return render(request, "leave/call_out_add.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
def stand_down(request: HttpRequest) -> HttpResponse:
    try:
        found = services.stand_down(person=viewer(request), now=clock.now())
    except services.NotCalledOut as error:
        messages.warning(request, str(error))
        return redirect("leave")
    messages.success(request, "You have stood down. Below is what this call-out earned, and why.")
    return redirect("call_out", found.pk)


def _change(
    request: HttpRequest, id: UUID, name: str, form: forms.Form, verb: Callable[..., CallOut], done: str
) -> HttpResponse:
    """Do what was typed into the form called `name`; what is refused is said where it was typed."""
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(actor, now=now), pk=id)
    if found.merged_into_id:
        messages.warning(request, "This call-out became part of the one below. Correct that one.")
        return redirect("call_out", found.merged_into_id)
    if found.ends_at is None:
        messages.warning(request, "This call-out is still open. Stand down first, then correct its hours.")
        return redirect("call_out", found.pk)
    if form.is_valid():
        try:
            changed = verb(call_out=found, by=actor, now=now, **form.cleaned_data)
        except services.CorrectionRefused as error:
            _say(form, error)
        else:
            messages.success(request, done)
            return redirect("call_out", changed.pk)
    return _page(request, found, now, **{name: form})


def _say(form: forms.Form, error: services.CorrectionRefused) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _page(request: HttpRequest, found: CallOut, now: datetime, **typed: forms.Form) -> HttpResponse:
    actor = viewer(request)
    earned = queries.credit_of(found, now=now)
    entries = list(found.entries.select_related("by").order_by("at", "nth"))
    context: dict[str, Any] = {
        "call_out": found,
        "mine": found.person_id == actor.pk,
        "standing": accounts.standing(found),
        "approval": approving_context.box(found, actor, now=now),
        "counts_nothing": found.starts_at == found.ends_at,
        "earned": earned,
        "rule": rules.in_words(found.rule),
        "slices": _slices(found, earned),
        "evidence": queries.evidence_of(found),
        "entries": entries,
        "corrections": call_out_queries.corrections_of(found),
        "asks": found.forgotten and not any(entry.kind == "confirm" for entry in entries),
    }
    if found.ends_at and access.may_correct_leave(actor, owner_id=found.person_id, now=now):
        context |= _forms(found, actor) | typed
    return render(request, "leave/call_out.html", context, status=400 if typed else 200)


def _forms(found: CallOut, actor: Person) -> dict[str, forms.Form]:
    """Return the forms for what may be said about the hours of a closed call-out."""
    hours = {"starts_at": found.starts_at, "ends_at": found.ends_at}
    zone = actor.time_zone
    correction = CorrectionForm(zone=zone, initial=hours, auto_id="correction_%s")
    if found.starts_at == found.ends_at:
        return {"correction": correction}
    pause = PauseForm(zone=zone, auto_id="pause_%s")
    return {"correction": correction, "pause": pause, "removal": RemovalForm(auto_id="removal_%s")}


def _slices(found: CallOut, earned: Credit) -> list[dict[str, Any]]:
    return [
        {
            "day": _local(piece.starts_at, found),
            "from": f"{piece.starts_at.astimezone(found.zone):%H:%M:%S}",
            "to": f"{piece.ends_at.astimezone(found.zone):%H:%M:%S}",
            "utc": f"{piece.starts_at.astimezone(UTC):%H:%M:%S} to {piece.ends_at.astimezone(UTC):%H:%M:%S}",
            "kind": f"{piece.kind}: {piece.name}" if piece.name else piece.kind,
            "in_hours": piece.in_hours,
            "seconds": piece.seconds,
            "multiplier": f"{piece.multiplier.normalize():f}",
            "credit": piece.exact_s,
        }
        for piece in earned.slices
    ]


def _local(instant: datetime, found: CallOut) -> str:
    local = instant.astimezone(found.zone)
    return f"{local:%a} {local.day} {local:%b %Y}"
