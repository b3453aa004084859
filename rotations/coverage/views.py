"""Who is on call, for people: every schedule at a glance, and one of them in depth."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people import access
from oncall.people.instants import InstantField
from oncall.people.viewer import viewer
from rotations.changes import queries as changes
from rotations.changes.forms import OverrideForm
from rotations.coverage import needs, queries, skills
from rotations.coverage.queries import CoveredShift
from rotations.coverage.rules import order_in_words, turns_in_words, weekdays_in_words
from rotations.coverage.strip import RoleNow, now_and_next
from rotations.schedule.models import ROLES, Rotation, Schedule
from rotations.volunteers import queries as volunteers

WEEK, FOUR_WEEKS = timedelta(days=7), timedelta(days=28)


@dataclass(frozen=True)
class LayerInWords:
    """A rotation of a schedule, its rule said in words."""

    rotation: Rotation
    turns: str
    limits: list[str]  # weekdays, window, level, order


@dataclass(frozen=True)
class RoleInDepth:
    now: RoleNow
    layers: list[LayerInWords]


def _moment(label: str, help_text: str) -> InstantField:
    return InstantField(
        label=label,
        required=False,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )


class HistoryForm(forms.Form):
    """Who was on call from when, as known when."""

    since = _moment("Four weeks from", "Empty: from now.")
    as_of = _moment("As known at", "Empty: as known now. An earlier instant shows what was planned then.")

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = now

    def clean_as_of(self) -> datetime | None:
        as_of: datetime | None = self.cleaned_data["as_of"]
        if as_of is not None and as_of > self.now:
            raise forms.ValidationError("Nobody knows yet what will be known then. Choose an instant that is past.")
        return as_of


@require_safe
def rotations(request: HttpRequest) -> HttpResponse:
    person, now = viewer(request), clock.now()
    found = now_and_next(at=now, until=now + WEEK)
    context = {
        "now": now,
        "schedules": found,
        "skills": skills.summary([one.schedule for one in found], now=now),
        "may_configure": access.may_configure(person, now=now),
    }
    return render(request, "coverage/rotations.html", context)


@require_safe
def schedule(request: HttpRequest, id: UUID) -> HttpResponse:
    person, now = viewer(request), clock.now()
    found = get_object_or_404(Schedule.objects.select_related("team"), pk=id)
    (ahead,) = now_and_next(at=now, until=now + FOUR_WEEKS, schedules=[found])
    layers: dict[str, list[LayerInWords]] = {}
    for rotation in Rotation.objects.with_order().filter(schedule=found).order_by("-level", "name"):
        layers.setdefault(rotation.role, []).append(in_words(rotation))
    may_arrange = changes.may_arrange(person, now=now)
    history = HistoryForm(request.GET if {"since", "as_of"} & set(request.GET) else None, now=now)
    shifts, shown = _history(found, history, now) or (_shifts(ahead.roles), None)
    context = {
        "now": now,
        "schedule": found,
        "roles": [RoleInDepth(role, layers.get(role.role, [])) for role in ahead.roles],
        "shifts": shifts,
        "shown": shown,
        "history": history,
        "gaps": _gaps(found, now),
        "overrides": [
            (override, may_arrange or person.pk in {override.person_id, override.by_id})
            for override in changes.upcoming(schedule=found, now=now)
        ],
        "override_form": OverrideForm(schedule=found, viewer=person, now=now) if layers else None,
        "may_configure": access.may_configure(person, now=now),
        "volunteers": volunteers.beside(found, viewer=person, now=now),
        "missing_roles": [role for role in ROLES if role not in layers],
    }
    return render(request, "coverage/schedule.html", context)


def in_words(rotation: Rotation) -> LayerInWords:
    """Say a rotation's rule. It was asked for `with_order`."""
    turns = turns_in_words(
        unit=rotation.unit,
        every=rotation.every,
        first_on=rotation.first_on,
        handoff_time=rotation.handoff_time,
        zone=rotation.time_zone,
    )
    team = rotation.team.name if rotation.team else ""
    limits = [
        weekdays_in_words(rotation.weekdays),
        f"only in {rotation.window}: {rotation.window.told()}" if rotation.window else "",
        order_in_words(order=rotation.order, at_once=rotation.at_once, team=team),
        f"level {rotation.level}: wins over what is below" if rotation.level else "",
    ]
    return LayerInWords(rotation, turns, [words for words in limits if words])


def _shifts(roles: list[RoleNow]) -> list[CoveredShift]:
    return sorted((shift for role in roles for shift in role.shifts), key=lambda shift: shift.starts_at)


def _history(
    schedule: Schedule, form: HistoryForm, now: datetime
) -> tuple[list[CoveredShift], dict[str, datetime | None]] | None:
    """Return the four weeks asked for, as they were known then; None if nothing, or nothing right, is asked."""
    if not form.is_bound or not form.is_valid():
        return None
    since = form.cleaned_data["since"] or now
    as_of = form.cleaned_data["as_of"]
    found = queries.shifts(schedule=schedule, start=since, end=since + FOUR_WEEKS, as_of=as_of)
    return found, {"since": since, "as_of": as_of}


def _gaps(schedule: Schedule, now: datetime) -> list[needs.Gap] | None:
    """Return the gaps of the next four weeks; None if nobody can tell, because no site observes."""
    wanted = needs.needed(schedule, now, now + FOUR_WEEKS, needs.observing())
    if wanted is None:
        return None
    if not wanted:
        return []
    signed = needs.signatures([schedule], now, now + FOUR_WEEKS).get(schedule.pk, ())
    shifts = queries.shifts(schedule=schedule, start=now, end=now + FOUR_WEEKS)
    return needs.gaps_of(schedule, shifts, wanted, signed)
