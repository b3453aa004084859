"""An edge: heartbeats on screens, made, changed, paused."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from incidents.signals import heartbeats
from incidents.signals.heartbeats_forms import ChangeForm, HeartbeatForm, PauseForm
from incidents.signals.heartbeats_models import Heartbeat
from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer

STRETCHES = 20  # of a heartbeat's past on its page


@dataclass(frozen=True)
class State:
    """How a heartbeat is, in a word; `badge` gives it a shape and a colour."""

    word: str
    badge: str


def state_of(row: Heartbeat, now: datetime) -> State:
    """Return how it is at `now`. Well is only who was heard in time and said nothing else."""
    if not row.is_enabled:
        return State("closed", "unknown")
    if row.is_paused(now):
        return State("paused", "unknown")
    if row.last_beat_at is None:
        return State("never heard", "unknown")
    if row.failing:
        return State("says it fails", "bad")
    silent = now - row.last_beat_at
    if silent >= row.tolerance:
        return State("missing", "bad")
    return State("late", "warn") if silent > timedelta(seconds=row.every_s) else State("heard", "ok")


def _configurer(request: HttpRequest) -> Person:
    person = viewer(request)
    if not access.may_configure(person, now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change heartbeats.")
    return person


def beat_url(secret: str) -> str:
    return f"{settings.PUBLIC_BASE_URL}/beats/{secret}/"


def index(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = Heartbeat.objects.select_related("policy", "paused_by")
    context = {
        "rows": [(row, state_of(row, now)) for row in rows],
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "signals/heartbeats.html", context)


def detail(request: HttpRequest, id: UUID) -> HttpResponse:
    return _detail(request, get_object_or_404(Heartbeat.objects.select_related("policy", "paused_by"), pk=id))


def _detail(
    request: HttpRequest, row: Heartbeat, *, secret: str = "", form: PauseForm | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    context = {
        "heartbeat": row,
        "state": state_of(row, now),
        "paused": row.is_paused(now),
        "spans": row.spans.all()[:STRETCHES],
        "url": beat_url(secret) if secret else "",
        "example": beat_url(secret or "…"),
        "form": form or PauseForm(),
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "signals/heartbeat.html", context, status=status)


def new(request: HttpRequest) -> HttpResponse:
    """Make a heartbeat; its secret URL is shown on the answer to this, and never again."""
    _configurer(request)
    form = HeartbeatForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = form.save(commit=False)
        return _detail(request, row, secret=heartbeats.create(heartbeat=row, now=clock.now()), status=201)
    return render(request, "signals/heartbeat_new.html", {"form": form}, status=400 if form.is_bound else 200)


def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    _configurer(request)
    row = get_object_or_404(Heartbeat, pk=id)
    form = ChangeForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        heartbeats.change(heartbeat=form.save(commit=False), now=clock.now())
        return redirect("heartbeat", id)
    context = {"form": form, "heartbeat": row}
    return render(request, "signals/heartbeat_edit.html", context, status=400 if form.is_bound else 200)


@require_POST
def renew(request: HttpRequest, id: UUID) -> HttpResponse:
    _configurer(request)
    row = get_object_or_404(Heartbeat.objects.select_related("policy", "paused_by"), pk=id)
    return _detail(request, row, secret=heartbeats.renew_secret(heartbeat=row))


@require_POST
def pause(request: HttpRequest, id: UUID) -> HttpResponse:
    """Pause it for a while, with a reason; `then=resume` ends a pause."""
    person = _configurer(request)
    row = get_object_or_404(Heartbeat.objects.select_related("policy", "paused_by"), pk=id)
    now = clock.now()
    if request.POST.get("then") == "resume":
        heartbeats.resume(heartbeat=row, now=now)
        messages.info(request, f"The next beat of {row.name} is waited for again.")
        return redirect("heartbeat", id)
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _detail(request, row, form=form, status=400)
    data = form.cleaned_data
    try:
        heartbeats.pause(heartbeat=row, until=now + data["lasts"], why=data["why"], by=person, now=now)
    except heartbeats.BadPause as error:
        form.add_error("why", str(error))
        return _detail(request, row, form=form, status=400)
    return redirect("heartbeat", id)
