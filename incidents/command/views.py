"""An edge: the list of incidents, declaring one, and the page of one. Every button works without JavaScript."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render

from incidents.alarms.models import Alarm
from incidents.command import board, queries, services, timeline, unlocking
from incidents.command.forms import DeclareForm
from incidents.command.lifecycle import BADGES, LIVE, STATES
from incidents.command.models import Entry, Incident, IncidentAlarm, RoleAssignment
from incidents.command.writing import state_of
from oncall import clock
from oncall.people.models import Person
from oncall.people.viewer import viewer

PAGE = 30
EXAMPLES = [  # what one is (row T08), each for a significant number of users or visits
    "A service is out of reach, or nobody can start work on it.",
    "No alerts, or late ones, for several visits; images do not arrive.",
    "Results are wrong, or data may be lost.",
    "Somebody is where they should not be: security.",
]
SHOWN_STATES = [
    ("", "All"),
    ("live", "Live"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("over", "False or merged"),
]


def find(request: HttpRequest, number: int) -> Incident:
    """Return an incident that whoever asks may see; for all others it is not there (R43)."""
    rows = Incident.objects.visible_to(viewer(request)).select_related("declared_by", "merged_into")
    return get_object_or_404(rows, number=number)


def incidents(request: HttpRequest) -> HttpResponse:
    """The list, live ones first; filters stand in the URL."""
    rows, wanted, wrong = _wanted(request.GET, viewer(request))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    states = []
    for value, word in SHOWN_STATES:
        query = kept.copy()
        query["state"] = value
        states.append((value, word, query.urlencode()))
    context = {
        "page": page,
        "rows": [(row, BADGES[state_of(row)]) for row in page],
        "wanted": wanted,
        "wrong": wrong,
        "states": states,
        "query": kept.urlencode(),
        "severities": [(n, str(n) in request.GET.getlist("severity")) for n in range(1, 6)],
        "narrowed": any(wanted[name] for name in ("product", "q", "severity")),
    }
    return render(request, "command/incidents.html", context)


def _wanted(query: QueryDict, person: Person) -> tuple[QuerySet[Incident], dict[str, object], list[str]]:
    """Return the rows that a URL asks for, what it asks for, and what in it makes no sense, in words."""

    def words_of(name: str, most: int) -> str:
        return query.get(name, "").replace("\x00", "").strip()[:most]

    state, product, words, wrong = words_of("state", 20), words_of("product", 120), words_of("q", 200), []
    rows = Incident.objects.visible_to(person)
    if state == "live":
        rows = rows.live()
    elif state == "over":
        rows = rows.filter(state__in=["false_alarm", "merged"])
    elif state in STATES:
        rows = rows.filter(state=state)
    elif state:
        wrong.append(f"state: “{state}” is not known. Choose one of the tabs.")
    severities = [int(one) for one in query.getlist("severity") if one in {"1", "2", "3", "4", "5"}]
    if any(one not in {"1", "2", "3", "4", "5"} for one in query.getlist("severity")):
        wrong.append("severity: choose 1 (worst) to 5.")
    if severities:
        rows = rows.filter(severity__in=severities)
    if product:
        rows = rows.filter(Q(product=product) | Q(product__startswith=f"{product}/"))
    if words:
        by_number = Q(number=int(words)) if words.isascii() and words.isdigit() and len(words) < 9 else Q()
        rows = rows.filter(Q(title__icontains=words) | by_number)
    first = Case(When(state__in=sorted(LIVE), then=Value(0)), default=Value(1), output_field=IntegerField())
    commands = RoleAssignment.objects.filter(incident=OuterRef("pk"), role="commander", ends_at__isnull=True)
    last = Entry.objects.filter(incident=OuterRef("pk")).order_by("-nth")
    links = IncidentAlarm.objects.filter(incident=OuterRef("pk"), unlinked_at__isnull=True, calls=False).order_by()
    counted = links.values("incident").annotate(many=Count("pk")).values("many")
    rows = rows.annotate(  # each asked for the rows of the page alone, not for all of them
        commander=Subquery(commands.values("person__name")[:1]),
        last_at=Subquery(last.values("written_at")[:1]),
        alarm_count=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
    ).order_by(first, "-number")
    return rows, {"state": state, "product": product, "q": words, "severity": severities}, wrong


def declare(request: HttpRequest) -> HttpResponse:
    """Declare one over the alarms that are named (`alarm=`, as often as need be), or over nothing: a title is enough.

    A form that has no title yet, as the list of alarms sends one, is shown to be looked at and pressed once more.
    """
    person, now = viewer(request), clock.now()
    asked = request.POST if request.method == "POST" else request.GET
    alarms = _alarms(asked, person)
    pressed = request.method == "POST" and "title" in request.POST
    known = queries.incident_of(alarms) if alarms and not pressed else None
    if known is not None and Incident.objects.visible_to(person).filter(pk=known.pk).exists() and len(alarms) == 1:
        messages.info(request, f"It is worked on already, as incident {known.number}. You are there now.")
        return redirect(known.path)
    form = DeclareForm(request.POST if pressed else None, alarms=alarms)
    if pressed and form.is_valid():
        data = form.cleaned_data
        try:
            incident = services.declare(
                title=data["title"],
                severity=data["severity"],
                summary=data["summary"],
                restricted=data["restricted"],
                alarms=alarms,
                same_within=services.TWICE,
                by=person,
                now=now,
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            if incident.declared_at != now and alarms:
                messages.info(request, f"It is worked on already, as incident {incident.number}. You are there now.")
            return redirect(incident.path)
    context = {"form": form, "alarms": alarms, "examples": EXAMPLES}
    return render(request, "command/declare.html", context, status=400 if form.is_bound else 200)


def _alarms(query: QueryDict, person: Person) -> list[Alarm]:
    """Return the alarms that a form or a URL names, as id or as id:cycle; what is none counts for nothing."""
    ids = []
    for text in query.getlist("alarm")[:100]:
        try:
            ids.append(UUID(text.partition(":")[0]))
        except ValueError:
            continue
    return list(Alarm.objects.visible_to(person).filter(pk__in=ids).order_by("severity", "fired_at"))


def incident(request: HttpRequest, number: int) -> HttpResponse:
    """One incident: how it stands, what to press, and everything that happened."""
    try:
        return page(request, find(request, number))
    except Http404:
        if unlocking.out_of_sight(number, of=viewer(request), now=clock.now()) is None:
            raise
        return redirect("incident_restrict", number)


def page(request: HttpRequest, found: Incident, *, where: str = "", error: str = "", status: int = 200) -> HttpResponse:
    """Draw it. `where`, `error`: what was refused, said beside the button; what was typed stays."""
    person, now = viewer(request), clock.now()
    at = timeline.cursor(found, now=now)  # before the lines: none falls between
    groups = board.groups_from(request.GET.getlist("show"))
    lines = timeline.lines(found, groups=groups)
    lines.reverse()
    whole = "all" in request.GET
    stands = board.standing(found, person=person, now=now)
    context = {
        **stands,
        **board.choices(found, person=person),
        "astray": bool(error) and _is_hidden(where, found, live=stands["live"], command=stands["command"], by=person),
        "lines": board.shown(lines if whole else lines[: board.SHOWN]),
        "hidden": 0 if whole else max(0, len(lines) - board.SHOWN),
        "cursor": at.text,
        "groups": groups,
        "tabs": [("", "All"), *timeline.GROUPS.items()],
        "show": "".join(f"&show={one}" for one in groups),
        "once": uuid4(),
        "kinds": KINDS,
        "where": where,
        "error": error,
        "typed": request.POST,
    }
    return render(request, "command/incident.html", context, status=status)


def _is_hidden(where: str, found: Incident, *, live: bool, command: RoleAssignment | None, by: Person) -> bool:
    """Say whether the button that was pressed is not there any more: what was refused is said at the top then."""
    if where == "offer" and command is not None and command.person_id != by.pk:
        return True
    if where in ("assign", "release", "offer", "call_in", "alarm", "merge"):
        return not live
    return (where == "severity" and found.state in ("closed", "merged")) or (where == "name" and not found.restricted)


KINDS = [
    ("note", "Note"),
    ("finding", "Finding"),
    ("action", "Action"),
    ("fixed", "Fixed"),
    ("update", "Message sent out"),
]
