"""What is drawn and what it would change; publish it, sign for gaps, hand over what somebody holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer
from rotations.changes import queries as changes
from rotations.changes.refusals import Refused
from rotations.coverage import leaving, publish, watching
from rotations.coverage.models import SignedGap
from rotations.coverage.needs import Gap
from rotations.coverage.publish_forms import GapForm, HandOverForm, SignatureForm
from rotations.coverage.review import Review, promise_words, review
from rotations.coverage.rules import order_in_words, turns_in_words, weekdays_in_words
from rotations.schedule import drafts
from rotations.schedule.models import Draft, Role, Schedule
from rotations.schedule.spec import BadSpec, RotationSpec, ScheduleSpec, spec_of

WITHIN = watching.FAR


@dataclass(frozen=True)
class Line:
    """One rotation of what is drawn, in words. `state`: new, changed or nothing."""

    spec: RotationSpec
    role: str
    turns: str
    limits: list[str]
    people: list[tuple[str, int]]
    state: str
    out_of_step: drafts.OutOfStep | None


@require_safe
def draft(request: HttpRequest, id: UUID) -> HttpResponse:
    """A schedule's rotations as drawn, and what publishing that would change. For all to see (R27)."""
    schedule = get_object_or_404(Schedule, pk=id)
    return _page(request, schedule)


@require_POST
def publish_draft(request: HttpRequest, id: UUID) -> HttpResponse:
    schedule = get_object_or_404(Schedule, pk=id)
    found = drafts.open_draft(schedule)
    form = SignatureForm(request.POST)
    if found is None:
        messages.warning(request, "There is no draft any more: it was published or discarded meanwhile.")
        return redirect("schedule_draft", id)
    if not form.is_valid():
        return _page(request, schedule, form=form)
    asked = form.cleaned_data
    try:
        done = publish.publish(
            draft=found,
            by=viewer(request),
            signature=asked["signature"],
            reviewed=asked["reviewed"],
            now=clock.now(),
        )
    except publish.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except publish.UnsignedGaps as error:
        form.add_error("signature", str(error))
        return _page(request, schedule, form=form)
    except (publish.ChangedMeanwhile, publish.StillInUse, drafts.NoLongerOpen, BadSpec) as error:
        return _page(request, schedule, problem=error.words if isinstance(error, BadSpec) else str(error))
    told = len({change.person.pk for change in done.review.changes})
    who = {0: "Nobody's shifts change.", 1: "One person's shifts change, and they are told."}
    messages.success(request, f"Published. {who.get(told, f'The shifts of {told} people change, and they are told.')}")
    return redirect("schedule", id)


@require_POST
def discard(request: HttpRequest, id: UUID) -> HttpResponse:
    found = drafts.open_draft(get_object_or_404(Schedule, pk=id))
    try:
        if found:
            drafts.discard(draft=found, by=viewer(request), now=clock.now())
    except drafts.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    messages.success(request, "The draft is gone. Nothing has changed for anybody.")
    return redirect("schedule", id)


@require_POST
def redraw(request: HttpRequest, id: UUID) -> HttpResponse:
    """Keep what is drawn, upon the schedule as it is now; the page then shows what that would change."""
    found = drafts.open_draft(get_object_or_404(Schedule, pk=id))
    try:
        if found:
            drafts.redraw(draft=found, by=viewer(request), now=clock.now())
    except drafts.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except drafts.NoLongerOpen as error:
        messages.warning(request, str(error))
    return redirect("schedule_draft", id)


@require_POST
def remove(request: HttpRequest, id: UUID) -> HttpResponse:
    schedule = get_object_or_404(Schedule, pk=id)
    try:
        publish.delete_schedule(schedule=schedule, by=viewer(request), now=clock.now())
    except publish.NotAllowed as error:
        raise PermissionDenied(str(error)) from None
    except publish.StillInUse as error:
        messages.error(request, str(error))
        return redirect("schedule_draft", id)
    messages.success(request, f"{schedule.name} is gone.")
    return redirect("rotations")


@require_http_methods(["GET", "HEAD", "POST"])
def gaps(request: HttpRequest, id: UUID) -> HttpResponse:
    """The gaps of a schedule in the next four weeks, each to be covered or signed for."""
    schedule, person, now = get_object_or_404(Schedule, pk=id), viewer(request), clock.now()
    problem, failed = "", None
    if request.method == "POST":
        form = GapForm(request.POST)
        if form.is_valid():
            failed = form.cleaned_data["starts_at"]
            try:
                watching.sign_gap(schedule=schedule, by=person, now=now, **form.cleaned_data)
                messages.success(request, "Signed. It is written down with your name, and nobody is called for it.")
                return redirect("schedule_gaps", id)
            except watching.NotAllowed as error:
                raise PermissionDenied(str(error)) from None
            except (watching.NoReason, watching.NothingToSign) as error:
                problem = str(error)
        else:
            problem = "Choose one of the gaps and write why it may stay, in 300 characters at most."
    found = watching.uncovered(schedule=schedule, now=now, until=now + WITHIN)
    signed = SignedGap.objects.filter(schedule=schedule, ends_at__gt=now, starts_at__lt=now + WITHIN)
    context = {
        "schedule": schedule,
        "promise": promise_words(schedule),
        "gaps": [(gap, *_exact(gap), gap.starts_at < now + watching.NEAR) for gap in found],
        "signed": signed.select_related("by"),
        "may_sign": changes.may_arrange(person, now=now),
        "problem": problem,
        "failed": failed,
    }
    return render(request, "coverage/gaps.html", context, status=400 if problem else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, id: UUID) -> HttpResponse:
    """What somebody holds in rotations, and who takes it over when they leave."""
    by, now = viewer(request), clock.now()
    if not access.may_configure(by, now=now):
        raise PermissionDenied("Only the pilot and administrators hand over for others. Ask them.")
    person = get_object_or_404(Person, pk=id)
    form = HandOverForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            leaving.hand_over(person=person, to=asked["to"], signature=asked["signature"], by=by, now=now)
        except publish.UnsignedGaps as error:
            form.add_error("signature", str(error))
        except (leaving.CannotHandOver, publish.StillInUse, Refused) as error:
            form.add_error("to", str(error))
        except BadSpec as error:
            form.add_error("to", error.words)
        else:
            words = f"{asked['to'].name} has it from now on" if asked["to"] else "it is nobody's from now on"
            messages.success(request, f"{person.name} holds nothing in rotations any more: {words}.")
            return redirect("hand_over", id)
    context = {"person": person, "held": leaving.what_they_hold(person, now=now), "form": form}
    return render(request, "coverage/hand_over.html", context, status=400 if form.errors else 200)


def _page(
    request: HttpRequest, schedule: Schedule, *, form: SignatureForm | None = None, problem: str = ""
) -> HttpResponse:
    now = clock.now()
    found = drafts.open_draft(schedule)
    context: dict[str, Any] = {
        "schedule": schedule,
        "draft": found,
        "may_configure": access.may_configure(viewer(request), now=now),
        "problem": problem,
    }
    present = spec_of(schedule)
    try:
        spec = drafts.spec_of_draft(found) if found else present
        context |= _drawn(schedule, spec, present)
        if found:
            looked = review(found, now=now)
            context |= _reviewed(looked, found, form)
    except BadSpec as error:
        context["problem"] = problem or f"This draft cannot be published as it is. {error.words}"
    status = 400 if problem or (form and form.errors) else 200
    return render(request, "coverage/draft.html", context, status=status)


def _drawn(schedule: Schedule, spec: ScheduleSpec, present: ScheduleSpec) -> dict[str, Any]:
    people = Person.objects.in_bulk({place.person for one in spec.rotations for place in one.people})
    out_of_step = {one.rotation.pk: one for one in drafts.out_of_step(schedule=schedule)}
    promised = Schedule(needs=spec.needs, at_least=spec.at_least, at_most=spec.at_most)
    stay = {one.id for one in spec.rotations}
    return {
        "lines": [_line(one, present, people, out_of_step) for one in spec.rotations],
        "gone": [one for one in present.rotations if one.id not in stay],
        "promise": promise_words(promised),
        "skill": spec.skill,
    }


def _line(
    one: RotationSpec,
    present: ScheduleSpec,
    people: dict[UUID, Person],
    out_of_step: dict[UUID, drafts.OutOfStep],
) -> Line:
    before = present.rotation(one.id) if one.id else None
    state = "new" if before is None else "" if before == one else "changed"
    limits = [
        weekdays_in_words(one.weekdays),
        f"within {one.window}" if one.window else "",
        f"level {one.level}" if one.level else "",
        order_in_words(order=one.order, at_once=one.at_once, team=one.team or ""),
        f"{len(one.moved)} moved for one cycle" if one.moved else "",
    ]
    turns = turns_in_words(
        unit=one.unit, every=one.every, first_on=one.first_on, handoff_time=one.handoff_time, zone=one.time_zone
    )
    names = [(people[place.person].name, place.weight) for place in one.people if place.person in people]
    apart = out_of_step.get(one.id) if one.id and state == "" else None
    return Line(one, Role(one.role).label, turns, [words for words in limits if words], names, state, apart)


def _reviewed(looked: Review, found: Draft, form: SignatureForm | None) -> dict[str, Any]:
    near: datetime = looked.start + watching.FAR
    return {
        "review": looked,
        "stale": drafts.is_stale(found),
        "gaps_new": [gap for gap in looked.gaps if not gap.before],
        "gaps_before": [gap for gap in looked.gaps if gap.before],
        "near": near,
        "form": form or SignatureForm(initial={"reviewed": looked.edition}),
    }


def _exact(gap: Gap) -> tuple[str, str]:
    """Return both ends of a gap to the microsecond, as a hidden field carries them."""
    return tuple(f"{at:%Y-%m-%dT%H:%M:%S.%f%z}" for at in (gap.starts_at, gap.ends_at))  # type: ignore[return-value]
