"""Confirm, approve, ask back, dispute; and a month of call-outs at once, for managers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from oncall import clock
from oncall.people.models import Person, Team
from oncall.people.viewer import viewer
from rotations.leave import accounts, approving, queries
from rotations.leave.accounts import Standing
from rotations.leave.approval import Said
from rotations.leave.approving_context import box
from rotations.leave.call_out_forms import MonthField
from rotations.leave.models import CallOut, LeaveRequest, LedgerEntry
from rotations.leave.words import length

DONE: dict[Said, str] = {
    "confirm": "You have confirmed this call-out. Your manager approves it next.",
    "approve": "Approved: it can be taken as leave.",
    "ask_back": "You have asked. Nothing of it is approved until it is answered.",
    "dispute": "You have disputed it. Your manager reads your words.",
}
MOST_SEEN = 5_000  # call-outs of one month on one page


class WordForm(forms.Form):
    """What is said, of which figure."""

    stands_s = forms.IntegerField(min_value=-(2**31), max_value=2**31 - 1, required=False)
    reason = forms.CharField(required=False, strip=True)


class MonthForm(forms.Form):
    """Which month, and of which team."""

    month = MonthField(label="Month", widget=forms.TextInput(attrs={"type": "month"}))
    team = forms.ModelChoiceField(queryset=Team.objects.all(), required=False, empty_label="Everybody")

    def __init__(self, *args: Any, people: list[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(memberships__person__in=people).distinct()
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]


@require_POST
def confirm(request: HttpRequest, id: UUID) -> HttpResponse:
    return _say(request, id, "confirm")


@require_POST
def approve(request: HttpRequest, id: UUID) -> HttpResponse:
    return _say(request, id, "approve")


@require_POST
def ask_back(request: HttpRequest, id: UUID) -> HttpResponse:
    return _say(request, id, "ask_back")


@require_POST
def dispute(request: HttpRequest, id: UUID) -> HttpResponse:
    return _say(request, id, "dispute")


VERBS: dict[Said, Callable[..., LedgerEntry | None]] = {
    "confirm": approving.confirm,
    "approve": approving.approve,
    "ask_back": approving.ask_back,
    "dispute": approving.dispute,
}


def _say(request: HttpRequest, id: UUID, kind: Said) -> HttpResponse:
    """Say it; what is refused is shown where it was said, with what was typed."""
    actor, now = viewer(request), clock.now()
    found = get_object_or_404(queries.call_outs_visible_to(actor, now=now), pk=id)
    form = WordForm(request.POST)
    typed = request.POST.get("reason", "").replace("\x00", "")
    status = 400
    if form.has_error("reason"):
        error = "The reason has a sign in it that cannot be kept. Write it again, in letters."
    elif not form.is_valid():
        error = "The figure that you saw was not sent along. Load the page again, and say it there."
    else:
        said = form.cleaned_data
        try:
            VERBS[kind](call_out=found, by=actor, reason=said["reason"], stands_s=said["stands_s"], now=now)
        except approving.ApprovalRefused as refused:
            error, status = str(refused), 409 if refused.conflict else 400
        else:
            messages.success(request, DONE[kind])
            _say_what_is_missing(request, found, kind)
            return redirect("leave") if request.POST.get("back") == "leave" else redirect("call_out", found.pk)
    if found.merged_into_id:
        messages.warning(request, error)
        return redirect("call_out", found.merged_into_id)
    shown = box(found, actor, now=now, error=error, said=kind, typed=typed)
    return render(request, "leave/say.html", {"call_out": found, "approval": shown, "error": error}, status=status)


def _say_what_is_missing(request: HttpRequest, call_out: CallOut, kind: Said) -> None:
    """After an approval was taken away: say by how much more was taken than is approved, if so."""
    available_s = accounts.balance(call_out.person).available_s
    if kind in {"ask_back", "dispute"} and available_s < 0:
        messages.warning(
            request,
            f"More leave is taken or asked for than is approved now, by {length(-available_s)}. It stays taken; nothing"
            " more can be asked for until call-outs are approved again.",
        )


@dataclass(frozen=True)
class Row:
    """A call-out of the month, as a manager sees it."""

    call_out: CallOut
    standing: Standing


@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """A month of those whose leave the viewer decides about; posted, everything confirmed that was seen is approved."""
    actor, now = viewer(request), clock.now()
    people = approving.managed(actor, now=now)
    if not people:
        raise PermissionDenied("Only managers and administrators approve call-outs, and you look after nobody.")
    asked = request.POST if request.method == "POST" else request.GET
    form = MonthForm(asked if asked.get("month") else None, people=people)
    chosen: dict[str, Any] = form.cleaned_data if form.is_bound and form.is_valid() else {}
    waiting = _waiting(people, now)
    month: date = chosen.get("month") or _first_of(waiting, now.astimezone(actor.zone).date())
    team: Team | None = chosen.get("team")
    if request.method == "POST" and chosen:
        seen = _seen(request.POST.get("seen", ""))
        if seen is None:
            messages.error(request, "What you saw was not sent along whole, so nothing is approved. Look again.")
        else:
            _approve(request, actor, month, team, seen, now)
        address = reverse("leave_approvals") + f"?month={month:%Y-%m}" + (f"&team={team.pk}" if team else "")
        return redirect(address)
    shown = approving.managed(actor, now=now, team=team)
    rows = _rows(approving.call_outs_of_month(shown, month))
    ready = [row for row in rows if row.standing.state == "confirmed"]
    context = {
        "form": form if form.is_bound else MonthForm(initial={"month": f"{month:%Y-%m}"}, people=people),
        "month": month,
        "team": team,
        "ready": ready,
        "ready_s": sum(row.standing.posted_s for row in ready),
        "seen": " ".join(f"{row.call_out.pk}:{row.standing.posted_s}" for row in ready),
        "left_out": [
            (row, approving.why_not(row.standing, row.call_out.person.name, has_left=not row.call_out.person.is_active))
            for row in rows
            if row.standing.state not in {"confirmed", "approved"} and not row.standing.is_nothing
        ],
        "approved": [row for row in rows if row.standing.state == "approved"],
        "waiting": waiting,
        "requests": accounts.requests_visible_to(actor, now=now)
        .filter(state=LeaveRequest.State.ASKED, person__in=people)
        .order_by("starts_at"),
    }
    return render(request, "leave/approvals.html", context, status=400 if form.errors else 200)


def _approve(
    request: HttpRequest, actor: Person, month: date, team: Team | None, seen: Mapping[UUID, int], now: datetime
) -> None:
    done = approving.approve_month(by=actor, month=month, team=team, seen=seen, now=now)
    if done.approved:
        total = sum(seen[one.pk] for one in done.approved)
        many = f"{len(done.approved)} call-outs" if len(done.approved) > 1 else "One call-out"
        messages.success(request, f"{many} approved: {length(total)} of leave.")
    else:
        messages.warning(request, "Nothing was left to approve of what you saw.")
    for one in done.left_out:
        if one.call_out.pk in seen:
            messages.warning(request, f"Left out, {one.call_out.person.name}, {one.call_out}: {one.why}")


def _rows(call_outs: list[CallOut]) -> list[Row]:
    found = accounts.standings(call_outs)
    return [Row(one, found[one.pk]) for one in call_outs]


def _waiting(people: list[Person], now: datetime) -> list[tuple[date, int]]:
    """Return the months in which call-outs wait for a manager's word, oldest first, and how many."""
    closed = CallOut.objects.live().filter(person__in=people, starts_at__lte=now, ends_at__isnull=False)
    rows = _rows(list(closed.select_related("person")))
    months: dict[date, int] = {}
    for row in rows:
        if row.standing.is_with_manager(row.call_out.person):
            local = row.call_out.starts_at.astimezone(row.call_out.zone)
            month = date(local.year, local.month, 1)
            months[month] = months.get(month, 0) + 1
    return sorted(months.items())


def _first_of(waiting: list[tuple[date, int]], today: date) -> date:
    return waiting[0][0] if waiting else today.replace(day=1)


def _seen(text: str) -> dict[UUID, int] | None:
    """Read "<id>:<seconds> …"; None if it was damaged on the way."""
    parts = [one.partition(":") for one in text.split()]
    if len(parts) > MOST_SEEN:
        return None
    try:
        return {UUID(id): int(seconds) for id, _, seconds in parts}
    except ValueError:
        return None
