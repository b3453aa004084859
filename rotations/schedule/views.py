"""Make and edit schedules and their rotations: the pilot's and the administrators' work (R27)."""

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from rotations.schedule import services
from rotations.schedule.forms import RotationForm, ScheduleForm
from rotations.schedule.models import Role, Rotation, Schedule


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A schedule with its primary rotation, in one form."""
    _check_allowed(request)
    about = ScheduleForm(request.POST or None, prefix="about")
    turns = RotationForm(request.POST or None, prefix="turns", initial={"every": 1, "unit": "week"})
    if request.method == "POST" and all([about.is_valid(), turns.is_valid()]):
        try:
            with transaction.atomic():
                schedule = services.create_schedule(**about.cleaned_data)
                _save_rotation(turns, schedule=schedule, role=Role.PRIMARY)
            return redirect("schedule", schedule.pk)
        except REFUSALS as error:
            _show(error, turns)
    return render(request, "schedule/new.html", {"about": about, "turns": turns}, status=_status(about, turns))


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    """A schedule's name, team and description."""
    _check_allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    form = ScheduleForm(request.POST or None, instance=schedule)
    if request.method == "POST" and form.is_valid():
        services.edit_schedule(schedule=schedule, **form.cleaned_data)
        return redirect("schedule", id)
    return render(request, "schedule/edit.html", {"schedule": schedule, "form": form}, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
def rotation(request: HttpRequest, id: UUID, role: str) -> HttpResponse:
    """The rotation of a schedule for one role, made or edited."""
    _check_allowed(request)
    schedule = get_object_or_404(Schedule, pk=id)
    if role not in Role.values:
        raise Http404(f"There is no role {role}.")
    present = Rotation.objects.filter(schedule=schedule, role=role).first()
    new_name = {"name": f"{schedule.name} {role}"[:80], "every": 1, "unit": "week"}
    form = RotationForm(request.POST or None, instance=present, initial=None if present else new_name)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _save_rotation(form, schedule=schedule, role=role, present=present)
            return redirect("schedule", id)
        except REFUSALS as error:
            _show(error, form)
    context = {"schedule": schedule, "role": Role(role), "present": present, "form": form}
    return render(request, "schedule/rotation.html", context, status=_status(form))


REFUSALS = (services.EmptyOrder, services.LeftInOrder, ValidationError)


def _save_rotation(form: RotationForm, *, schedule: Schedule, role: str, present: Rotation | None = None) -> None:
    name, turns, people = form.cleaned_data["name"], form.turns, form.people
    if present:
        services.edit_rotation(rotation=present, name=name, turns=turns, people=people)
    else:
        services.create_rotation(schedule=schedule, role=role, name=name, turns=turns, people=people)


def _show(error: Exception, form: RotationForm) -> None:
    """Put a refusal where its field is; what concerns the order, at its first place."""
    if isinstance(error, ValidationError):
        for field, messages in getattr(error, "message_dict", {"__all__": error.messages}).items():
            form.add_error(field if field in form.fields else None, messages)
    else:
        form.add_error("place_1", str(error))


def _status(*forms: RotationForm | ScheduleForm) -> int:
    return 400 if any(form.errors for form in forms) else 200


def _check_allowed(request: HttpRequest) -> None:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    if not access.may_configure(request.user, now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change rotations. Ask them.")
