"""An edge: what is pressed in an incident. A press that is refused is said beside its button, and nothing is lost."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from incidents.alarms.models import Alarm
from incidents.command import assigning, calling, offering, services
from incidents.command.lifecycle import NotAllowed
from incidents.command.models import Incident
from incidents.command.views import find, page
from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer

LOST_RACES = (services.Moved, NotAllowed, offering.Answered)


def _act(request: HttpRequest, number: int, where: str, verb: Callable[[Incident], object]) -> HttpResponse:
    """Do it, and come back to the page; what is refused is said beside the button `where`, with what was typed."""
    incident = find(request, number)
    try:
        done = verb(incident)
    except LOST_RACES as error:
        return page(request, find(request, number), where=where, error=str(error), status=409)
    except services.Refused as error:
        return page(request, find(request, number), where=where, error=str(error), status=400)
    if isinstance(done, assigning.Assigned):
        for warning in done.warnings:
            messages.warning(request, warning)
    return redirect(incident.path)


def _version(request: HttpRequest) -> int | None:
    """Return which version the button was drawn for, or nothing where it is missing or strange."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _text(request: HttpRequest, name: str, most: int = 4000) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:most]


def _person(request: HttpRequest) -> Person:
    """
    :raises Refused: if nobody is chosen.
    """
    id = _id(request, "person")
    person: Person | None = Person.objects.active().filter(pk=id).first() if id else None
    if person is None:
        raise services.Refused("person", "Choose somebody.")
    return person


@require_POST
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Press one of the moves that the table allows. Of a merge, `into` is the number of the one that goes on."""
    pressed = request.POST.get("move", "")
    if pressed not in services.SAID:
        error = f"“{pressed[:40]}” is no press. Use one of the buttons."
        return page(request, find(request, number), where="move", error=error, status=400)

    def verb(incident: Incident) -> Incident:
        return services.move(
            incident=incident,
            move=pressed,
            by=viewer(request),
            why=_text(request, "why", 1000),
            into=_other(request) if pressed == "merge" else None,
            version=_version(request),
            now=clock.now(),
        )

    return _act(request, number, "merge" if pressed == "merge" else "move", verb)


def _other(request: HttpRequest) -> Incident | None:
    """Return the incident that is merged into, if whoever presses may see it."""
    text = request.POST.get("into", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return Incident.objects.visible_to(viewer(request)).filter(number=number).first()


@require_POST
def severity(request: HttpRequest, number: int) -> HttpResponse:
    text = request.POST.get("severity", "")
    level = int(text) if text in {"1", "2", "3", "4", "5"} else 0

    def verb(incident: Incident) -> Incident:
        why, version = _text(request, "why", 1000), _version(request)
        return services.set_severity(
            incident=incident, severity=level, by=viewer(request), why=why, version=version, now=clock.now()
        )

    return _act(request, number, "severity", verb)


@require_POST
def role(request: HttpRequest, number: int) -> HttpResponse:
    """Take a role (`then=take`), give one to `person` (`assign`), or end one (`release`)."""
    which, then, why = _text(request, "role", 20), request.POST.get("then", ""), _text(request, "why")

    def verb(incident: Incident) -> object:
        by, now = viewer(request), clock.now()
        if then == "take":
            return assigning.take(incident=incident, role=which, by=by, why=why, now=now)  # type: ignore[arg-type]
        if then == "release":
            person = _person(request) if request.POST.get("person") else None
            return assigning.release(incident=incident, role=which, by=by, person=person, why=why, now=now)  # type: ignore[arg-type]
        return assigning.assign(incident=incident, role=which, person=_person(request), by=by, why=why, now=now)  # type: ignore[arg-type]

    where = "assign" if then == "assign" else "release" if request.POST.get("person") else "role"
    return _act(request, number, where, verb)


@require_POST
def command(request: HttpRequest, number: int) -> HttpResponse:
    """Offer command (`then=offer`), say `yes` or `no` to an offer, or take it back (`back`)."""
    then = request.POST.get("then", "")

    def verb(incident: Incident) -> object:
        by, now = viewer(request), clock.now()
        if then == "offer":
            brief = _text(request, "brief", 5000)
            return offering.offer(incident=incident, to=_person(request), by=by, brief=brief, now=now)
        id = _id(request, "offer")
        offer = incident.command_offers.filter(pk=id).first() if id else None
        if offer is None:
            raise services.Refused("offer", "That offer is not there. Load the page again.")
        if then == "back":
            return offering.take_back(offer=offer, by=by, now=now)
        if then not in ("yes", "no"):
            raise services.Refused("offer", "Say yes or no: press one of the buttons.")
        return offering.answer(offer=offer, by=by, accept=then == "yes", now=now)

    return _act(request, number, "offer" if then == "offer" else "command", verb)


def _id(request: HttpRequest, name: str) -> UUID | None:
    try:
        return UUID(request.POST.get(name, ""))
    except ValueError:
        return None


@require_POST
def alarm(request: HttpRequest, number: int) -> HttpResponse:
    """Let an alarm be part of it (`then=attach`), or take it out (`detach`)."""
    id = _id(request, "alarm")
    chosen = Alarm.objects.visible_to(viewer(request)).filter(pk=id).first() if id else None
    if chosen is None:
        error = "Choose an alarm of the list."
        return page(request, find(request, number), where="alarm", error=error, status=400)
    verb = services.detach if request.POST.get("then") == "detach" else services.attach
    return _act(
        request,
        number,
        "alarm",
        lambda incident: verb(incident=incident, alarm=chosen, by=viewer(request), now=clock.now()),
    )


@require_POST
def call_in(request: HttpRequest, number: int) -> HttpResponse:
    """Page whoever is on call for a skill, or one person: who acknowledges is an expert of it."""

    def verb(incident: Incident) -> Alarm:
        person = _person(request) if request.POST.get("person") else None
        skill, why = _text(request, "skill", 80), _text(request, "why", 1200)
        alarm = calling.call_in_expert(
            incident=incident, by=viewer(request), skill=skill, person=person, why=why, now=clock.now()
        )
        messages.success(request, f"Paged: {alarm.plan['name']}. Who acknowledges is an expert here.")
        return alarm

    return _act(request, number, "call_in", verb)


@require_POST
def name_person(request: HttpRequest, number: int) -> HttpResponse:
    """Let somebody see a restricted incident."""
    return _act(
        request,
        number,
        "name",
        lambda incident: services.name_person(
            incident=incident, person=_person(request), by=viewer(request), now=clock.now()
        ),
    )
