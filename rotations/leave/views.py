"""Leave earned by call-outs, for the person who earned it and for managers."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from rotations.leave import queries, rules, services
from rotations.leave.forms import CorrectionForm, WhoseForm
from rotations.leave.models import CallOut

LATEST = 100  # call-outs on one screen


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Mine, or a visible person's; for managers, everybody's totals below."""
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    now = clock.now()
    visible = queries.visible_people(request.user, now=now)
    whose = WhoseForm(request.GET, visible=visible)
    chosen = whose.cleaned_data if whose.is_valid() else {}
    person = chosen.get("person") or request.user
    everybody = visible.filter(memberships__team=chosen["team"]) if chosen.get("team") else visible
    balances = queries.balances(everybody.order_by("name"))
    rows = list(CallOut.objects.live().filter(person=person).order_by("-starts_at")[:LATEST])
    open_one = next((row for row in rows if row.ends_at is None), None)
    posted = queries.posted(row.pk for row in rows)
    context = {
        "person": person,
        "mine": person.pk == request.user.pk,
        "whose": whose,
        "balance": queries.balance(person),
        "open": open_one,
        "so_far": queries.credit_of(open_one, now=now) if open_one else None,
        "call_outs": [(row, *posted.get(row.pk, (0, 0))) for row in rows],
        "balances": balances,
        "total": (sum(row.out_of_hours_s for row in balances), sum(row.credit_s for row in balances)),
        "sees_others": visible.exclude(pk=request.user.pk).exists(),
    }
    return render(request, "leave/leave.html", context)


@require_POST
def stand_down(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    try:
        call_out = services.stand_down(person=request.user, now=clock.now())
    except services.NotCalledOut as error:
        messages.warning(request, str(error))
        return redirect("leave")
    messages.success(request, "You have stood down. Below is what this call-out earned, and why.")
    return redirect("call_out", call_out.pk)


@require_safe
def call_out(request: HttpRequest, id: UUID) -> HttpResponse:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    now = clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(request.user, now=now), pk=id)
    if found.merged_into_id:
        return redirect("call_out", found.merged_into_id)
    form = None
    if found.ends_at:
        initial = {"starts_at": found.starts_at, "ends_at": found.ends_at}
        form = CorrectionForm(zone=request.user.time_zone, initial=initial)
    return _call_out_page(request, found, form, request.user, now)


@require_POST
def correct(request: HttpRequest, id: UUID) -> HttpResponse:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    now = clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(request.user, now=now), pk=id)
    form = CorrectionForm(request.POST, zone=request.user.time_zone)
    if form.is_valid():
        try:
            corrected = services.correct(call_out=found, by=request.user, now=now, **form.cleaned_data)
        except services.CorrectionRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, "The hours are corrected, and the difference is posted.")
            return redirect("call_out", corrected.pk)
    return _call_out_page(request, found, form, request.user, now)


def _call_out_page(
    request: HttpRequest, found: CallOut, form: CorrectionForm | None, viewer: Person, now: datetime
) -> HttpResponse:
    earned = queries.credit_of(found, now=now)
    context: dict[str, Any] = {
        "call_out": found,
        "earned": earned,
        "rule": rules.in_words(found.rule),
        "slices": [
            {
                "day": _local(piece.starts_at, found),
                "from": f"{piece.starts_at.astimezone(found.zone):%H:%M:%S}",
                "to": f"{piece.ends_at.astimezone(found.zone):%H:%M:%S}",
                "utc": f"{piece.starts_at.astimezone(UTC):%H:%M:%S} to {piece.ends_at.astimezone(UTC):%H:%M:%S}",
                "kind": f"{piece.kind}: {piece.name}" if piece.name else piece.kind,
                "in_hours": piece.in_hours,
                "seconds": piece.seconds,
            }
            for piece in earned.slices
        ],
        "evidence": queries.evidence_of(found),
        "entries": found.entries.select_related("by").order_by("at", "id"),
        "corrections": found.corrections.select_related("by"),
        "form": form if access.may_correct_leave(viewer, owner_id=found.person_id, now=now) else None,
    }
    return render(request, "leave/call_out.html", context, status=400 if form and form.errors else 200)


def _local(instant: datetime, found: CallOut) -> str:
    local = instant.astimezone(found.zone)
    return f"{local:%a} {local.day} {local:%b %Y}"
