"""Edges: my on-call phone, and for those who issue phones: all of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.paging import contacts
from oncall.people import access
from oncall.people.models import Team
from oncall.people.viewer import viewer
from oncall.phones import queries, services, states
from oncall.phones.forms import SHOWN, AskForm, IssueForm, ListForm, WordsForm
from oncall.phones.models import Loan, Step
from oncall.phones.states import Move, Side, State

ON_A_PAGE = 50
STEPS = Prefetch("steps", Step.objects.select_related("by"))


@require_http_methods(["GET", "HEAD", "POST"])
def my_phone(request: HttpRequest) -> HttpResponse:
    """Mine: what I have, what I asked for, what was before. A POST asks for one."""
    person, now = viewer(request), clock.now()
    form = AskForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask(person=person, now=now, **form.cleaned_data)
        except services.Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, "Your request is noted, and those who decide are told.")
            return redirect("my_phone")
    loans = list(Loan.objects.filter(person=person).prefetch_related(STEPS))
    context = {
        "phones": [(loan, queries.ring(loan)) for loan in loans if loan.state == State.ISSUED],
        "others": [loan for loan in loans if loan.state != State.ISSUED],
        "waiting": any(loan.state in states.OPEN for loan in loans),
        "form": form,
        "whole": True,
        "looks_after_others": access.looks_after_others(person, now=now),
    }
    return render(request, "phones/mine.html", context, status=400 if form.errors else 200)


@require_safe
def phones(request: HttpRequest) -> HttpResponse:
    """Those of the people the viewer looks after: what waits for them first."""
    person, now = viewer(request), clock.now()
    if not access.looks_after_others(person, now=now):
        raise Http404
    visible = queries.visible_to(person, now=now)
    people = access.people_whose_leave_is_visible(person, now=now)
    form = ListForm(_plain(request), teams=Team.objects.filter(members__in=people.values("pk")).distinct())
    form.is_valid()
    asked = form.cleaned_data
    show = asked.get("show") or "open"
    rows = visible.filter(state__in=SHOWN[show][1]).select_related("person").prefetch_related(STEPS)
    if asked.get("team"):
        rows = rows.filter(person__memberships__team=asked["team"])
    if asked.get("q"):
        rows = rows.filter(Q(person__name__icontains=asked["q"]) | Q(device__icontains=asked["q"]))
    counts = dict(visible.order_by().values_list("state").annotate(Count("pk")))
    page = Paginator(rows.order_by("-asked_at", "pk"), ON_A_PAGE).get_page(request.GET.get("page"))
    more = request.GET.copy()
    more.pop("page", None)
    context = {
        "page": page,
        "rows": [
            (loan, access.may_see_numbers(person, owner_id=loan.person_id), list(loan.steps.all())[-1]) for loan in page
        ],
        "form": form,
        "show": show,
        "tabs": [(key, words, sum(counts.get(str(one), 0) for one in kept)) for key, (words, kept) in SHOWN.items()],
        "query": more.urlencode().replace("%00", ""),
        "person": person,
    }
    return render(request, "phones/phones.html", context)


def _plain(request: HttpRequest) -> dict[str, str]:
    """The question without what no database can look for."""
    return {key: str(value).replace("\x00", "") for key, value in request.GET.items()}


@require_safe
def phone(request: HttpRequest, id: UUID) -> HttpResponse:
    return _page(request, *_found(request, id))


def _found(request: HttpRequest, id: UUID) -> tuple[Loan, datetime]:
    """Return a phone that the viewer may see.

    :raises Http404: if there is none, or it is of somebody they do not look after.
    """
    now = clock.now()
    loans = queries.visible_to(viewer(request), now=now).select_related("person", "issued_by", "decided_by")
    return get_object_or_404(loans.prefetch_related(STEPS), pk=id), now


def _page(
    request: HttpRequest,
    loan: Loan,
    now: datetime,
    *,
    status: int = 200,
    against: list[str] | None = None,
    **forms: Any,
) -> HttpResponse:
    """Draw one phone with what its viewer can do; a form that was refused comes with its errors."""
    person = viewer(request)
    side = queries.side_of(person, loan, now=now)
    reason = {"label": "Words", "help_text": "They read it. To refuse, say why."}
    context = {
        "loan": loan,
        "mine": side is Side.OWNER,
        "moves": [move.value for move in states.moves(State(loan.state), side=side)] if side else [],
        "whole": access.may_see_numbers(person, owner_id=loan.person_id),
        "ring": queries.ring(loan) if loan.state == State.ISSUED else None,
        "against": against if against is not None else _against(loan, side, now),
        "asked_to_confirm": against is not None,
        "decide_form": forms.get("decide_form") or WordsForm(auto_id="decide_%s", **reason),
        "issue_form": forms.get("issue_form") or IssueForm(auto_id="issue_%s", person=loan.person),
        "lose_form": forms.get("lose_form") or WordsForm(auto_id="lose_%s", label="Where and when, if known"),
        "back_form": forms.get("back_form") or WordsForm(auto_id="back_%s", label="Remarks, such as its condition"),
    }
    return render(request, "phones/phone.html", context, status=status)


def _against(loan: Loan, side: Side | None, now: datetime) -> list[str]:
    can = side is not None and Move.TAKE_BACK in states.moves(State(loan.state), side=side)
    return queries.objections(loan, now=now) if can else []


@require_POST
def phone_decide(request: HttpRequest, id: UUID) -> HttpResponse:
    """Approve it or refuse it."""
    loan, now = _found(request, id)
    form = WordsForm(request.POST, auto_id="decide_%s")
    approve = "refuse" not in request.POST

    def act() -> None:
        services.decide(loan=loan, by=viewer(request), approve=approve, words=form.cleaned_data["words"], now=now)
        messages.success(request, f"The phone of {loan.person.name} is {'approved' if approve else 'refused'}.")

    return _act(request, loan, now, form, "decide_form", act)


@require_POST
def phone_issue(request: HttpRequest, id: UUID) -> HttpResponse:
    loan, now = _found(request, id)
    form = IssueForm(request.POST, auto_id="issue_%s", person=loan.person)

    def act() -> None:
        issued = services.issue(loan=loan, by=viewer(request), now=now, **form.cleaned_data)
        messages.success(request, f"{issued.loan.device} is issued to {loan.person.name}. Pages ring it from now on.")
        for warning in issued.warnings:
            messages.warning(request, warning)

    return _act(request, loan, now, form, "issue_form", act)


@require_POST
def phone_lose(request: HttpRequest, id: UUID) -> HttpResponse:
    loan, now = _found(request, id)
    form = WordsForm(request.POST, auto_id="lose_%s", label="Where and when, if known")

    def act() -> None:
        reachable = services.lose(loan=loan, by=viewer(request), words=form.cleaned_data["words"], now=now)
        messages.success(request, "It is noted as lost. No page goes there any more. Have its number blocked.")
        if not reachable:
            messages.warning(request, f"Now there is no way to reach {loan.person.name}. Add another number at once.")

    return _act(request, loan, now, form, "lose_form", act)


@require_POST
def phone_take_back(request: HttpRequest, id: UUID) -> HttpResponse:
    """It is back. Where somebody would be harder to reach, it is asked for once more first."""
    loan, now = _found(request, id)
    form = WordsForm(request.POST, auto_id="back_%s", label="Remarks, such as its condition")

    def act() -> None:
        reachable = services.take_back(
            loan=loan,
            by=viewer(request),
            words=form.cleaned_data["words"],
            confirmed=request.POST.get("confirmed") == "yes",
            now=now,
        )
        messages.success(request, f"{loan.device} is back. Pages do not ring it any more.")
        if not reachable:
            messages.warning(request, f"Now there is no way to reach {loan.person.name}. Add another number at once.")

    return _act(request, loan, now, form, "back_form", act)


@require_POST
def phone_withdraw(request: HttpRequest, id: UUID) -> HttpResponse:
    loan, now = _found(request, id)
    try:
        services.withdraw(loan=loan, by=viewer(request), now=now)
    except (states.NotTheirs, states.Impossible) as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "Your request is withdrawn.")
    return redirect("my_phone")


def _act(
    request: HttpRequest, loan: Loan, now: datetime, form: WordsForm | IssueForm, name: str, act: Callable[[], None]
) -> HttpResponse:
    """Do it and go where the phone is shown; what was refused is shown where it was typed."""
    if form.is_valid():
        try:
            act()
        except (states.NotTheirs, states.Impossible) as error:
            messages.warning(request, str(error))
        except services.NeedsConfirmation as error:
            return _page(request, loan, now, status=400, against=error.objections, **{name: form})
        except services.Refused as error:
            form.add_error(error.field or None, str(error))
        except contacts.BadNumber as error:
            form.add_error("number", str(error))
    if form.errors:
        return _page(request, loan, now, status=400, against=None, **{name: form})
    mine = loan.person_id == viewer(request).pk
    return redirect("my_phone") if mine else redirect("phone", loan.pk)
