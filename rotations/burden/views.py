"""Who carried how much, for those who spread it, and one's own for everybody; and whom to ask to take a span."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.burden import queries
from rotations.burden.burden import WORDS, Burden, rounded
from rotations.burden.forms import BurdenForm, SpanForm
from rotations.burden.queries import Carried
from rotations.burden.suggestions import Suggestion, suggest
from rotations.changes import queries as changes
from rotations.coverage.timeline import MONTHS
from rotations.night.wall import wall_instant
from rotations.schedule.models import Schedule

DAY = timedelta(days=1)
FRAGMENT = "suggestions"


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The last 90 days, or the days asked for; whoever may see only their own sees just that."""
    who, now = viewer(request), clock.now()
    visible = access.people_whose_burden_is_visible(who, now=now)
    sees_others = visible.exclude(pk=who.pk).exists()
    form = BurdenForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}  # what is wrong is said at its field; the usual span is shown
    since, until = _days(asked, queries.usual_span(now), now)
    zone = timezone.get_current_timezone()
    start, end = (wall_instant(day, time(), zone) for day in (since, until + DAY))
    if start < now < end and until == timezone.localtime(now).date():
        end = now  # up to today is what was carried; what is to come is asked for by a later day
    team, schedule = (asked.get(name) if sees_others else None for name in ("team", "schedule"))
    rows = queries.carried(visible, start=start, end=end, now=now, team=team, schedule=schedule)
    context = {
        "form": form,
        "since": since,
        "until": until,
        "to_come": end > now,
        "schedule": schedule,
        "team": team,
        "sees_others": sees_others,
        "rows": [_row(one, rows, who) for one in rows],
        "kinds": WORDS.items(),
        "weights": rows[0].burden.parts if rows else [],
        "ways": _ways(now, team.slug if team else "", schedule),
    }
    return render(request, "burden/burden.html", context)


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Who could take a span of a role: a part of the forms that ask somebody, or a page of its own."""
    who, now = viewer(request), clock.now()
    schedule = _schedule(request.GET.get("schedule", ""))
    form = SpanForm(request.GET, schedule=schedule, viewer=who)
    found: list[Suggestion] = []
    asked: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        asked = form.cleaned_data
        besides = [asked["for"]] if asked["for"] else []
        start, end = asked["starts_at"], asked["ends_at"]
        found = suggest(schedule=schedule, role=asked["role"], start=start, end=end, besides=besides, now=now)
    visible = access.people_whose_burden_is_visible(who, now=now)
    sees = set(visible.filter(pk__in=[one.person.pk for one in found]).values_list("pk", flat=True))
    arranges = changes.may_arrange(who, now=now)
    htmx = request.htmx  # type: ignore[attr-defined]
    is_part = bool(htmx) and htmx.target == FRAGMENT  # of a form, which has a button of its own
    context = {
        "schedule": schedule,
        "form": form,
        "asked": asked,
        "rows": [
            (
                one,
                one.burden.shown if one.person.pk in sees else None,
                _put_on_call(asked, one.person) if not is_part and (arranges or one.person == who) else "",
            )
            for one in found
        ],
        "days": queries.usual_span(now).days,
    }
    return render(request, f"burden/suggestions.html{'#found' if is_part else ''}", context)


def _schedule(text: str) -> Schedule:
    try:
        return Schedule.objects.get(pk=UUID(text))
    except (ValueError, Schedule.DoesNotExist):
        raise Http404("There is no such schedule.") from None


def _put_on_call(asked: dict[str, Any], person: Person) -> str:
    """Return the query that fills in the form for an override."""
    ends = {name: asked[name].isoformat() for name in ("starts_at", "ends_at")}
    replaces = {"replaces": asked["for"].pk} if asked["for"] else {}
    return "?" + urlencode({"role": asked["role"], "person": person.pk, **replaces, **ends})


def _days(asked: dict[str, Any], usual: timedelta, now: datetime) -> tuple[date, date]:
    """Return the first and last day that are asked for; what is left out follows from the other, or ends today."""
    since, until = asked.get("from"), asked.get("until")
    if until is None:
        until = since + usual - DAY if since else timezone.localtime(now).date()
    return since or until - usual + DAY, until


def _row(one: Carried, rows: Sequence[Carried], who: Person) -> dict[str, Any]:
    most = max(other.burden.number for other in rows)
    return {
        "of": one,
        "mine": one.person == who,
        "bar": _bar(one.burden, float(most)),
        "parts": [(part, rounded(part.product, 2)) for part in one.burden.parts if part.amount],
        "exact": rounded(one.burden.number, 2),
        "percent": None if one.share is None else rounded(one.share * 100, 0),
    }


def _bar(burden: Burden, most: float) -> list[tuple[str, float, float]]:
    """Return the parts of one person's bar: kind, place and width in percent; the most burdened fills the width."""
    found, at = [], 0.0
    for part in burden.parts:
        width = round(100 * float(part.product) / most, 3) if most else 0.0
        if width:
            found.append((part.name, round(at, 3), width))
        at += width
    return found


def _ways(now: datetime, team: str, schedule: Schedule | None) -> list[tuple[str, str]]:
    """Return the usual spans: query, words."""
    today = timezone.localtime(now).date()
    kept = {
        name: value for name, value in (("team", team), ("schedule", str(schedule.pk) if schedule else "")) if value
    }
    month = today.replace(day=1)
    last = (month - DAY).replace(day=1)
    months = [(last - DAY).replace(day=1), last, month]
    spans = [
        (today - 90 * DAY + DAY, today, "Last 90 days"),
        (today - 365 * DAY + DAY, today, "Last 365 days"),
        *((one, (one + 32 * DAY).replace(day=1) - DAY, f"{MONTHS[one.month - 1]} {one.year}") for one in months),
        (today, today + 90 * DAY - DAY, "Next 90 days"),
    ]
    return [
        ("?" + urlencode({"from": first.isoformat(), "until": last.isoformat(), **kept}), words)
        for first, last, words in spans
    ]
