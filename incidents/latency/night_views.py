"""Edges: the budget over a year, and one night, for people: drawings with tables beside them, and table files."""

import csv
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.alarms.models import Alarm
from incidents.latency import budget_queries as queries
from incidents.latency import plots
from incidents.latency.budget import LIMITS, Counts, Use, Year, month_of, total, used
from incidents.latency.budget_queries import FIRST_NIGHT, Terms
from incidents.latency.models import Verdict, Visit
from incidents.latency.outages import Outage
from oncall import clock
from oncall.limits import queries as limits
from oncall.limits.services import set_limit
from oncall.people import access
from oncall.people.viewer import viewer
from playbooks.readiness import queries as readiness
from playbooks.readiness.models import Deployment
from rotations.coverage.quality import cell
from rotations.coverage.timeline import MONTHS
from rotations.night import sun

WORDS = {"late_2": "2 % not in time", "delayed_1": "1 % delayed", "failed_01": "0.1 % failed"}
REASONS = {
    "instrument": "of another instrument",
    "sky": "not on the sky",
    "dome": "with the dome closed",
    "block": "of a block without alerts",
    "template_gap": "without templates",
    "flood": "with too many alerts",
}
WORST, LATEST_NIGHTS = 10, 31
LAST_NIGHT = date(sun.LAST_YEAR, 12, 31)
VISIT_COLUMNS = (
    "visit_id", "day_obs", "end_readout", "instrument", "survey_block", "band", "verdict", "why", "sent",
    "sent_within_limit", "first_sent_s", "last_sent_s", "stage",
)  # fmt: skip
NIGHT_COLUMNS = (
    "day_obs", "counts", "eligible", "in_time", "delayed", "failed", "pending", "unknown", "not_eligible",
    *(f"{name}_of_{what}" for name in LIMITS for what in ("night", "month", "year")),
)  # fmt: skip


class StartForm(forms.Form):
    """From which night on the budgets count."""

    starts_on = forms.DateField(
        label="The budget counts from the night of",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="A day_obs, the date at UTC-12. Years run from it; nights before it are shown and count nowhere.",
    )

    def clean_starts_on(self) -> date:
        day: date = self.cleaned_data["starts_on"]
        if not FIRST_NIGHT <= day <= LAST_NIGHT:
            raise forms.ValidationError(f"Choose a night from {FIRST_NIGHT:%Y} to {LAST_NIGHT:%Y}.")
        return day


# --- The year ---------------------------------------------------------------------------------------------------------


@require_safe
def nights(request: HttpRequest) -> HttpResponse:
    """This year of the budget, or `?year=` 1, 2, ... (0: before it started); `?month=YYYYMM` lists that month's nights;
    `?as=csv` is the table file.
    """
    return _nights(request, clock.now())


def _nights(request: HttpRequest, now: datetime, form: StartForm | None = None) -> HttpResponse:
    person = viewer(request)
    terms = Terms.of(limits.at(now))
    tonight = sun.day_obs(now)
    year, known = _year(request.GET.get("year", ""), terms, tonight)
    first, end = (year.first, year.end) if year else (FIRST_NIGHT, terms.starts_on)
    around = queries.counts_by_night(*(_whole_months(year, terms) if year else (first, end)))
    found = {night: counts for night, counts in around.items() if first <= night < end}
    if request.GET.get("as") == "csv":
        return _nights_csv(found, terms, year)
    month = _month(request.GET.get("month", ""))
    listed = [one for one in around.items() if month_of(one[0])[0] == month] if month else []
    month = month if listed else None
    listed = listed or list(found.items())[-LATEST_NIGHTS:]
    worst = sorted((one for one in found.items() if one[1].late), key=lambda one: (-one[1].late, one[0]))[:WORST]
    everything = total(found.values())
    context = {
        "now": now,
        "terms": terms,
        "tonight": sun.written(tonight),
        "year": year,
        "years": known,
        "before_start": Visit.objects.filter(day_obs__lt=queries.number_of(terms.starts_on)).exists(),
        "counts": everything,
        "uses": _named(terms.by_year(everything)) if year else [],
        "share_of_year": _gone(year, tonight),
        "plot": _year_plot(found, terms, year) if year else None,
        "months": _months(around, terms, year) if year else [],
        "month": month,
        "listed": [(night, one, _percents(terms.by_year(one))) for night, one in reversed(listed)],
        "worst": [(night, one, _percents(terms.by_year(one))) for night, one in worst],
        "may_configure": access.may_configure(person, now=now),
        "form": form or StartForm(initial={"starts_on": terms.starts_on}),
    }
    return render(request, "latency/nights.html", context, status=400 if form and form.errors else 200)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Set the night from which on the budgets count: the pilot's and the administrators'."""
    person, now = viewer(request), clock.now()
    if not access.may_configure(person, now=now):
        raise PermissionDenied("The pilot sets from when on the budgets count.")
    form = StartForm(request.POST)
    if not form.is_valid():
        return _nights(request, now, form)
    night = form.cleaned_data["starts_on"]
    set_limit(
        name="budget_starts_on",
        value=queries.number_of(night),
        effective_from=now,
        source=f"Set by {person.name}"[:200],
    )
    messages.success(request, f"The budget counts from the night of {night:%d %b %Y} on.")
    return redirect("nights")


def _year(asked: str, terms: Terms, tonight: date) -> tuple[Year | None, list[Year]]:
    """Return the year asked for (this one, where it says nothing; None: before the budget) and all up to this one."""
    now = terms.year_of(tonight)
    known: list[Year] = []
    at = terms.starts_on
    while now is not None and (year := terms.year_of(at)) is not None and year.number <= now.number:
        known.append(year)
        at = year.end
    if not asked:
        return now, known
    if not (asked.isascii() and asked.isdigit()) or len(asked) > 3:
        raise Http404("There is no such year of the budget.")
    if int(asked) == 0:
        return None, known
    for one in known:
        if one.number == int(asked):
            return one, known
    raise Http404("There is no such year of the budget.")


def _month(asked: str) -> date | None:
    try:
        return sun.read(f"{asked[:6]}01") if asked else None
    except sun.NoSuchNight:
        return None


def _gone(year: Year | None, tonight: date) -> int:
    """Return how many percent of a year's days have passed."""
    if year is None:
        return 0
    return min(100, max(0, (tonight - year.first).days * 100 // (year.end - year.first).days))


def _named(found: dict[str, Use]) -> list[tuple[str, str, Use]]:
    return [(name, WORDS[name], found[name]) for name in LIMITS]


def _percents(found: dict[str, Use]) -> list[Decimal]:
    return [found[name].percent for name in LIMITS]


def _whole_months(year: Year, terms: Terms) -> tuple[date, date]:
    """Return the first night of the months that a year has a part in, and the one after the last. Nights before the
    budget started are in no sum.
    """
    return max(month_of(year.first)[0], terms.starts_on), month_of(year.last)[1]


def _months(around: dict[date, Counts], terms: Terms, year: Year) -> list[dict[str, Any]]:
    """Return the months with nights of `year`: what each used of its own limits with all its nights, also where the
    year turned within it (as the page of a night says), and of the year's with those of the year.
    """
    by_month: dict[date, dict[date, Counts]] = {}
    for night, counts in around.items():
        by_month.setdefault(month_of(night)[0], {})[night] = counts
    rows = []
    for first, nights_of in by_month.items():
        own = [counts for night, counts in nights_of.items() if night in year]
        if not own:
            continue
        counts = total(nights_of.values())
        rows.append(
            {
                "first": first,
                "name": f"{MONTHS[first.month - 1]} {first.year}",
                "nights": len(nights_of),
                "others": len(nights_of) - len(own),
                "counts": counts,
                "month": _percents(terms.by_month(counts)),
                "year": _percents(terms.by_year(total(own))),
            }
        )
    return rows


def _year_plot(found: dict[date, Counts], terms: Terms, year: Year) -> plots.Lines:
    allowed = {name: use.allowed for name, use in terms.by_year(Counts()).items()}
    sums = dict.fromkeys(LIMITS, 0)
    points: dict[str, list[tuple[date, Decimal]]] = {name: [] for name in LIMITS}
    for night, counts in found.items():
        for name, number in used(counts).items():
            sums[name] += number
            points[name].append((night, Use(sums[name], allowed[name]).share))
    series = [(name, WORDS[name], points[name]) for name in LIMITS]
    return plots.lines(series, first=year.first, end=year.end, months=MONTHS)


def _nights_csv(found: dict[date, Counts], terms: Terms, year: Year | None) -> HttpResponse:
    """Every night with its counts, and its shares of each limit as fractions: nothing is rounded but to nine places."""
    answer, table = _csv(f"nights-{year.first:%Y%m%d}-{year.last:%Y%m%d}" if year else "nights-before")
    table.writerow(NIGHT_COLUMNS)
    for night, one in found.items():
        shares = [by(one) for by in (terms.by_night, terms.by_month, terms.by_year)]
        table.writerow(
            [
                sun.written(night), "yes" if year else "no", one.eligible, one.in_time, one.delayed, one.failed,
                one.pending, one.unknown, one.not_eligible,
                *(_plain(found_of[name].share) for name in LIMITS for found_of in shares),
            ]
        )  # fmt: skip
    return answer


def _plain(share: Decimal) -> str:
    """Return a fraction as every reader of tables takes it: 0 and 0.000166667, never 0E-9."""
    return f"{round(share, 9).normalize():f}"


def _csv(name: str) -> tuple[HttpResponse, Any]:
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer, csv.writer(answer)


# --- One night --------------------------------------------------------------------------------------------------------


@require_safe
def night(request: HttpRequest, day_obs: str) -> HttpResponse:
    """One night; `?as=csv` is its visits as a table file."""
    viewer(request)
    try:
        day = sun.read(day_obs)
    except sun.NoSuchNight as error:
        raise Http404(str(error)) from None
    now = clock.now()
    rows = limits.at(now)
    terms = Terms.of(rows)
    visits = queries.visits_of(day)
    if request.GET.get("as") == "csv":
        return _visits_csv(day, visits)
    found = queries.night_budget(day, terms=terms)
    outages = queries.outages_of(day, terms=terms, now=now) if visits else []
    before, after = queries.neighbours(day)
    deployed = _deployed(visits)
    context = {
        "now": now,
        "night": day,
        "day_obs": day_obs,
        "before": before,
        "after": after,
        "found": found,
        "counts": found.counts,
        "verdicts": [(value, label, getattr(found.counts, value)) for value, label in Verdict.choices],
        "reasons": _reasons(queries.reasons_of(day)) if found.counts.not_eligible else [],
        "uses": [
            (words, found.by_night[name], found.by_month[name], found.by_year[name]) for name, words in WORDS.items()
        ],
        "to_date": _named(terms.by_year(found.year_to_date)),
        "outages": [_outage(one, terms, now) for one in outages],
        "deployed": deployed,
        "plot": _night_plot(visits, outages, deployed, reporting_s=rows.count("visit_reporting_limit_s"), terms=terms),
        "hours": _hours(visits),
        "reporting_s": rows.count("visit_reporting_limit_s"),
        "alarm_s": int(terms.overdue.total_seconds()),
    }
    return render(request, "latency/night.html", context)


def _reasons(found: dict[str, int]) -> list[tuple[str, int]]:
    return [(REASONS.get(why, why), number) for why, number in found.items()]


def _outage(one: Outage, terms: Terms, now: datetime) -> dict[str, Any]:
    return {
        "of": one,
        "goes_on": one.goes_on and now - one.ends_at < terms.gap,
        "year": _percents(terms.by_year(one.counts)),
        "worst": _percents(terms.by_year(one.at_worst)),
        "month": _percents(terms.by_month(one.counts)),
    }


def _deployed(visits: list[queries.Timed]) -> list[Deployment]:
    """Return what was deployed in the hour before a night's first visit, and up to its last."""
    if not visits:
        return []
    ends = [one.end_readout for one in visits]
    return list(readiness.deployments_between(min(ends) - plots.HOUR, max(ends)))


def _night_plot(
    visits: list[queries.Timed],
    outages: list[Outage],
    deployed: Iterable[Deployment],
    *,
    reporting_s: int,
    terms: Terms,
) -> plots.Scatter:
    """Draw eligible visits only; what is not yet due has no dot."""
    shown = [
        (one.end_readout, one.first_s, one.last_s, one.verdict)
        for one in visits
        if one.verdict != Verdict.NOT_ELIGIBLE and (one.last_s is not None or one.verdict != Verdict.PENDING)
    ]
    spans = [(one.starts_at, one.ends_at, f"{one.visits} not in time") for one in outages]
    return plots.scatter(
        shown,
        outages=spans,
        deployed=[(one.at, str(one)) for one in deployed],
        reporting_s=reporting_s,
        alarm_s=int(terms.overdue.total_seconds()),
    )


def _hours(visits: Iterable[queries.Timed]) -> list[dict[str, Any]]:
    """Return the drawing as a table: hour by hour how many visits were in time, and how late the middle one was."""
    by_hour: dict[datetime, list[queries.Timed]] = {}
    for one in visits:
        if one.verdict != Verdict.NOT_ELIGIBLE:
            by_hour.setdefault(one.end_readout.replace(minute=0, second=0, microsecond=0), []).append(one)
    rows = []
    for hour, seen in by_hour.items():
        seconds = sorted(one.last_s for one in seen if one.last_s is not None)
        rows.append(
            {
                "hour": hour,
                "visits": len(seen),
                "in_time": sum(one.verdict == Verdict.IN_TIME for one in seen),
                "middle": seconds[len(seconds) // 2] if seconds else None,
                "slowest": seconds[-1] if seconds else None,
                "nothing": sum(one.last_s is None for one in seen),
            }
        )
    return rows


def _visits_csv(day: date, visits: Iterable[queries.Timed]) -> HttpResponse:
    answer, table = _csv(f"visits-{sun.written(day)}")
    table.writerow(VISIT_COLUMNS)
    for one in visits:
        table.writerow(
            [
                one.visit_id, sun.written(day), one.end_readout.isoformat(), cell(one.instrument),
                cell(one.survey_block), cell(one.band), one.verdict, one.why, _or_nothing(one.sent),
                _or_nothing(one.sent_within_limit), _or_nothing(one.first_s), _or_nothing(one.last_s), one.stage,
            ]
        )  # fmt: skip
    return answer


def _or_nothing(value: float | None) -> object:
    return "" if value is None else value


# --- What an alarm's outage cost --------------------------------------------------------------------------------------


@require_safe
def cost(request: HttpRequest, id: UUID) -> HttpResponse:
    """What the outages cost that an alarm was about, each whole; a fragment for its page, and a page of its own."""
    alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), id=id)
    now = clock.now()
    terms = Terms.of(limits.at(now))
    ends = alarm.resolved_at or now
    found = queries.cost_of(alarm.fired_at, ends, terms=terms, now=now)
    context = {
        "alarm": alarm,
        "cost": found,
        "cut": found.ends_at < ends,
        "uses": _named(found.by_year),
        "worst": _percents(found.worst),
        "nights": sorted({sun.day_obs(one.starts_at) for one in found.outages}),
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "latency/cost_part.html", context)
    return render(request, "latency/cost.html", context)
