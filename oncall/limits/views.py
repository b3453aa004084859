"""Edges: the numbers of the process, their history, a new value from an instant on."""

from datetime import datetime
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oncall import clock
from oncall.limits import services
from oncall.limits.forms import FROM_THE_PAST, LimitForm
from oncall.limits.models import Limit
from oncall.people import access
from oncall.people.viewer import viewer

VERDICTS_STAY = (
    "Verdicts that were given stay. A visit is judged by the new value when more is reported of it, when its survey "
    "block is settled, or when time alone may change its verdict."
)
MEASURED_ANEW = (
    "Budgets and outages are counted at each look: with a new value, nights that are past are measured by it as well. "
    "No verdict changes."
)
LEDGER_STAYS = (
    "It may begin in the past. Call-outs found from now on earn by the value in force when they began; what is posted "
    "stays until somebody who manages everybody asks for a recomputation, which shows the differences first."
)
NOTES = {  # what a new value does to what was before it, where that is not plain
    "visit_alerts_at_most": VERDICTS_STAY,
    "visit_in_time_share": VERDICTS_STAY,
    "visit_failed_after_s": VERDICTS_STAY,
    "visit_listening_s": VERDICTS_STAY,
    "budget_late_share": MEASURED_ANEW,
    "budget_delayed_share": MEASURED_ANEW,
    "budget_failed_share": MEASURED_ANEW,
    "budget_starts_on": MEASURED_ANEW,
    "planned_visits_per_year": MEASURED_ANEW,
    "outage_ends_after_visits": MEASURED_ANEW,
    "outage_gap_s": MEASURED_ANEW,
    **dict.fromkeys(FROM_THE_PAST, LEDGER_STAYS),
}


def _in_force(rows: list[Limit], now: datetime) -> Limit | None:
    """Of one name's rows, newest first, the one in force."""
    return next((row for row in rows if row.effective_from <= now), None)


def limits(request: HttpRequest) -> HttpResponse:
    """Every limit: its value now, what is to come, and how many values it has had."""
    now = clock.now()
    lines = []
    for name, group in groupby(Limit.objects.order_by("name", "-effective_from"), key=lambda row: row.name):
        rows = list(group)
        to_come = [row for row in rows if row.effective_from > now]
        lines.append(
            {"name": name, "now": _in_force(rows, now), "to_come": to_come, "before": len(rows) - len(to_come) - 1}
        )
    may_configure = access.may_configure(viewer(request), now=now)
    return render(request, "limits/limits.html", {"lines": lines, "now": now, "may_configure": may_configure})


def limit(request: HttpRequest, name: str) -> HttpResponse:
    """One limit with its history; its form for those who may change it."""
    now = clock.now()
    rows = list(Limit.objects.filter(name=name).order_by("-effective_from"))
    if not rows:
        raise Http404
    may_configure = access.may_configure(viewer(request), now=now)
    if request.method == "POST" and not may_configure:
        raise PermissionDenied
    form = LimitForm(request.POST or None, now=now, name=name, unit=rows[0].unit)
    if form.is_valid():
        row = services.set_limit(name=name, **form.cleaned_data)
        messages.success(request, f"{row} from {row.effective_from:%d %b %Y %H:%M} UTC on.")
        return redirect("limit", name)
    context = {
        "name": name,
        "note": NOTES.get(name, ""),
        "rows": rows,
        "in_force": _in_force(rows, now),
        "form": form,
        "now": now,
        "may_configure": may_configure,
    }
    return render(request, "limits/limit.html", context, status=400 if form.errors else 200)
