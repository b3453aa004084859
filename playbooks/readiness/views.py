"""Edges: the board of the last nights, one night with what is red about it, and what was deployed."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from oncall import clock
from oncall.limits import queries as limits
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer
from playbooks.readiness import queries, services
from playbooks.readiness.forms import ResultForm, WaiverForm
from playbooks.readiness.models import Check, Deployment, Result, Waiver
from playbooks.readiness.nights import NoSuchNight, day_obs, read, time_left, written
from playbooks.readiness.queries import MOST, Board
from playbooks.readiness.standing import WORDS

LONGEST = 120  # of a service's name


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The last nights, each with all its checks."""
    person, now = viewer(request), clock.now()
    count = max(1, min(limits.at(now).count("readiness_board_nights"), 400))
    found = queries.board(queries.last_nights(count, now=now), now=now)
    checks = sorted({row.check.number: row.check for one in found for row in one.rows}.values(), key=lambda c: c.number)
    tonight = next(one for one in found if one.night == day_obs(now))
    unowned = sum(row.check.owner_team_id is None for row in tonight.rows)
    context = {
        "now": now,
        "unowned": unowned if unowned and access.may_configure(person, now=now) else 0,
        "boards": [(one, [one.by_number.get(check.number) for check in checks]) for one in found],
        "checks": checks,
        "tonight": tonight,
        "signs": [(state, queries.SIGNS[state], word) for state, word in WORDS.items()],
    }
    return render(request, "readiness/board.html", context)


@require_safe
def night(request: HttpRequest, day_obs: str) -> HttpResponse:
    """One night: `?version=` shows the results of one version alone."""
    return _page(request, _read(day_obs))


def _page(
    request: HttpRequest,
    night: date,
    *,
    result_form: ResultForm | None = None,
    waiver_form: WaiverForm | None = None,
    status: int = 200,
) -> HttpResponse:
    person, now = viewer(request), clock.now()
    found = queries.one_night(night, now=now)
    version = request.GET.get("version")
    if version is not None:
        version = version.replace("\x00", "")[:LONGEST].encode("utf-8", "ignore").decode()
    waivable = _waivable(found, person, now)
    plan = found.plan
    context = {
        "now": now,
        "board": found,
        "plan": plan,
        "is_over": found.is_past,
        "left": time_left(now, close_of_work=plan.close_of_work, sunset=plan.sunset) if plan else "",
        "before": written(night - timedelta(days=1)),
        "after": written(night + timedelta(days=1)),
        "since": queries.since_green(night, now=now),
        "versions": queries.versions_of(night),
        "version": version,
        "results": queries.results_of(night, version=version)[:MOST],
        "result_form": result_form or ResultForm(night=night, initial=_asked(request, found)),
        "waiver_form": waiver_form or (WaiverForm(among=waivable, until=plan.ends_at if plan else None)),
        "may_waive": bool(waivable),
        "mine": {row.waiver.pk for row in found.waived if row.waiver and row.check in waivable},
        "open": "result" if result_form else "waiver" if waiver_form else "",
    }
    return render(request, "readiness/night.html", context, status=status)


def _asked(request: HttpRequest, found: Board) -> dict[str, Any]:
    """Return what the form begins with: the first red check, or the first."""
    first = (found.red or found.rows)[:1]
    return {"check": first[0].check.pk} if first else {}


def _waivable(found: Board, person: Person, now: datetime) -> list[Check]:
    all_of_them = access.may_waive_check(person, owner_team_id=None, now=now)
    teams = set(person.memberships.values_list("team", flat=True))
    return [row.check for row in found.rows if all_of_them or row.check.owner_team_id in teams]


@require_POST
def record(request: HttpRequest, day_obs: str) -> HttpResponse:
    """Report a result by hand."""
    night = _read(day_obs)
    form = ResultForm(request.POST, night=night)
    if form.is_valid():
        try:
            row, is_new = services.record(
                **form.cleaned_data, night=night, by=viewer(request), now=clock.now(), by_hand=True
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            word = "passed" if row.result == Result.Outcome.PASS else "failed"
            said = f"Kept: check {row.of} {word}." if is_new else "That was said just now: nothing has changed."
            messages.info(request, f"{said} {services.why_not(row)}".strip())
            return redirect("readiness_night", written(night))
    return _page(request, night, result_form=form, status=400)


@require_POST
def waive(request: HttpRequest, day_obs: str) -> HttpResponse:
    """Let a check be red for a while."""
    night, person, now = _read(day_obs), viewer(request), clock.now()
    among = _waivable(queries.one_night(night, now=now), person, now)
    if not among:
        raise PermissionDenied("The team that owns a check, the pilot and administrators waive it. Ask them.")
    form = WaiverForm(request.POST, among=among)
    if form.is_valid():
        try:
            row = services.waive(**form.cleaned_data, by=person, now=now)
        except services.Refused as error:
            form.add_error(error.field, str(error))
        else:
            messages.info(request, f"Check {row.of} may be red until {row.until:%d %b %H:%M} UTC.")
            return redirect("readiness_night", written(night))
    return _page(request, night, waiver_form=form, status=400)


@require_POST
def end_waiver(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take a waiver back."""
    person, now = viewer(request), clock.now()
    row = get_object_or_404(Waiver.objects.select_related("of"), pk=id)
    if not access.may_waive_check(person, owner_team_id=row.of.owner_team_id, now=now):
        raise PermissionDenied("The team that owns the check, the pilot and administrators take it back. Ask them.")
    services.end_waiver(waiver=row, by=person, now=now)
    messages.info(request, f"Check {row.of} is not waived any more.")
    return redirect("readiness_night", written(_night_of(request, now)))


def _night_of(request: HttpRequest, now: datetime) -> date:
    """Return the night whose page was pressed on."""
    try:
        return read(request.POST.get("night", ""))
    except NoSuchNight:
        return day_obs(now)


def _read(text: str) -> date:
    try:
        return read(text)
    except NoSuchNight as error:
        raise Http404(str(error)) from None


@require_safe
def deployments(request: HttpRequest) -> HttpResponse:
    """What was deployed, the newest first; `?service=` of one service alone."""
    viewer(request)
    service = request.GET.get("service", "").replace("\x00", "")[:LONGEST].encode("utf-8", "ignore").decode()
    rows = Deployment.objects.filter(service=service) if service else Deployment.objects.all()
    now = clock.now()
    context = {
        "now": now,
        "service": service,
        "page": Paginator(rows, MOST).get_page(request.GET.get("page")),
        "current": [] if service else sorted(queries.versions_at(now).items()),
    }
    return render(request, "readiness/deployments.html", context)
