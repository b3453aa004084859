"""An edge: silences and maintenance windows on screens, and how alarms of a source go together."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.alarms import lists
from incidents.alarms import silences as services
from incidents.alarms.models import ITSELF, PEOPLE, Alarm, GroupRule, Held, Silence
from incidents.alarms.silence_forms import GroupRuleForm, SilenceForm
from oncall import clock
from oncall.people.access import may_configure
from oncall.people.viewer import viewer

USUALLY = timedelta(hours=2)  # of a silence whose form is opened empty
FILLED = ("source", "product", "stage", "title", "severity", "labels", "kind", "reason")  # may stand in the URL
SHOWN = 30


def silences(request: HttpRequest) -> HttpResponse:
    """What is silent now, what will be, what was."""
    now = clock.now()
    context = {
        "now": now,
        "active": _worded(services.active(now=now)),
        "coming": _worded(services.coming(now=now)),
        "past": Paginator(services.past(now=now), SHOWN).get_page(request.GET.get("page")),
    }
    return render(request, "alarms/silences.html", context)


def _worded(rows: list[Silence]) -> list[tuple[Silence, str]]:
    return [(row, services.words_of(row)) for row in rows]


def new(request: HttpRequest) -> HttpResponse:
    """Ask for one. “Show what it would hold” draws the form again with the alarms at hand that it fits."""
    now, person = clock.now(), viewer(request)
    if request.method == "POST":
        form = SilenceForm(request.POST)
        preview, spans = None, None
        if form.is_valid():
            try:
                if request.POST.get("then") == "preview":
                    spans = services.spans_of(form.wanted(), by=person, now=now)
                    preview = services.preview(form.wanted().matchers, now=now)
                else:
                    made = services.create(wanted=form.wanted(), by=person, now=now)
                    return redirect("silence", made.pk)
            except services.SilenceRefused as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
        status = 200 if preview is not None else 400
        return _form(request, form, preview=preview, spans=spans, status=status)
    asked = {name: request.GET[name].replace("\x00", "")[:300] for name in FILLED if name in request.GET}
    local = timezone.localtime(now)
    usual = {
        "starts_at": local, "ends_at": local + USUALLY, "zone": person.time_zone, "kind": Silence.Kind.SILENCE,
    }  # fmt: skip
    return _form(request, SilenceForm(initial=usual | asked))


def _form(request: HttpRequest, form: SilenceForm, *, status: int = 200, **more: Any) -> HttpResponse:
    groups = [
        ("What", [form[name] for name in ("kind", "reason")]),
        ("When", [form[name] for name in ("starts_at", "ends_at", "repeats", "until", "zone")]),
        ("Which alarms", [form[name] for name in ("source", "product", "stage", "title", "severity", "labels")]),
        ("SEV-1", [form["asks_sev1"]]),
    ]
    now, person = clock.now(), viewer(request)
    context = {"form": form, "groups": groups, "may_night": may_configure(person, now=now), **more}
    return render(request, "alarms/silence_new.html", context, status=status)


def silence(request: HttpRequest, id: UUID) -> HttpResponse:
    """One: what it matches, when, who did what, and everything that it held."""
    return _detail(request, id)


def _detail(request: HttpRequest, id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    now, person = clock.now(), viewer(request)
    row = get_object_or_404(Silence.objects.select_related("by", "agreed_by", "ended_by"), pk=id)
    spans = list(row.occurrences.all()[: SHOWN * 13])
    held = Held.objects.filter(silence=row)
    context = {
        "silence": row,
        "now": now,
        "words": services.words_of(row),
        "spans": [one for one in spans if one.ends_at > now][:SHOWN],
        "past_spans": len([one for one in spans if one.ends_at <= now]),
        "present": next((one for one in spans if one.starts_at <= now < one.ends_at), None),
        "is_over": row.ends_at <= now,
        "held": list(services.latest(held)[:SHOWN]),
        "held_count": held.count(),
        "open_before": services.open_before(row, now=now)[:SHOWN] if row.ends_at > now else [],
        "log": row.log.select_related("person"),
        "can_agree": row.asks_sev1
        and row.agreed_by is None
        and row.ends_at > now
        and services.may_agree(row, by=person, now=now),
        "error": error,
    }
    return render(request, "alarms/silence.html", context, status=status)


@require_POST
def end(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Silence, pk=id)
    try:
        services.end(silence=row, by=viewer(request), now=clock.now())
    except services.AlreadyOver as error:
        return _detail(request, id, error=str(error), status=409)
    return redirect("silence", id)


@require_POST
def agree(request: HttpRequest, id: UUID) -> HttpResponse:
    row = get_object_or_404(Silence, pk=id)
    try:
        services.agree(silence=row, by=viewer(request), now=clock.now())
    except services.AlreadyOver as error:
        return _detail(request, id, error=str(error), status=409)
    except services.SilenceRefused as error:
        return _detail(request, id, error=str(error), status=400)
    return redirect("silence", id)


def grouping(request: HttpRequest) -> HttpResponse:
    """How new alarms of each source go together."""
    rules = {rule.pk: rule for rule in GroupRule.objects.select_related("storm")}
    found = [(name, pk, rules.get(pk)) for pk, name in lists.sources() if pk not in (PEOPLE, ITSELF)]
    may_edit = may_configure(viewer(request), now=clock.now())
    return render(request, "alarms/grouping.html", {"sources": found, "may_edit": may_edit})


def group_rule(request: HttpRequest, source_id: UUID) -> HttpResponse:
    """Change it for one source: the pilot's and the administrators'."""
    if not may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators set how alarms go together.")
    last = get_object_or_404(Alarm.objects.filter(source_id=source_id).order_by("-fired_at")[:1])
    present = GroupRule.objects.filter(pk=source_id).first() or GroupRule(source_id=source_id)
    form = GroupRuleForm(request.POST or None, instance=present)
    if request.method == "POST" and form.is_valid():
        asked = {name: form.cleaned_data[name] for name in form.Meta.fields}
        GroupRule.objects.update_or_create(pk=source_id, defaults=asked)  # and nothing else: a storm may have begun
        return redirect("grouping")
    context = {"form": form, "name": last.source}
    return render(request, "alarms/group_rule.html", context, status=400 if form.is_bound else 200)
