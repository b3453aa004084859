"""The swap board: ask, accept, decline, withdraw, undo; and take the pager from a busy colleague in one press."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes import services, swaps
from rotations.changes.models import Swap
from rotations.changes.refusals import Refused
from rotations.coverage import queries, swap_queries, swap_services
from rotations.coverage.swap_forms import SwapForm, instant_of
from rotations.schedule.models import Role, Schedule

AHEAD = timedelta(days=56)  # of one's own shifts that are offered to be swapped


@require_safe
def board(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    return render(request, "coverage/swaps.html", {"board": swap_queries.board(reader=viewer(request), now=now)})


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """One's own shifts ahead: which of them shall somebody else take?"""
    who, now = viewer(request), clock.now()
    found = [one for one in queries.held(person=who, start=now, end=now + AHEAD) if one.starts_at > now]
    return render(request, "coverage/swaps_choose.html", {"shifts": found, "schedules": Schedule.objects.all()})


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, id: UUID) -> HttpResponse:
    who, now = viewer(request), clock.now()
    schedule = get_object_or_404(Schedule, pk=id)
    chosen = {
        "role": request.GET.get("role", "primary"),
        "starts_at": instant_of(request.GET.get("from", "")),
        "ends_at": instant_of(request.GET.get("to", "")),
    }
    form = SwapForm(request.POST or None, schedule=schedule, viewer=who, now=now, initial=chosen)
    if request.method == "POST" and form.is_valid():
        try:
            swap = _ask(schedule, form, who, now)
        except Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            many = swap.offers.count()
            messages.success(request, f"{many} {'person is' if many == 1 else 'people are'} asked.")
            return redirect("swaps")
    context = {"schedule": schedule, "form": form}
    return render(request, "coverage/swaps_ask.html", context, status=400 if form.errors else 200)


def _ask(schedule: Schedule, form: SwapForm, by: Person, now: datetime) -> Swap:
    return swap_services.ask(schedule=schedule, **form.cleaned_data, by=by, now=now)


@require_POST
def accept(request: HttpRequest, id: UUID) -> HttpResponse:
    swap, who = _swap(id), viewer(request)
    said = f"You take {swap.schedule.name} from {swap.asker.name}."
    return _do(request, lambda: swap_services.accept(swap=swap, by=who, now=clock.now()), said)


@require_POST
def decline(request: HttpRequest, id: UUID) -> HttpResponse:
    swap = _swap(id)
    said = f"{swap.asker.name} is told that you cannot."
    return _do(request, lambda: swaps.decline(swap=swap, by=viewer(request), now=clock.now()), said)


@require_POST
def withdraw(request: HttpRequest, id: UUID) -> HttpResponse:
    swap = _swap(id)
    return _do(request, lambda: swaps.withdraw(swap=swap, by=viewer(request), now=clock.now()), "It is withdrawn.")


@require_POST
def undo(request: HttpRequest, id: UUID) -> HttpResponse:
    swap = _swap(id)
    said = "The swap is undone: each has their own again."
    return _do(request, lambda: swaps.undo(swap=swap, by=viewer(request), now=clock.now()), said)


@require_POST
def take(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take the pager from whoever `from` names, until their shift ends."""
    who, now = viewer(request), clock.now()
    schedule = get_object_or_404(Schedule, pk=id)
    role, given = request.POST.get("role", "primary"), request.POST.get("from", "")
    duties = queries.on_call(schedule=schedule, at=now, role=role) if role in Role.values else []
    duty = next((one for one in duties if str(one.person.pk) == given), None)
    if duty is None or duty.until is None:
        messages.warning(request, f"They are not on call for {schedule.name} any more. Look again who is.")
        return redirect("schedule", id)
    try:
        services.take(schedule=schedule, role=role, from_person=duty.person, by=who, until=duty.until, now=now)
        messages.success(request, f"You have the pager of {schedule.name}. {duty.person.name} is told.")
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("schedule", id)


def _swap(id: UUID) -> Swap:
    return get_object_or_404(Swap.objects.select_related("schedule", "asker", "accepted_by"), pk=id)


def _do(request: HttpRequest, verb: Callable[[], object], said: str) -> HttpResponse:
    try:
        verb()
        messages.success(request, said)
    except Refused as error:
        messages.warning(request, str(error))
    return redirect("swaps")
