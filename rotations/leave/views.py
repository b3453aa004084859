"""My leave, which explains itself, and the ledger behind it; for managers, those whom they look after."""

from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.leave import accounts, queries, resting, whose
from rotations.leave.forms import LedgerForm, WhoseForm
from rotations.leave.models import MOVES, CallOut, LedgerEntry, Rest

LATEST = 20  # call-outs and requests on one screen; the rest is a link away
ON_A_PAGE = 100
SHOWN = timedelta(days=31)  # of rests that are over
SUMS = ("out_of_hours_s", "earned_s", "approved_s", "awaits_s", "taken_s", "available_s")


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """Mine, or a visible person's; for managers, everybody's totals below."""
    actor, now = viewer(request), clock.now()
    visible = queries.visible_people(actor, now=now)
    whose.refuse_hidden(request, visible)
    form = WhoseForm(request.GET, visible=visible)
    chosen = form.cleaned_data if form.is_valid() else {}
    person = chosen.get("person") or actor
    everybody = visible.filter(memberships__team=chosen["team"]) if chosen.get("team") else visible
    balances = queries.balances(everybody.order_by("name"))
    rows = list(CallOut.objects.listed().filter(person=person).order_by("-starts_at")[:LATEST])
    open_one = next((row for row in rows if row.ends_at is None), None)
    found = accounts.standings(rows)
    sees_others = visible.exclude(pk=actor.pk).exists()
    requests = accounts.requests_visible_to(actor, now=now)
    context: dict[str, Any] = {
        "person": person,
        "mine": person.pk == actor.pk,
        "whose": form,
        "balance": queries.balance(person),
        "open": open_one,
        "so_far": queries.credit_of(open_one, now=now) if open_one else None,
        "call_outs": [(row, found[row.pk]) for row in rows],
        "requests": requests.filter(person=person)[:LATEST],
        "rests": resting.lines(_rests(person, now), now=now),
        "balances": balances,
        "total": {name: sum(getattr(row, name) for row in balances) for name in SUMS},
        "sees_others": sees_others,
        "to_decide": requests.filter(state="asked").exclude(person=actor).count() if sees_others else 0,
    }
    return render(request, "leave/leave.html", context)


def _rests(person: Person, now: datetime) -> QuerySet[Rest]:
    """Return the rests of the past month and those to come, latest first."""
    found = Rest.objects.filter(person=person, withdrawn_at=None, ends_at__gt=now - SHOWN)
    return found.select_related("person", "call_out").order_by("-starts_at", "id")


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """Every line of one account, newest first, with the balance after it: `?person=&at=&show=`."""
    actor, now = viewer(request), clock.now()
    visible = queries.visible_people(actor, now=now)
    whose.refuse_hidden(request, visible)
    form = LedgerForm(request.GET or None, visible=visible, viewer=actor)
    chosen: dict[str, Any] = form.cleaned_data if form.is_bound and form.is_valid() else {}
    person, at, show = chosen.get("person") or actor, chosen.get("at"), chosen.get("show")
    entries = LedgerEntry.objects.filter(person=person)
    if at:
        entries = entries.filter(at__lte=at)
    moves = list(entries.filter(kind__in=MOVES).order_by("at", "nth").values_list("pk", "credit_s"))
    after = dict(zip((pk for pk, _ in moves), accumulate(seconds for _, seconds in moves), strict=True))
    listed = LedgerForm.chosen(entries, show or "").select_related("by", "call_out", "request").order_by("-at", "-nth")
    page = Paginator(listed, ON_A_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "form": form,
        "person": person,
        "mine": person.pk == actor.pk,
        "at": at,
        "show": show,
        "balance": queries.balance(person, at=at),
        "rows": [(entry, after.get(entry.pk)) for entry in page.object_list],
        "shown_s": sum(listed.values_list("credit_s", flat=True)) if show else None,
        "page": page,
        "kept": kept.urlencode(),
    }
    return render(request, "leave/ledger.html", context, status=400 if form.errors else 200)
