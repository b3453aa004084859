"""Draw schedules and their rotations: the pilot's and the administrators' work (R27). Coverage publishes it."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.schedule import drafts, services
from rotations.schedule.forms import PromiseForm, RotationForm, ScheduleForm, rearranged
from rotations.schedule.looking import coming_handoffs, coming_turns, on_clock, span_on
from rotations.schedule.models import ROLES, Rotation, Schedule
from rotations.schedule.moving import MoveForm, move, put_back
from rotations.schedule.spec import PROMISE, BadSpec, ScheduleSpec, plan_spec

NEW = {"every": 1, "unit": "week", "role": "primary", "order": "given"}


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A schedule, what it promises, and the draft of its first rotation; nobody is on call before it is published."""
    by, now = _allowed(request)
    typed, press = _typed(request, prefix="turns")
    about = ScheduleForm(typed, prefix="about")
    promise = PromiseForm(typed, prefix="promise")
    turns = RotationForm(typed, prefix="turns", initial=NEW | {"time_zone": by.time_zone})
    valid = [form.is_valid() for form in (about, promise, turns)]  # each says what is wrong with it
    if press == "save" and all(valid):
        try:
            with transaction.atomic():
                schedule = services.create_schedule(now=now, **about.cleaned_data)
                spec = ScheduleSpec(**promise.cleaned_data, rotations=(turns.spec,))
                drafts.save_draft(schedule=schedule, spec=spec, by=by, now=now)
            return redirect("schedule_draft", schedule.pk)
        except BadSpec as error:
            turns.refuse(error)
        except ValidationError as error:
            about.add_error(None, error.messages)
    context = {"about": about, "promise": promise, "form": turns, **_preview(turns, Schedule(), by, now)}
    return _page(request, "schedule/new.html", context, failed=press == "save")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    """A schedule's name, team and description, saved at once; and what it promises, which is drawn."""
    by, now = _allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    promises = "promise" in request.POST
    spec = drafts.drawn(schedule)
    about = ScheduleForm(request.POST if request.POST and not promises else None, instance=schedule)
    promise = PromiseForm(request.POST if promises else None, initial={name: getattr(spec, name) for name in PROMISE})
    if request.method == "POST" and promises and promise.is_valid():
        try:
            drafts.save_draft(schedule=schedule, spec=replace(spec, **promise.cleaned_data), by=by, now=now)
        except BadSpec as error:
            messages.error(request, error.words)
        return redirect("schedule_draft", id)
    if request.method == "POST" and not promises and about.is_valid():
        services.edit_schedule(schedule=schedule, now=now, **about.cleaned_data)
        return redirect("schedule", id)
    failed = bool(about.errors or promise.errors)
    context = {"schedule": Schedule.objects.get(pk=id), "about": about, "promise": promise}
    return render(request, "schedule/edit.html", context, status=400 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def rotation(request: HttpRequest, id: UUID, rotation: UUID | None = None) -> HttpResponse:
    """Draw one rotation, new or changed, and see its next turns while typing.

    htmx posts what is typed so far and gets the preview; without it, the button Show does the same for the whole page.
    """
    by, now = _allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    present = drafts.drawn(schedule).rotation(rotation) if rotation else None
    if rotation and present is None:
        raise Http404("That rotation is not in this schedule, or its draft takes it out.")
    typed, press = _typed(request)
    form = RotationForm(typed, spec=present, initial=None if present else _for_new(request, schedule, by))
    if press == "save" and form.is_valid():
        try:
            drafts.draw_rotation(schedule=schedule, rotation=form.spec, by=by, now=now)
            return redirect("schedule_draft", id)
        except BadSpec as error:
            form.refuse(error)
    context = {"schedule": schedule, "present": present, "form": form, **_preview(form, schedule, by, now)}
    return _page(request, "schedule/rotation.html", context, failed=press == "save")


@require_POST
def take_out(request: HttpRequest, id: UUID, rotation: UUID) -> HttpResponse:
    """Draw the schedule without a rotation."""
    by, now = _allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    try:
        spec = drafts.drawn(schedule).without(rotation)
        drafts.save_draft(schedule=schedule, spec=spec, by=by, now=now)
    except BadSpec as error:
        messages.error(request, error.words)
    return redirect("schedule_draft", id)


@require_POST
def sync_team(request: HttpRequest, id: UUID, rotation: UUID) -> HttpResponse:
    """Draw a rotation with the people who are on its team's page now."""
    by, now = _allowed(request)
    found = get_object_or_404(Rotation.objects.with_order(), pk=rotation, schedule=id)
    try:
        drafts.sync_team(rotation=found, by=by, now=now)
    except BadSpec as error:
        messages.error(request, error.words)
    return redirect("schedule_draft", id)


@require_http_methods(["GET", "HEAD", "POST"])
def handoffs(request: HttpRequest, id: UUID, rotation: UUID) -> HttpResponse:
    """The next handoffs of a rotation, each of which may be moved for one cycle, or put back (T14)."""
    by, now = _allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    problem, turn = "", None
    if request.method == "POST":
        form = MoveForm(request.POST)
        if form.is_valid():
            asked = form.cleaned_data
            turn = asked["turn"]
            try:
                if "back" in request.POST:
                    put_back(schedule=schedule, rotation=rotation, turn=turn, by=by, now=now)
                else:
                    move(schedule=schedule, rotation=rotation, turn=turn, wall=form.wall, by=by, now=now)
                return redirect("schedule_draft", id)
            except BadSpec as error:
                problem = error.words
        else:
            problem = "Write a day and a time, such as 29 March 2027 and 09:00."
    return _handoffs_page(request, schedule, rotation, now, by, problem=problem, turn=turn)


def _handoffs_page(
    request: HttpRequest,
    schedule: Schedule,
    rotation: UUID,
    now: datetime,
    by: Person,
    *,
    problem: str = "",
    turn: int | None = None,
) -> HttpResponse:
    try:
        planned = plan_spec(schedule, drafts.drawn(schedule), now=now)
    except BadSpec as error:
        messages.error(request, error.words)
        return redirect("schedule_draft", schedule.pk)
    found = next((one for one in planned if one.rotation.pk == rotation), None)
    if found is None:
        raise Http404("That rotation is not in this schedule, or its draft takes it out.")
    context = {
        "schedule": schedule,
        "rotation": found.rotation,
        "handoffs": [
            (one, "" if by.time_zone == found.rotation.time_zone else on_clock(one.at, by.zone))
            for one in coming_handoffs(found, now=now)
        ],
        "zone": by.time_zone,
        "problem": problem,
        "turn": turn,
    }
    return render(request, "schedule/handoffs.html", context, status=400 if problem else 200)


def _preview(form: RotationForm, schedule: Schedule, by: Person, now: datetime) -> dict[str, Any]:
    """Return the next turns of what is typed, else what is wrong with it."""
    spec = form.spec if form.is_bound and form.is_valid() else form.before if not form.is_bound else None
    if spec is None:
        labels = {name: form.fields[name].label or name.replace("_", " ").capitalize() for name in form.fields}
        return {"turns": [], "problems": [(labels.get(name, ""), words) for name, words in form.errors.items()]}
    try:
        (planned,) = plan_spec(schedule, ScheduleSpec(rotations=(spec,)), now=now)
        turns = coming_turns(planned, now=now)
    except (BadSpec, ValueError) as error:
        words = [error.words if isinstance(error, BadSpec) else str(error)]
        return {"turns": [], "problems": [("", words)]}
    theirs = spec.time_zone == by.time_zone
    return {
        "turns": [(one, "" if theirs else span_on(one.starts_at, one.ends_at, by.zone)) for one in turns],
        "problems": [],
        "zones": [spec.time_zone] if theirs else [spec.time_zone, by.time_zone],
        "windowed": spec.window,
    }


def _typed(request: HttpRequest, prefix: str = "") -> tuple[Any, str]:
    """Return what was posted, rearranged where a button asks for that, and what was pressed: save, show or nothing."""
    if request.method != "POST":
        return None, ""
    press = request.POST.get("do", "save")
    if press in {"save", "show"}:
        return request.POST, press
    return rearranged(request.POST, press, prefix), "show"


def _page(request: HttpRequest, template: str, context: dict[str, Any], *, failed: bool) -> HttpResponse:
    if request.htmx and not failed:  # type: ignore[attr-defined]
        return render(request, "schedule/turns.html", context)
    return render(request, template, context, status=400 if failed else 200)


def _for_new(request: HttpRequest, schedule: Schedule, by: Person) -> dict[str, Any]:
    wanted = request.GET.get("role", "")
    role = wanted if wanted in {one.value for one in ROLES} else "primary"
    return NEW | {"role": role, "name": f"{schedule.name} {role}"[:80], "time_zone": by.time_zone}


def _allowed(request: HttpRequest) -> tuple[Person, datetime]:
    """Return who asks, and now.

    :raises PermissionDenied: unless they are the pilot or an administrator.
    """
    by, now = viewer(request), clock.now()
    try:
        drafts.check_allowed(by, now=now)
    except drafts.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    return by, now
