"""An edge: runs of playbooks. Every button works without JavaScript; what is refused is said beside the button.

A press that is refused leads back to its step: there it is said once, and a reload presses nothing again.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents.alarms.models import Alarm
from incidents.command.models import Incident
from incidents.following import board, calling, panels, queries, services
from oncall import clock
from oncall.people.viewer import viewer
from playbooks.library.models import Playbook
from playbooks.library.queries import sheet_of
from playbooks.library.sheet import DECLARE, PLAYBOOK, STEP
from playbooks.library.showing import shown
from playbooks.runs.models import Run

LONGEST = 4000
REFUSED = "run_refused"  # in the session: what the page of a run is to say beside a button
TYPED = ("minutes", "missing", "outcome", "skill", "step")
BOTH = require_http_methods(["GET", "HEAD", "POST"])


def find(request: HttpRequest, id: UUID) -> Run:
    """Return a run that whoever asks may see; for all others it is not there (R43)."""
    return get_object_or_404(queries.visible(viewer(request)), pk=id)


@require_safe
def run(request: HttpRequest, id: UUID) -> HttpResponse:
    """One run: what to do next, what was done, what does not apply."""
    found = find(request, id)
    said: dict[str, Any] = {}
    if request.method == "GET" and request.session.get(REFUSED, {}).get("run") == str(id):
        said = request.session.pop(REFUSED)
        del said["run"]
    return render(request, "following/run.html", board.standing(found, person=viewer(request), now=clock.now(), **said))


def _refused(request: HttpRequest, found: Run, error: Exception | str, *, step: int | None, where: str) -> HttpResponse:
    """Lead back to the step, or to the end of the run, and say there what is refused, with what was typed."""
    typed = {key: request.POST.get(key, "")[: 2 * LONGEST] for key in TYPED}
    request.session[REFUSED] = {"run": str(found.pk), "step": step, "where": where, "error": str(error), "typed": typed}
    return redirect(f"{found.path}#{f'step-{step}' if step else 'run-end'}")


@require_safe
def news(request: HttpRequest, id: UUID) -> HttpResponse:
    """The parts that changed since the page was drawn: it sends the `version` of each that it has."""
    context = board.standing(find(request, id), person=viewer(request), now=clock.now())
    known = set(request.GET.getlist("version")[:200])
    return render(request, "following/news.html", context | {"known": known, "swapped": True})


@BOTH
def start_for_alarm(request: HttpRequest, id: UUID, slug: str) -> HttpResponse:
    """A playbook to be followed for an alarm: a press on one of its steps begins the run with it."""
    alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), pk=id)
    return _start(request, slug, back=alarm.path, alarm=alarm)


@BOTH
def start_for_incident(request: HttpRequest, number: int, slug: str) -> HttpResponse:
    """The same for an incident."""
    incident = get_object_or_404(Incident.objects.visible_to(viewer(request)), number=min(number, 2**31 - 1))
    return _start(request, slug, back=incident.path, incident=incident)


@BOTH
def practise(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for nothing, as practice: it counts in no statistics, and nobody is paged."""
    return _start(request, slug, back=f"/playbooks/{slug}/")


def _start(
    request: HttpRequest, slug: str, *, back: str, alarm: Alarm | None = None, incident: Incident | None = None
) -> HttpResponse:
    playbook = get_object_or_404(Playbook.objects.select_related("owner_team"), slug=slug)
    if request.method != "POST":
        context = {
            "playbook": playbook,
            "guide": shown(sheet_of(playbook)),
            "start_url": request.path,
            "about": alarm.title if alarm else incident or "",
            "back": back,
        }
        return render(request, "following/begin.html", context)
    if alarm is not None and queries.hidden(viewer(request)).filter(alarm=alarm).exists():
        messages.error(request, "What is done about this alarm is not for everybody. Ask whoever has it.")
        return redirect(back)
    try:
        begun, is_new = services.start(
            playbook=playbook, alarm=alarm, incident=incident, by=viewer(request), now=clock.now()
        )
    except services.Refused as error:
        messages.error(request, str(error))
        return redirect(back)
    step = _number(request.POST.get("step", ""))
    if step is None:
        return redirect(begun.path)
    if request.POST.get("revision", "") not in ("", str(begun.revision.n)):
        messages.warning(request, f"{playbook.title} reads otherwise in this run. Look at the step, and press again.")
        return redirect(f"{begun.path}#step-{step}")
    if not is_new:
        messages.info(request, f"{begun.started_by.name} follows it already. You are there now.")
    return _tick(request, find(request, begun.pk), seen=0)


@require_POST
def tick(request: HttpRequest, id: UUID) -> HttpResponse:
    """Say what a step came to."""
    return _tick(request, find(request, id), seen=_number(request.POST.get("seen", "")))


def _tick(request: HttpRequest, found: Run, *, seen: int | None) -> HttpResponse:
    person, step = viewer(request), _number(request.POST.get("step", "")) or 0
    typed = request.POST.get("minutes", "").strip()
    minutes = _number(typed)
    if typed and minutes is None:
        error = f"“{typed[:20]}” is no time for a step. Write whole minutes, or leave it to the clock."
        return _refused(request, found, error, step=step, where="tick")
    outcome = request.POST.get("outcome", "")[:20].replace("\x00", "")
    try:
        services.tick(run=found, step=step, outcome=outcome, by=person, now=clock.now(), seen=seen, minutes=minutes)
    except services.Overtaken as overtaken:
        return _refused(request, found, overtaken, step=step, where="tick")
    except services.Refused as refused:
        beside = None if refused.field in ("run", "step") else step
        return _refused(request, found, refused, step=beside, where="tick")
    kind, target = board.after(found, step, person=person)
    if kind == PLAYBOOK:
        return _lead(request, found, target)
    if kind == DECLARE:
        return redirect(target)
    return redirect(_place(found, kind, target))


def _place(found: Run, kind: str, target: str) -> str:
    return f"{found.path}#step-{target}" if kind == STEP else f"{found.path}#run-end"


def _lead(request: HttpRequest, found: Run, slug: str) -> HttpResponse:
    """Go on with another playbook about the same, in a run of its own; back, if it is the one that led here."""
    try:
        above = services.lead_back(run=found, slug=slug, by=viewer(request), now=clock.now())
    except services.Overtaken as overtaken:
        return _refused(request, found, overtaken, step=None, where="end")
    if above is not None:
        return redirect(above.path)
    playbook = Playbook.objects.present().filter(slug=slug).first()
    tie = getattr(found, "tie", None)
    if playbook is None:
        messages.error(request, f"The playbook {slug} is out of use. Look for another one.")
        return redirect("playbooks")
    child, _ = services.start(
        playbook=playbook,
        alarm=tie.alarm if tie else None,
        incident=tie.incident if tie else None,
        parent=found,
        by=viewer(request),
        now=clock.now(),
    )
    return redirect(child.path)


@require_POST
def lead(request: HttpRequest, id: UUID) -> HttpResponse:
    """Go where the answer to a step leads: to another playbook."""
    found = find(request, id)
    kind, target = board.after(found, _number(request.POST.get("step", "")) or 0, person=viewer(request))
    return _lead(request, found, target) if kind == PLAYBOOK else redirect(found.path)


@require_POST
def page_skill(request: HttpRequest, id: UUID) -> HttpResponse:
    """Page whoever is on call for the skill of a step."""
    found, step = find(request, id), _number(request.POST.get("step", "")) or 0
    skill = request.POST.get("skill", "")[:LONGEST].replace("\x00", "")
    try:
        calling.page_skill(run=found, step=step, skill=skill, by=viewer(request), now=clock.now())
    except (calling.NobodyToCall, services.Refused) as error:
        nobody = isinstance(error, calling.NobodyToCall)
        return _refused(request, found, error, step=step if nobody else None, where="nobody" if nobody else "page")
    return redirect(f"{found.path}#step-{step}")


@require_POST
def end(request: HttpRequest, id: UUID) -> HttpResponse:
    """End a run: `how` says how; without it, only what was missing is told."""
    found, person, now = find(request, id), viewer(request), clock.now()
    how, missing = request.POST.get("how", "")[:20].replace("\x00", ""), request.POST.get("missing", "")
    try:
        if len(missing) > LONGEST:
            raise services.Refused("missing", f"That is over {LONGEST} characters. Say it shorter.")
        if how:
            step = _number(request.POST.get("step", ""))
            services.end(run=found, how=how, step=step, missing=missing.replace("\x00", ""), by=person, now=now)
        else:
            services.say_missing(run=found, text=missing, by=person, now=now)
    except (services.Overtaken, services.Refused) as error:
        return _refused(request, found, error, step=None, where="end")
    return redirect(f"{found.path}#run-end")


@require_POST
def reopen(request: HttpRequest, id: UUID) -> HttpResponse:
    """Go on with a run whose end was a wrong press. What was said to be missing stands in the field again."""
    found = find(request, id)
    typed = {"missing": found.missing}
    try:
        services.reopen(run=found, by=viewer(request), now=clock.now())
    except services.Refused as error:
        return _refused(request, found, error, step=None, where="end")
    if found.missing:
        request.session[REFUSED] = {"run": str(found.pk), "typed": typed}
    return redirect(found.path)


@require_safe
def runs_of_alarm(request: HttpRequest, id: UUID) -> HttpResponse:
    """The part of an alarm's page that says who follows what, drawn anew."""
    person = viewer(request)
    alarm = get_object_or_404(Alarm.objects.visible_to(person), pk=id)
    return HttpResponse(panels.of_alarm(alarm, person=person, now=clock.now()))


@require_safe
def runs_of_incident(request: HttpRequest, number: int) -> HttpResponse:
    """The same part of an incident's page."""
    person = viewer(request)
    incident = get_object_or_404(Incident.objects.visible_to(person), number=min(number, 2**31 - 1))
    return HttpResponse(panels.of_incident(incident, person=person, now=clock.now()))


def _number(said: str) -> int | None:
    said = said.strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 else None
