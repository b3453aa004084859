"""An edge: the list of alarms, what is done to many at once, saved views, and what it was in the end."""

from dataclasses import replace
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from incidents.alarms import bulk, causes, lists, saved
from incidents.alarms.models import Alarm, Cause, SavedView
from oncall import clock
from oncall.people.viewer import viewer

LASTS = [
    ("", "Any time"), ("12h", "12 hours"), ("24h", "24 hours"), ("7d", "7 days"), ("30d", "30 days"),
    ("365d", "a year"),
]  # fmt: skip


def alarms(request: HttpRequest) -> HttpResponse:
    """The list, newest first; filters stand in the URL, so that it can be sent to somebody, or saved under a name."""
    person, now = viewer(request), clock.now()
    wanted, wrong = lists.wanted_from(request.GET)
    page = lists.page(wanted, for_person=person, position=lists.position_from(request.GET), now=now)
    views = saved.of(person)
    context = {
        "page": page,
        "wanted": wanted,
        "wrong": wrong,
        "count": lists.count(wanted, for_person=person, now=now) if page.newer or page.older else len(page.rows),
        "counted": lists.COUNTED,
        "states": [(value, word, replace(wanted, state=value).query or "state=open") for value, word in lists.STATES],
        "severities": [(n, n in wanted.severities) for n in range(1, 6)],
        "sources": lists.sources(),
        "causes": [("", "Any"), *Cause.choices, (lists.NOT_SAID, "nobody has said")],
        "what": Cause.choices,
        "lasts": LASTS,
        "narrowed": wanted != lists.Wanted(state=wanted.state),
        "saved": views,
        "here": next((view.pk for view in views if view.query == wanted.query), None),
        "person": person,
    }
    return render(request, "alarms/alarms.html", context)


def _back(request: HttpRequest) -> HttpResponse:
    """Return to the list as it was: the form carries its query, which is read anew and never taken as an address."""
    query = request.POST.get("query", "")[:2000].replace("\x00", "").replace("\r", "").replace("\n", "")
    return redirect(reverse("alarms") + (f"?{query}" if query else ""))


@require_POST
def bulk_act(request: HttpRequest) -> HttpResponse:
    """Do one thing to every alarm whose box is ticked."""
    person, now = viewer(request), clock.now()
    pressed = bulk.pressed_from(request.POST.getlist("alarm"))
    verb, cause = request.POST.get("then", ""), request.POST.get("cause", "")
    if not pressed:
        messages.error(request, "No alarm is ticked. Tick those that are meant, then press again.")
        return _back(request)
    if verb == "acknowledge":
        outcome, done = bulk.acknowledge(pressed=pressed, by=person, now=now), "yours now"
    elif verb == "resolve" and cause in ("", *Cause.values):
        outcome, done = bulk.resolve(pressed=pressed, by=person, cause=cause, now=now), "resolved"
    elif verb == "note":
        text = request.POST.get("text", "").replace("\x00", "")[:10_000]
        outcome, done = bulk.note(pressed=pressed, by=person, text=text, now=now), "noted"
    else:
        messages.error(request, "Nothing was done: press one of the buttons below the list.")
        return _back(request)
    if outcome.done:
        messages.success(request, f"{outcome.done} alarm{'' if outcome.done == 1 else 's'} {done}.")
    for text in dict.fromkeys(outcome.refused[:10]):
        messages.error(request, text)
    if len(outcome.refused) > 10:
        messages.error(request, f"{len(outcome.refused) - 10} more were refused.")
    return _back(request)


@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is under a name."""
    wanted, _ = lists.wanted_from(_query_of(request))
    try:
        view = saved.save(
            person=viewer(request),
            name=request.POST.get("name", ""),
            query=wanted.query,
            shared=request.POST.get("shared") == "yes",
            now=clock.now(),
        )
    except saved.ViewRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Saved as “{view.name}”.")
    return _back(request)


def _query_of(request: HttpRequest) -> QueryDict:
    """Return the query of the list that a form was drawn on."""
    return QueryDict(request.POST.get("query", "")[:2000])


@require_POST
def remove_view(request: HttpRequest, id: UUID) -> HttpResponse:
    """Forget one of one's own views."""
    saved.remove(view=get_object_or_404(SavedView, pk=id, person=viewer(request)))
    messages.success(request, "The view is gone.")
    return _back(request)


def by_cause(request: HttpRequest) -> HttpResponse:
    """What it was in the end, by year (R22), as bars and as a table."""
    everything = request.GET.get("severity") == "all"
    years = causes.by_year(severities=(1, 2, 3, 4, 5) if everything else (1, 2))
    drawn = [(year, _bars(year)) for year in years]
    return render(request, "alarms/causes.html", {"years": drawn, "everything": everything, "names": Cause.choices})


def _bars(year: causes.Year) -> list[tuple[str, str, causes.Share, float, float]]:
    """Return the parts of a year's bar: cause, words, share, where it begins and how long it is, in percent."""
    bars, x = [], 0.0
    for share in year.shares:
        width = 100 * share.count / year.count
        words = Cause(share.cause).label if share.cause else "nobody has said"
        bars.append((share.cause or "none", words, share, round(x, 2), round(width, 2)))
        x += width
    return bars


@require_POST
def say_cause(request: HttpRequest, id: UUID) -> HttpResponse:
    """Say what a resolved alarm was."""
    alarm = get_object_or_404(Alarm.objects.visible_to(viewer(request)), id=id)
    cause = request.POST.get("cause", "")
    if cause not in ("", *Cause.values):
        messages.error(request, f"“{cause[:40]}” is no cause. Choose one of the list.")
        return redirect("alarm", id)
    try:
        causes.say(alarm=alarm, cause=cause, by=viewer(request), now=clock.now())
    except causes.NotOver as error:
        messages.error(request, str(error))
    return redirect("alarm", id)
