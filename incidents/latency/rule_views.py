"""Edges: what the rules over visits and alerts say now, what they would have said, how they are changed and waived."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.latency import rule_changes, rule_queries
from incidents.latency.models import Rule
from incidents.latency.rule_forms import RuleForm, WaiveForm
from oncall import clock
from oncall.limits import queries as limits
from oncall.people import access
from oncall.people.viewer import viewer


@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    """Every rule and what it says now. The page and its live part have one address."""
    now = clock.now()
    said = rule_queries.said(now=now, limits=limits.at(now))
    context = {
        "now": now,
        "tonight": said.tonight(),
        "rules": [said.of(rule) for rule in rule_queries.rules(now=now)],
        "held": rule_queries.held_lately(),
    }
    template = "latency/rules.html#live" if request.htmx else "latency/rules.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def rule(request: HttpRequest, kind: str) -> HttpResponse:
    """One rule: what it says, its form for those who may change it, every change it ever had."""
    now = clock.now()
    row = _rule(kind, request)
    may = access.may_configure(viewer(request), now=now)
    if request.method == "POST" and not may:
        raise PermissionDenied
    form = RuleForm(request.POST or None, rule=row)
    if form.is_valid():
        try:
            rule_changes.change(
                rule=row, changes=form.changes(), why=form.cleaned_data["why"], by=viewer(request), now=now
            )
        except rule_changes.BadChange as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{row.kind} is so from now on.")
            return redirect("latency_rule", kind)
    return _page(request, row, form=form, status=400 if form.errors else 200)


@require_POST
def waive(request: HttpRequest, kind: str) -> HttpResponse:
    now, row = clock.now(), _rule(kind, request)
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied
    form = WaiveForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            rule_changes.waive(rule=row, until=said["until"], why=said["waived_why"], by=viewer(request), now=now)
        except rule_changes.BadChange as error:
            form.add_error("until", str(error))
        else:
            until = f"{said['until']:%d %b %H:%M} UTC"
            messages.success(request, f"{row.kind} pages nobody until {until}; SEV-1 pages after 30 min.")
            return redirect("latency_rule", kind)
    return _page(request, row, waive_form=form, status=400)


@require_POST
def agree(request: HttpRequest, kind: str) -> HttpResponse:
    now, row = clock.now(), _rule(kind, request)
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied
    try:
        rule_changes.agree(rule=row, by=viewer(request), now=now)
    except rule_changes.BadChange as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"The waiver of {row.kind} hides SEV-1 as well, until it ends.")
    return redirect("latency_rule", kind)


@require_POST
def end_waiver(request: HttpRequest, kind: str) -> HttpResponse:
    now, row = clock.now(), _rule(kind, request)
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied
    try:
        rule_changes.end_waiver(rule=row, by=viewer(request), now=now)
    except rule_changes.BadChange as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"{row.kind} pages again.")
    return redirect("latency_rule", kind)


def _rule(kind: str, request: HttpRequest) -> Rule:
    found = {row.kind: row for row in rule_queries.rules(now=clock.now())}
    if kind not in found:
        raise Http404
    return found[kind]


def _page(
    request: HttpRequest,
    row: Rule,
    *,
    form: RuleForm | None = None,
    waive_form: WaiveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    may = access.may_configure(viewer(request), now=now)
    said = rule_queries.said(now=now, limits=limits.at(now))
    context = {
        "now": now,
        "one": said.of(row),
        "rule": row,
        "looked_at": said.looked_at,
        "history": rule_queries.history(row.kind),
        "held": rule_queries.held_lately(row.kind),
        "may": may,
        "may_agree": may
        and row.waived_by is not None
        and row.waived_by != viewer(request)
        and not row.waiver_agreed_by,
        "form": (form or RuleForm(rule=row)) if may else None,
        "waive_form": (waive_form or WaiveForm()) if may else None,
    }
    return render(request, "latency/rule.html", context, status=status)
