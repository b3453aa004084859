"""The quality of rotations, for people: a page with plots and tables, and the hours as a table file."""

import csv
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people.viewer import viewer
from rotations.coverage import quality_queries
from rotations.coverage.quality import SECOND, Hours, cell, percents, seconds
from rotations.coverage.quality_queries import LONGEST, Quality
from rotations.coverage.timeline import MONTHS
from rotations.night.wall import wall_instant
from rotations.schedule.models import Schedule

DAY, MONTH = timedelta(days=1), timedelta(days=30)
FIRST, LAST = date(1990, 2, 1), date(2099, 11, 30)
CELL = 17  # pixels, from night to night
SHOWN = 100  # rows of a list on the page; programs get all of them
PARTS = ("part_night", "part_holiday", "part_weekend", "part_plain")
COLUMNS = ("on_call_s", "after_midnight_s", "weekend_s", "holiday_s", "shadow_s")


class QualityForm(forms.Form):
    """Days of the viewer's clock, both included; without them the coming 30 days."""

    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Up to and with", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    schedule = forms.ModelChoiceField(Schedule.objects.all(), required=False, empty_label="All schedules")

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name in ("since", "until"):
            day = found.get(name)
            if day is not None and not FIRST <= day <= LAST:
                self.add_error(name, f"Choose a day from {FIRST:%Y} to {LAST:%Y}.")
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", "That is before the first day. Choose a later one.")
        if since and until and (until - since) + DAY > LONGEST:
            self.add_error("until", f"Choose {LONGEST.days} days at most.")
        return found


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The coming 30 days, or the days asked for."""
    viewer(request)
    now = clock.now()
    form = QualityForm(request.GET)
    form.is_valid()  # what is wrong is said at its field; the coming 30 days are shown instead
    since, until = _days(form, now)
    found = _quality(since, until, form.cleaned_data.get("schedule"))
    if request.GET.get("as") == "csv" and not form.errors:
        return _csv(found, since, until)
    chosen = form.cleaned_data.get("schedule")
    context = {
        "now": now,
        "form": form,
        "found": found,
        "since": since,
        "until": until,
        "schedule": chosen,
        "ways": _ways(since, now),
        "kept": f"&schedule={chosen.pk}" if chosen else "",
        "people": [
            (one, _bar(one.hours, found), [one.months.get(month) for month in found.months]) for one in found.people
        ],
        "months": [f"{MONTHS[month.month - 1]} {month.year}" for month in found.months],
        "matrix": _matrix(found),
        "gaps": found.gaps[:SHOWN],
        "missing": found.missing[:SHOWN],
        "doubles": found.doubles,
        "surplus": found.surplus[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "coverage/quality.html", context)


def _days(form: QualityForm, now: datetime) -> tuple[date, date]:
    """Return the first and last day that are asked for; what is left out follows from the other, or from today."""
    if form.errors:
        form.cleaned_data = {}
    since, until = form.cleaned_data.get("since"), form.cleaned_data.get("until")
    today = timezone.localtime(now).date()
    if since is None:
        since = until - MONTH + DAY if until else today
    return since, until or since + MONTH - DAY


def _quality(since: date, until: date, schedule: Schedule | None) -> Quality:
    zone = timezone.get_current_timezone()
    start, end = (wall_instant(day, time(), zone) for day in (since, until + DAY))
    return quality_queries.quality(start=start, end=end, schedule=schedule)


def _ways(since: date, now: datetime) -> list[tuple[str, str]]:
    """Return the usual spans: query, words."""
    today = timezone.localtime(now).date()
    month = since.replace(day=1)
    before, after = (month - DAY).replace(day=1), (month + 32 * DAY).replace(day=1)
    return [
        (_span(today, today + MONTH - DAY), "Next 30 days"),
        (_span(today - MONTH, today - DAY), "Past 30 days"),
        *((_span(one, (one + 32 * DAY).replace(day=1) - DAY), _name(one)) for one in (before, month, after)),
    ]


def _span(since: date, until: date) -> str:
    return f"?since={since.isoformat()}&until={until.isoformat()}"


def _name(month: date) -> str:
    return f"{MONTHS[month.month - 1]} {month.year}"


def _bar(hours: Hours, found: Quality) -> list[tuple[str, float, float]]:
    """Return the parts of one person's bar: kind, place, width; the busiest fills the width."""
    places = percents([getattr(hours, part) for part in PARTS], found.most)
    return [(part.removeprefix("part_"), x, width) for part, (x, width) in zip(PARTS, places, strict=True) if width]


def _matrix(found: Quality) -> dict[str, Any]:
    """Return the drawing of skills by nights: each cell with its place in pixels; Mondays say their date."""
    nights = max(([one.night for one in skill.cells] for skill in found.skills), key=len, default=[])
    return {
        "width": CELL * max(1, len(nights)) + CELL * 3,
        "rows": [
            {"skill": skill, "cells": [(CELL * place, one) for place, one in enumerate(skill.cells)]}
            for skill in found.skills
        ],
        "heads": [
            (CELL * place, f"{night.day} {MONTHS[night.month - 1]}")
            for place, night in enumerate(nights)
            if night.weekday() == 0
        ],
    }


def _csv(found: Quality, since: date, until: date) -> HttpResponse:
    """Hours per person and month in seconds, and of the whole span: pay is computed from it, so nothing is rounded."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="hours-{since.isoformat()}-{until.isoformat()}.csv"'
    table = csv.writer(answer)
    table.writerow(["person", "time_zone", "holidays", "month", *COLUMNS])
    for one in found.people:
        about = [cell(one.person.name), cell(one.person.time_zone), cell(one.holidays_of)]
        for month, hours in one.months.items():
            table.writerow([*about, f"{month:%Y-%m}", *seconds(hours).values(), ""])
        table.writerow([*about, "all", *seconds(one.hours).values(), one.shadow // SECOND])
    return answer
