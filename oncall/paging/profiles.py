"""An edge: all rules of one urgency on one page, changed together, with what they come to in a sentence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import contacts, services, wording
from oncall.paging.forms import ProfileRows, profile_rows, rows_of
from oncall.paging.models import ContactMethod, NotificationRule, Urgency
from oncall.paging.reach import names_of, passed_over, turns_of
from oncall.paging.rules import too_late
from oncall.paging.views import back, owner_of
from oncall.people.models import Person

Line = dict[str, Any]  # delay_s and way, as a line of the form holds them


@dataclass(frozen=True)
class Preview:
    """What the lines on the screen would do: a sentence, who comes after, and which lines come too late."""

    words: str
    then: str
    warnings: list[str]


def profile(request: HttpRequest, id: UUID, urgency: str) -> HttpResponse:
    """Show or change the rules of one urgency.

    Nothing is stored but by Save (and by Remove all): moving a line, or looking at what the lines come to, only draws
    the page again. Where there are no rules yet, the lines show what happens without any.
    """
    if urgency not in Urgency.values:
        raise Http404
    owner, now = owner_of(request, id), clock.now()
    usable = list(ContactMethod.objects.usable().filter(person=owner))
    if request.method != "POST":
        own, lines = _lines(owner, urgency, usable, now=now)
        return _draw(request, owner, urgency, profile_rows(usable, lines=lines), stored=own, now=now)
    if "remove_all" in request.POST:
        contacts.set_rules(person=owner, urgency=urgency, rules=[])
        messages.success(request, "These rules are removed.")
        return back(request, owner.pk, "rules")
    if "usual" in request.POST:
        rungs = services.ladder_of(contacts=usable, rules=[], urgency=urgency, limits=limits.at(now))
        lines = rows_of((rung.after, rung.channel, rung.contact) for rung in rungs)
        return _draw(request, owner, urgency, profile_rows(usable, lines=lines), changed=True, now=now)
    rows = profile_rows(usable, data=request.POST)
    if "up" in request.POST or "down" in request.POST or "more" in request.POST:
        return _draw(
            request, owner, urgency, profile_rows(usable, lines=_moved(rows.as_typed(), request)), changed=True, now=now
        )
    if not rows.is_valid():
        return _draw(request, owner, urgency, rows, changed=True, now=now, status=400)
    if "preview" in request.POST or request.headers.get("HX-Request"):
        return _draw(request, owner, urgency, rows, changed=True, now=now)
    try:
        contacts.set_rules(person=owner, urgency=urgency, rules=rows.rules())
    except contacts.BadRule as error:
        return _draw(request, owner, urgency, rows, changed=True, now=now, status=400, error=str(error))
    messages.success(request, "The rules are kept. Pages that have begun go on by the old ones.")
    return redirect("profile", owner.pk, urgency)


def _lines(owner: Person, urgency: str, usable: list[ContactMethod], *, now: datetime) -> tuple[bool, list[Line]]:
    """Return whether there are rules for this urgency, and the lines that say what happens now."""
    rules = list(NotificationRule.objects.filter(person=owner).select_related("contact"))
    own = [rule for rule in rules if rule.urgency == urgency and rule.contact.disabled_at is None]
    if own:
        return True, rows_of((rule.delay_s, rule.channel, str(rule.contact_id)) for rule in own)
    rungs = services.ladder_of(contacts=usable, rules=rules, urgency=urgency, limits=limits.at(now))
    return False, rows_of((rung.after, rung.channel, rung.contact) for rung in rungs)


def _moved(lines: list[Line], request: HttpRequest) -> list[Line]:
    """Let a line change places with its neighbour: the times stay where they are, the ways change."""
    lines = sorted(lines, key=lambda line: line["delay_s"])
    for button, step in (("up", -1), ("down", 1)):
        place = request.POST.get(button, "")
        if place.isascii() and place.isdigit() and len(place) < 3:
            here, there = int(place), int(place) + step
            if 0 <= here < len(lines) and 0 <= there < len(lines):
                lines[here]["way"], lines[there]["way"] = lines[there]["way"], lines[here]["way"]
    return lines


def _draw(
    request: HttpRequest,
    owner: Person,
    urgency: str,
    rows: ProfileRows,
    *,
    now: datetime,
    stored: bool = False,
    changed: bool = False,
    status: int = 200,
    error: str = "",
) -> HttpResponse:
    usable = list(ContactMethod.objects.usable().filter(person=owner))
    context = {
        "owner": owner,
        "own": owner == request.user,
        "urgency": urgency,
        "label": Urgency(urgency).label,
        "other": Urgency.LOW if urgency == Urgency.HIGH else Urgency.HIGH,
        "rows": rows,
        "stored": stored,
        "changed": changed,
        "error": error,
        "usable": usable,
        "preview": _preview(owner, urgency, rows, usable, now=now),
    }
    return render(request, "paging/profile.html", context, status=status)


def _preview(owner: Person, urgency: str, rows: ProfileRows, usable: list[ContactMethod], *, now: datetime) -> Preview:
    """Say what the lines would do, by the ladder that a page would climb."""
    by_id = {str(contact.pk): contact for contact in usable}
    rules = list(NotificationRule.objects.filter(person=owner).exclude(urgency=urgency).select_related("contact"))
    for line in rows.as_typed() if rows.is_bound else [row.initial for row in rows.initial_forms]:
        channel, _, contact = str(line["way"]).partition(":")
        if contact in by_id:
            rule = NotificationRule(
                person=owner, urgency=urgency, delay_s=line["delay_s"], channel=channel, contact=by_id[contact]
            )
            rules.append(rule)
    ladder = services.ladder_of(contacts=usable, rules=rules, urgency=urgency, limits=limits.at(now))
    turns = turns_of(owner, now=now)
    late = too_late((rung.after for rung in ladder), turns=turns)
    warnings = passed_over(usable, [rule for rule in rules if rule.urgency == urgency])
    return Preview(
        words=wording.in_words(ladder, names=names_of(usable)),
        then=wording.then_policy(turns),
        warnings=[*warnings, *(wording.overtaken(delay, missed) for delay, missed in late.items())],
    )
