"""An edge: alarms on screens. Every button works without JavaScript; an error appears where the button is."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from incidents.alarms import guiding, ledger, queries, services, snoozing, summit, undoing, work
from incidents.alarms.forms import NoteForm, PersonForm, RaiseForm, SnoozeForm
from incidents.alarms.models import Alarm, Cause
from incidents.alarms.pages import ANSWER_PATH
from incidents.escalation.decision import Position, decide, plan_from_json
from incidents.escalation.queries import who_is_called
from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import services as paging
from oncall.people.viewer import viewer

LOST_RACES = (work.AlreadyAcknowledged, work.AlreadyEscalated, services.AlreadyResolved, undoing.UndoRefused)


def alarm(request: HttpRequest, id: UUID) -> HttpResponse:
    """One alarm: its state, what to press, and everything that happened, live."""
    return _detail(request, _find(request, id))


def _find(request: HttpRequest, id: UUID) -> Alarm:
    rows = Alarm.objects.visible_to(viewer(request)).select_related("acknowledged_by", "policy")
    return get_object_or_404(rows, id=id)


def _detail(
    request: HttpRequest,
    alarm: Alarm,
    *,
    where: str = "",
    error: str = "",
    status: int = 200,
    typed: SnoozeForm | None = None,
) -> HttpResponse:
    """Draw it. `typed`: a snooze that was refused, as it was typed."""
    now = clock.now()
    person = viewer(request)
    mine = alarm.state == Alarm.State.ACKNOWLEDGED and alarm.acknowledged_by_id == person.pk
    context = {
        "alarm": alarm,
        "now": now,
        "mine": mine,
        "calling": queries.calling(alarm),
        "timeline": list(reversed(queries.timeline(alarm))),
        "next": _next(alarm, now=now),
        "note_form": NoteForm(),
        "person_form": PersonForm(),
        "snooze_form": typed or SnoozeForm(longest=snoozing.longest(alarm.severity, now=now)),
        "can_snooze": alarm.state == Alarm.State.FIRING or mine,
        "can_undo": undoing.can_undo(alarm, now=now),
        "where": where,
        "error": error,
        "labels": sorted(alarm.labels.items()),
        "also": ledger.children_of(alarm),
        "also_count": ledger.count_children(alarm),
        "causes": Cause.choices,
    }
    if not request.htmx:  # type: ignore[attr-defined]  # the live part shows none of it
        playbook = guiding.playbook_of(alarm)
        context |= {"playbook": playbook, "guide": guiding.guide_of(playbook)}
    template = "alarms/alarm.html#live" if request.htmx else "alarms/alarm.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def _next(alarm: Alarm, *, now: datetime) -> dict[str, object] | None:
    """Who is called next and when, if nobody answers: the same decision the engine takes."""
    if alarm.state != Alarm.State.FIRING or not alarm.plan.get("steps"):
        return None
    plan = plan_from_json(alarm.plan)
    repeat = limits.at(now).span("policy_end_repeat_s")
    fire = decide(plan=plan, position=Position(alarm.step, alarm.round), now=now, repeat=repeat)
    names = ", ".join(target.name for target in fire.step.targets)
    return {"at": alarm.next_due, "names": names, "people": who_is_called(fire.step.targets, now=now), "end": fire.end}


def raise_alarm(request: HttpRequest) -> HttpResponse:
    """The observer's button (R25): it bypasses every rule of every machine and every silence.

    `what=no_alerts` needs nothing more: one press. Anything else needs a title.
    """
    now, asked = clock.now(), request.POST.get("what") == "no_alerts"
    typed = request.POST.copy()
    if asked:
        typed["title"] = summit.NO_ALERTS
        typed.setdefault("severity", str(summit.SEVERITY))
    form = RaiseForm(typed) if request.method == "POST" else RaiseForm(initial={"once": uuid4()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        raised = services.raise_by_hand(
            title=data["title"],
            severity=data["severity"],
            description=data["description"],
            policy=data["policy"],
            by=viewer(request),
            now=now,
            key=f"button:{data['once']}:{data['title']}" if data["once"] else "",
        )
        people = summit.called_first(policy_id=raised.policy_id, now=now)
        messages.success(request, f"Raised. {summit.in_words(people)} Keep observing.")
        return redirect("alarm", raised.pk)
    context = {
        "form": form,
        "no_alerts": summit.NO_ALERTS,
        "severity": summit.SEVERITY,
        "called": summit.called_first(policy_id=None, now=now),
        "number": settings.TWILIO_FROM,
        "published": settings.PUBLISHED_ALTERNATIVES,
    }
    return render(request, "alarms/raise.html", context, status=400 if form.is_bound else 200)


def _act(
    request: HttpRequest, id: UUID, where: str, verb: Callable[[Alarm], object], *, typed: SnoozeForm | None = None
) -> HttpResponse:
    """Do it, and come back to the alarm; what goes wrong is said beside the button `where`."""
    alarm = _find(request, id)
    try:
        verb(alarm)
    except LOST_RACES as error:
        return _detail(request, _find(request, id), where=where, error=str(error), status=409, typed=typed)
    except (work.EmptyNote, snoozing.SnoozeRefused, paging.Unreachable) as error:
        return _detail(request, _find(request, id), where=where, error=str(error), status=400, typed=typed)
    return redirect("alarm", id)


@require_POST
def acknowledge(request: HttpRequest, id: UUID) -> HttpResponse:
    cycle = _cycle(request)
    return _act(
        request,
        id,
        "acknowledge",
        lambda alarm: work.acknowledge(alarm=alarm, by=viewer(request), cycle=cycle, now=clock.now()),
    )


def _cycle(request: HttpRequest) -> int | None:
    """Return which beginning of the alarm the form was drawn for, or nothing where it is missing or strange."""
    text = request.POST.get("cycle", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


@require_POST
def take_over(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take it from whoever had it when the button was drawn."""
    try:
        holder = UUID(request.POST.get("holder", ""))
    except ValueError:
        holder = None
    return _act(
        request,
        id,
        "acknowledge",
        lambda alarm: work.take_over(alarm=alarm, by=viewer(request), holder=holder, now=clock.now()),
    )


@require_POST
def resolve(request: HttpRequest, id: UUID) -> HttpResponse:
    why = request.POST.get("why", "").replace("\x00", "")[:1000]
    cycle, cause = _cycle(request), request.POST.get("cause", "")
    if cause and cause not in Cause.values:
        error = f"“{cause[:40]}” is no cause. Choose one of the list."
        return _detail(request, _find(request, id), where="resolve", error=error, status=400)
    return _act(
        request,
        id,
        "resolve",
        lambda alarm: services.resolve(
            alarm=alarm, by=viewer(request), why=why, cycle=cycle, cause=cause, now=clock.now()
        ),
    )


@require_POST
def undo_resolve(request: HttpRequest, id: UUID) -> HttpResponse:
    """It is not over after all: back to what it was."""
    return _act(
        request, id, "resolve", lambda alarm: undoing.undo_resolve(alarm=alarm, by=viewer(request), now=clock.now())
    )


@require_POST
def snooze(request: HttpRequest, id: UUID) -> HttpResponse:
    """Put it off until an instant; whoever presses has it until then."""
    alarm, now, cycle = _find(request, id), clock.now(), _cycle(request)
    form = SnoozeForm(request.POST, longest=snoozing.longest(alarm.severity, now=now))
    until = form.until_from(now) if form.is_valid() else None
    if until is None:
        error = "Say for how long, or until when."
        return _detail(request, alarm, where="snooze", error=error, status=400, typed=form)
    return _act(
        request,
        id,
        "snooze",
        lambda alarm: snoozing.snooze(alarm=alarm, by=viewer(request), until=until, cycle=cycle, now=now),
        typed=form,
    )


@require_POST
def escalate(request: HttpRequest, id: UUID) -> HttpResponse:
    as_of, cycle = _instant(request.POST.get("as_of", "")), _cycle(request)
    return _act(
        request,
        id,
        "escalate",
        lambda alarm: work.escalate(alarm=alarm, by=viewer(request), as_of=as_of, cycle=cycle, now=clock.now()),
    )


def _instant(text: str) -> datetime | None:
    """Return the instant a form was drawn at, or nothing where it is missing or strange."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


@require_POST
def stand_down(request: HttpRequest, id: UUID) -> HttpResponse:
    return _act(
        request, id, "stand_down", lambda alarm: work.stand_down(alarm=alarm, by=viewer(request), now=clock.now())
    )


@require_POST
def note(request: HttpRequest, id: UUID) -> HttpResponse:
    text = request.POST.get("text", "").replace("\x00", "")[:10_000]
    return _act(
        request, id, "note", lambda alarm: work.note(alarm=alarm, by=viewer(request), text=text, now=clock.now())
    )


@require_POST
def reassign(request: HttpRequest, id: UUID) -> HttpResponse:
    """Hand it over (`then=reassign`), or page one more person (`then=call_in`): one form, two buttons."""
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _detail(request, _find(request, id), where="person", error="Choose whom to page.", status=400)
    person, by, now = form.cleaned_data["person"], viewer(request), clock.now()
    if request.POST.get("then") == "call_in":
        return _act(request, id, "person", lambda alarm: work.call_in(alarm=alarm, person=person, by=by, now=now))
    return _act(request, id, "person", lambda alarm: work.reassign(alarm=alarm, to=person, by=by, now=now))


@require_POST
def page_me(request: HttpRequest) -> HttpResponse:
    """A test page to oneself: all the way to the own telephone and back, and no alarm."""
    person, now = viewer(request), clock.now()
    wanted = request.POST.get("contact", "")
    only = next((one for one in person.contact_methods.filter(disabled_at=None) if str(one.pk) == wanted), None)
    if wanted and only is None:
        messages.error(request, "That number or address is not in use any more. Choose another.")
        return redirect("me")
    try:
        page = paging.page(
            key=f"test:{person.pk}:{now.isoformat()}",
            person=person,
            severity=2,
            title="Test page, nothing is wrong",
            text="You asked for a test page.",
            url=settings.PUBLIC_BASE_URL + "/me/",
            answer_path=ANSWER_PATH,
            now=now,
            only=only,
        )
    except paging.Unreachable as error:
        messages.error(request, str(error))
    else:
        messages.info(
            request,
            f"You are being paged {f'at {only.address}' if only else 'by your own rules'}, code {page.reference}. "
            "Answer it to prove the way.",
        )
    return redirect("me")
