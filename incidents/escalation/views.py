"""An edge: policies on screens, and whom they would call now."""

from typing import Protocol
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from incidents.escalation import queries, services
from incidents.escalation.forms import PolicyForm, StepFormSet
from incidents.escalation.models import EscalationPolicy
from incidents.escalation.owners import UNSETTLED
from incidents.escalation.unreachable_rules import overtaken_by
from oncall import clock
from oncall.catalogue.table import LONGEST_PATH
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer


class Running(Protocol):
    """The open alarms that run by a policy."""

    def count(self, policy: EscalationPolicy) -> int: ...

    def apply(self, policy: EscalationPolicy, by: Person) -> int:
        """Let them take its steps as they are now. Returns how many did."""


def policies(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = EscalationPolicy.objects.prefetch_related("steps__schedule", "steps__person", "steps__team")
    may_edit = access.may_configure(viewer(request), now=now)
    return render(request, "escalation/policies.html", {"policies": rows, "may_edit": may_edit})


def policy(request: HttpRequest, id: UUID) -> HttpResponse:
    """One policy, step by step, with the people it would call this minute."""
    return _detail(request, get_object_or_404(EscalationPolicy, pk=id))


def _detail(request: HttpRequest, row: EscalationPolicy, *, error: str = "", status: int = 200) -> HttpResponse:
    now = clock.now()
    product = request.GET.get("product", "").replace("\x00", "")[:LONGEST_PATH]
    steps, after = [], 0.0
    for plan in queries.plan(row, product=product).steps:
        called = queries.who_is_called(plan.targets, now=now)
        target = " and ".join(target.name for target in plan.targets)
        steps.append({"target": target, "after": after, "called": called, "by_product": UNSETTLED in plan.targets})
        after += plan.wait_s
    context = {
        "policy": row, "steps": steps, "now": now, "error": error, "round_s": after,
        "may_edit": access.may_configure(viewer(request), now=now),
        "overtaken": overtaken_by(row, now=now), "product": product,
        "asks_for_owner": row.steps.filter(owner=True).exists(),
    }  # fmt: skip
    return render(request, "escalation/policy.html", context, status=status)


def edit(request: HttpRequest, id: UUID | None = None, *, running: Running | None = None) -> HttpResponse:
    """Make or change a policy: its name and all its steps on one page.

    `running` knows the open alarms that run by it; they live in a room above, whose address this is.
    """
    if not access.may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change policies.")
    row = get_object_or_404(EscalationPolicy, pk=id) if id else EscalationPolicy()
    form = PolicyForm(request.POST or None, instance=row, initial={"make_default": row.is_default})
    form.ask_about(running.count(row) if running and id else 0)
    initial = [
        {"target": target.chosen, "wait_s": int(step.wait_s)}
        for step in (queries.steps_of(row) if id else [])
        for target in step.targets
    ]
    steps = StepFormSet(request.POST or None, initial=initial, prefix="steps")
    if request.method == "POST" and form.is_valid() and steps.is_valid():
        wanted = [step for one in steps if (step := one.wanted())]
        try:
            saved = services.save_policy(
                policy=form.save(commit=False), steps=wanted, default=form.cleaned_data["make_default"]
            )
            if running and form.cleaned_data.get("open_alarms"):
                running.apply(saved, viewer(request))
            return redirect("policy", saved.pk)
        except (services.NoSteps, ValidationError) as error:
            form.add_error(None, error if isinstance(error, ValidationError) else str(error))
    status = 400 if form.is_bound else 200
    return render(
        request, "escalation/edit.html", {"form": form, "steps": steps, "policy": row, "new": id is None}, status=status
    )


@require_POST
def delete(request: HttpRequest, id: UUID) -> HttpResponse:
    if not access.may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change policies.")
    row = get_object_or_404(EscalationPolicy, pk=id)
    try:
        services.delete_policy(policy=row)
    except services.StillUsed as error:
        return _detail(request, row, error=str(error), status=409)
    return redirect("policies")
