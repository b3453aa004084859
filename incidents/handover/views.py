"""An edge: handover notes on screens, read at 3 a.m. on a phone; the button that accepts stands at the top."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.handover import queries, services
from incidents.handover.forms import WordsForm
from oncall import clock
from oncall.limits import queries as limits
from oncall.people.viewer import viewer
from rotations.coverage import handing
from rotations.schedule.models import Schedule


@require_safe
def handoffs(request: HttpRequest, id: UUID | None = None) -> HttpResponse:
    """The handoffs of one schedule (`/rotations/<id>/handoffs/`), or of all, newest first."""
    now = clock.now()
    schedule = get_object_or_404(Schedule, pk=id) if id else None
    rows = queries.handoffs()
    if schedule:
        rows = rows.filter(schedule=schedule)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    waiting = queries.waiting_for(viewer(request), now=now, limits=limits.at(now))
    context = {"page": page, "schedule": schedule, "now": now, "waiting": waiting}
    return render(request, "handover/handoffs.html", context)


@require_safe
def handoff(request: HttpRequest, id: UUID) -> HttpResponse:
    return _note(request, id)


def _note(
    request: HttpRequest,
    id: UUID,
    *,
    where: str = "",
    error: str = "",
    status: int = 200,
    form: WordsForm | None = None,
) -> HttpResponse:
    now, person = clock.now(), viewer(request)
    row = get_object_or_404(queries.handoffs(), pk=id)
    in_force = limits.at(now)
    open_ = row.accepted_at is None
    may_write = open_ and handing.may_write(person, handoff=row, now=now)
    context = {
        "handoff": row,
        "now": now,
        "lines": queries.lines_of(row, now=now, limits=in_force),
        "live": queries.is_live(row, now=now, limits=in_force),
        "to_come": row.at > now,
        "mine": open_ and row.incoming_id == person.pk,
        "form": form or (WordsForm(initial={"words": row.words}) if may_write else None),
        "both_until": row.at + in_force.span("handover_outgoing_for_s"),
        "where": where,
        "error": error,
    }
    return render(request, "handover/handoff.html", context, status=status)


@require_POST
def accept(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(queries.handoffs(), pk=id)
    try:
        services.accept(handoff=row, by=viewer(request), now=clock.now())
    except handing.NotYours as error:
        return _note(request, id, where="accept", error=str(error), status=403)
    return redirect("handoff", id)


@require_POST
def words(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(queries.handoffs(), pk=id)
    form = WordsForm(request.POST)
    if not form.is_valid():
        return _note(request, id, status=400, form=form)
    try:
        handing.write_words(handoff=row, by=viewer(request), words=form.cleaned_data["words"], now=clock.now())
    except handing.AlreadyAccepted as error:
        return _note(request, id, where="words", error=str(error), status=409)
    except handing.NotYours as error:
        return _note(request, id, where="words", error=str(error), status=403)
    return redirect("handoff", id)
