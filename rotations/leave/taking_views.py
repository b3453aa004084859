"""Ask for leave, and decide about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from rotations.leave import accounts, queries, taking
from rotations.leave.models import LeaveRequest
from rotations.leave.taking_forms import LeaveForm, NotTakenForm


@require_http_methods(["GET", "HEAD", "POST"])
def leave_ask(request: HttpRequest) -> HttpResponse:
    """One's own, or for somebody whom the viewer looks after. Shifts that it would leave uncovered are shown first."""
    actor, now = viewer(request), clock.now()
    people = queries.visible_people(actor, now=now).filter(is_active=True)
    form = LeaveForm(request.POST or None, viewer=actor, people=people)
    clashes: list[Any] = []
    if request.method == "POST" and form.is_valid():
        asked = dict(form.cleaned_data)
        knows = asked.pop("knows")
        clashes = taking.clashes(asked["person"], asked["starts_at"], asked["ends_at"]) if not knows else []
        if not clashes:
            try:
                made = taking.ask(by=actor, now=now, **asked)
            except taking.LeaveRefused as error:
                form.show(error.field, str(error))
            else:
                messages.success(request, "The leave is asked for. A manager decides.")
                return redirect("leave_request", made.pk)
    context = {"form": form, "clashes": clashes, "balance": accounts.balance(actor)}
    return render(request, "leave/ask.html", context, status=400 if form.errors else 200)


@require_safe
def leave_request(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, id)


@require_POST
def request_approve(request: HttpRequest, id: UUID) -> HttpResponse:
    return _do(request, id, taking.approve, "Approved. It is taken from the account, and they are not on call then.")


@require_POST
def request_refuse(request: HttpRequest, id: UUID) -> HttpResponse:
    return _do(request, id, taking.refuse, "Refused. They are told why.")


@require_POST
def request_withdraw(request: HttpRequest, id: UUID) -> HttpResponse:
    return _do(request, id, taking.withdraw, "Taken back.")


@require_POST
def request_cancel(request: HttpRequest, id: UUID) -> HttpResponse:
    return _do(request, id, taking.cancel, "Cancelled. What was left of it is on the account again.")


@require_POST
def request_agree(request: HttpRequest, id: UUID) -> HttpResponse:
    return _do(request, id, taking.agree, "You agree. It can be approved now.")


@require_POST
def request_give_back(request: HttpRequest, id: UUID) -> HttpResponse:
    """What is refused is shown in the form, with what was typed."""
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(accounts.requests_visible_to(actor, now=now), pk=id)
    form = NotTakenForm(request.POST)
    if not form.is_valid():
        return _page(request, id, not_taken=form, status=400)
    try:
        taking.give_back(request=found, by=actor, now=now, **form.cleaned_data)
    except taking.LeaveRefused as error:
        shown = error.field in form.fields and error.field != "taken_s"
        form.add_error(error.field if shown else None, str(error))
        return _page(request, id, not_taken=form, status=409 if error.conflict else 400)
    messages.success(request, "Given back: it is on the account again. They are told.")
    return redirect("leave_request", found.pk)


ANSWERED: tuple[Callable[..., LeaveRequest], ...] = (taking.approve, taking.refuse)


def _do(request: HttpRequest, id: UUID, verb: Callable[..., LeaveRequest], done: str) -> HttpResponse:
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(accounts.requests_visible_to(actor, now=now), pk=id)
    typed = request.POST.get("answer", "").replace("\x00", "")
    words = {"answer": typed} if verb in ANSWERED else {}
    try:
        verb(request=found, by=actor, now=now, **words)
    except taking.LeaveRefused as error:
        return _page(request, id, error=str(error), typed=typed, status=409 if error.conflict else 400)
    messages.success(request, done)
    return redirect("leave_request", found.pk)


def _page(
    request: HttpRequest,
    id: UUID,
    *,
    error: str = "",
    typed: str = "",
    not_taken: NotTakenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(accounts.requests_visible_to(actor, now=now), pk=id)
    manages = access.may_approve_leave(actor, owner_id=found.person_id, now=now)
    waits, stands = found.state == LeaveRequest.State.ASKED, found.state == LeaveRequest.State.APPROVED
    ahead = waits and found.ends_at > now
    mine = found.person_id == actor.pk
    back_s = taking.may_give_back(found, now=now) if manages else 0
    taken_s = taking.taken_of(found)
    context = {
        "asked": found,
        "mine": mine,
        "pieces": found.slices,
        "clashes": taking.clashes(found.person, max(found.starts_at, now), found.ends_at) if ahead else [],
        "balance": accounts.balance(found.person),
        "entries": found.entries.select_related("by").order_by("at", "nth"),
        "may_decide": manages and waits,
        "wants_a_yes": waits and not taking.may_decide_alone(found, found.by) and found.by_id != found.person_id,
        "may_approve": manages and waits and taking.may_decide_alone(found, actor),
        "may_agree": mine and waits and found.by_id != found.person_id and found.agreed_at is None,
        "back_s": back_s,
        "taken_s": taken_s,
        "resting_s": min(taking.resting_of(found), taken_s) if back_s else 0,
        "not_taken": not_taken or NotTakenForm(initial={"taken_s": taken_s}),
        "may_withdraw": waits,
        "may_cancel": stands and found.ends_at > now,
        "left_s": taking.left_of(found, now=now),
        "error": error,
        "typed": typed,
    }
    return render(request, "leave/request.html", context, status=status)
