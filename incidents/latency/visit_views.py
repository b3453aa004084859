"""An edge: visits of a night with their verdicts, and the survey blocks that the pilot settles."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from incidents.latency import blocks, queries
from incidents.latency.models import Verdict
from oncall import clock
from oncall.limits import queries as limits
from oncall.people import access
from oncall.people.viewer import viewer
from rotations.night import sun

A_PAGE = 100  # visits
GREATEST, DIGITS = 2**63, 19  # of a visit_id; Python reads no number of thousands of digits
BADGES = {"in_time": "ok", "delayed": "warn", "failed": "bad", "unknown": "unknown"}


class SettleForm(forms.Form):
    """Which block, and whether alerts are expected of it."""

    code = forms.CharField(max_length=blocks.LONGEST_CODE, strip=False)
    alerts_expected = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes")


@require_http_methods(["GET", "HEAD", "POST"])
def survey_blocks(request: HttpRequest) -> HttpResponse:
    """Every survey block, those to settle first; the pilot and administrators settle them."""
    now = clock.now()
    person = viewer(request)
    may_settle = access.may_configure(person, now=now)
    if request.method == "POST":
        if not may_settle:
            raise PermissionDenied("Only the pilot and administrators settle survey blocks. Ask them.")
        return _settle(request)
    return _show_blocks(request, may_settle=may_settle)


def _settle(request: HttpRequest) -> HttpResponse:
    form, now = SettleForm(request.POST), clock.now()
    if not form.is_valid():
        messages.error(request, "Name a survey block, and say whether alerts are expected of it.")
        return _show_blocks(request, may_settle=True, status=400)
    code, expected = form.cleaned_data["code"], form.cleaned_data["alerts_expected"]
    try:
        settled = blocks.settle(code=code, alerts_expected=expected, by=viewer(request), now=now, limits=limits.at(now))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return _show_blocks(request, may_settle=True, status=400)
    rest = " Older visits follow within minutes." if settled.block.judge_below else ""
    judged = f" Visits judged anew: {settled.judged}.{rest}" if settled.judged else ""
    messages.success(request, f"{code}: alerts are {'' if expected else 'not '}expected.{judged}")
    return redirect("survey_blocks")


def _show_blocks(request: HttpRequest, *, may_settle: bool, status: int = 200) -> HttpResponse:
    rows = blocks.listed()
    context = {
        "to_settle": [row for row in rows if row.settled_at is None],
        "settled": [row for row in rows if row.settled_at is not None],
        "may_settle": may_settle,
    }
    return render(request, "latency/blocks.html", context, status=status)


@require_safe
def visits(request: HttpRequest, day_obs: int) -> HttpResponse:
    """The visits of one night, the newest first, a hundred at a time, all of them or those of one verdict."""
    night = _night(day_obs)
    verdict = request.GET.get("verdict", "")
    before = request.GET.get("before", "")
    if verdict not in {"", *Verdict.values}:
        raise Http404(f"No verdict is called {verdict[:20]}.")
    counts = queries.verdict_counts(day_obs)
    rows = queries.visits().filter(day_obs=day_obs).order_by("-visit_id")
    if verdict:
        rows = rows.filter(verdict=verdict)
    if before.isascii() and before.isdigit() and len(before) <= DIGITS and int(before) < GREATEST:
        rows = rows.filter(visit_id__lt=int(before))
    found = queries.with_deliveries(rows[: A_PAGE + 1])
    context = {
        "night": night,
        "day_obs": day_obs,
        "verdict": verdict,
        "total": sum(counts.values()),
        "counts": [(one.value, one.label, counts[one.value]) for one in Verdict if counts.get(one.value)],
        "lines": [_line(row) for row in found[:A_PAGE]],
        "next": found[A_PAGE - 1].visit_id if len(found) > A_PAGE else None,
    }
    return render(request, "latency/visits.html", context)


@require_safe
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """One visit: what was reported, how it is judged, and how it was judged before."""
    found = queries.visits().filter(pk=visit_id).first() if visit_id < GREATEST else None
    if found is None:
        raise Http404(f"No visit {visit_id} was reported.")
    (row,) = queries.with_deliveries([found])
    history = [(change, BADGES.get(change.became, "")) for change in queries.history(visit_id)]
    return render(request, "latency/visit.html", {**_line(row), "history": history})


def _night(day_obs: int) -> Any:
    try:
        return sun.read(f"{day_obs:08d}")
    except sun.NoSuchNight as error:
        raise Http404(str(error)) from None


def _line(row: Any) -> dict[str, Any]:
    """Return a visit as a row shows it: after how many seconds the first and the last alert went."""
    sent = row.delivery
    after = {"first": None, "last": None}
    if sent and sent.first_sent_at and sent.last_sent_at:
        after = {
            "first": (sent.first_sent_at - row.end_readout).total_seconds(),
            "last": (sent.last_sent_at - row.end_readout).total_seconds(),
        }
    return {"visit": row, "sent": sent, "after": after, "badge": BADGES.get(row.verdict, "")}
