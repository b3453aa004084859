"""An edge: messages about an incident: write, look at, send. Nothing goes out that nobody has looked at, but M9."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.command import queries as incidents
from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from incidents.updates import forms, panels, placeholders, queries, services
from incidents.updates.models import Template, Update
from oncall import clock
from oncall.limits import queries as limits
from oncall.outside.mailing_models import Mailing
from oncall.people.viewer import viewer


def _incident(request: HttpRequest, number: int) -> Incident:
    return get_object_or_404(incidents.visible(viewer(request)), number=number)


def _update(request: HttpRequest, number: int, id: UUID) -> Update:
    rows = queries.updates_of(_incident(request, number)).select_related("incident")
    return get_object_or_404(rows, pk=id)


@require_safe
def updates(request: HttpRequest, number: int) -> HttpResponse:
    """Everything that was written, with what became of its mails, and templates to begin from."""
    return _list(request, _incident(request, number))


def _list(request: HttpRequest, incident: Incident, *, error: str = "", status: int = 200) -> HttpResponse:
    now = clock.now()
    rows = list(queries.updates_of(incident))
    mails = queries.mails_of(one for one in rows if one.state == Update.State.SENT)
    context = {
        "incident": incident,
        "now": now,
        "live": incident.state in LIVE,
        "clock": queries.clock_of(incident, now=now, limits=limits.at(now)),
        "rows": [(one, mails.get(one.about, {})) for one in rows],
        "templates": queries.templates(),
        "failed": list(queries.failed_mails(incident).order_by("ended_at")[:50]),
        "error": error,
    }
    return render(request, "updates/updates.html", context, status=status)


@require_safe
def panel(request: HttpRequest, number: int) -> HttpResponse:
    """The panel of the incident's page, as it is now."""
    return HttpResponse(panels.on_incident(_incident(request, number), person=viewer(request), now=clock.now()))


def new(request: HttpRequest, number: int) -> HttpResponse:
    """Write one, from a template (`?template=M2`) or freely; it is looked at before it goes out."""
    incident, now = _incident(request, number), clock.now()
    asked = request.POST if request.method == "POST" else request.GET
    template = queries.templates().filter(pk=asked.get("template", "")[:10].replace("\x00", "")).first()
    due = queries.clock_of(incident, now=now, limits=limits.at(now))
    initial = forms.begun(incident, template, must_name=due is not None and due.must_name)
    if request.method != "POST":
        if template is not None:
            values = {
                name: value
                for name, value in queries.values_for(incident, now=now).items()
                if name not in ("NEXT", "TIME") or incident.resolved_at
            }
            initial |= {name: placeholders.fill(initial[name], values) for name in ("subject", "text")}
        form = forms.MessageForm(incident=incident, now=now, initial=initial)
        return _form(request, incident, form, template=template, once=str(uuid4()))
    form = forms.MessageForm(request.POST, incident=incident, now=now, initial=initial)
    once = request.POST.get("once", "")[:100].replace("\x00", "")
    if form.is_valid():
        try:
            made = services.write_draft(
                incident=incident, draft=form.draft(template), by=viewer(request), now=now, key=once
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            return redirect(made.path)
    return _form(request, incident, form, template=template, once=once, status=400)


def change(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    """Say it otherwise, before it goes out."""
    row, now = _update(request, number, id), clock.now()
    if row.state == Update.State.SENT:
        return redirect(row.path)
    data = request.POST if request.method == "POST" else None
    form = forms.MessageForm(data, incident=row.incident, now=now, initial=forms.as_it_is(row))
    if data is not None and form.is_valid():
        try:
            services.change(
                update=row, draft=form.draft(row.template), edition=_edition(request), by=viewer(request), now=now
            )
        except services.Refused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except services.Moved as error:
            form.add_error(None, str(error))
        else:
            return redirect(row.path)
    status = 400 if form.errors else 200
    return _form(request, row.incident, form, template=row.template, update=row, status=status)


def _form(
    request: HttpRequest,
    incident: Incident,
    form: forms.MessageForm,
    *,
    template: Template | None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {"incident": incident, "form": form, "template": template, "known": queries.BY_HAND, **more}
    return render(request, "updates/write.html", context, status=status)


def _edition(request: HttpRequest) -> int:
    text = request.POST.get("edition", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


@require_safe
def update(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    """One message, exactly as it goes out or went, with the button that sends it."""
    return _one(request, _update(request, number, id))


def _one(request: HttpRequest, row: Update, *, error: str = "", status: int = 200) -> HttpResponse:
    now, person = clock.now(), viewer(request)
    incident, chosen = row.incident, list(row.audiences.all())
    context = {
        "incident": incident,
        "update": row,
        "now": now,
        "person": person,
        "body": queries.mail_body(row, now=row.sent_at or now),
        "audiences": [forms.words_of(one) for one in chosen],
        "count": len(queries.addresses_of(chosen)),
        "yes_of": queries.whose_yes(incident, by=person),
        "mails": list(Mailing.objects.filter(about=row.about).order_by("address")),
        "error": error,
    }
    return render(request, "updates/update.html", context, status=status)


@require_POST
def send(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    def verb(row: Update, now: datetime) -> Update:
        return services.send(update=row, edition=_edition(request), by=viewer(request), now=now)

    return _act(request, number, id, verb)


@require_POST
def drop(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    def verb(row: Update, now: datetime) -> Update:
        return services.drop(update=row, by=viewer(request), now=now)

    return _act(request, number, id, verb)


def _act(request: HttpRequest, number: int, id: UUID, verb: Callable[[Update, datetime], Update]) -> HttpResponse:
    row = _update(request, number, id)
    try:
        done = verb(row, clock.now())
    except services.Refused as error:
        return _one(request, row, error=str(error), status=400)
    except services.Moved as error:
        row = get_object_or_404(Update.objects.select_related("incident", "sent_by", "written_by"), pk=id)
        return _one(request, row, error=str(error), status=409)
    _say(request, done)
    return redirect("incident_updates", number)


def _say(request: HttpRequest, done: Update) -> None:
    if done.state == Update.State.ASKED:
        messages.info(request, "The commander is asked for a yes: it goes out by their press.")
    elif done.state == Update.State.SENT:
        messages.info(request, "It is out. What becomes of its mails stands below.")
    else:
        messages.info(request, "It is dropped.")


def delayed(request: HttpRequest, number: int) -> HttpResponse:
    """Tell the brokers that alerts are delayed (M9): one press. GET shows what it would say."""
    incident, now = _incident(request, number), clock.now()
    try:
        if request.method == "POST":
            _say(request, services.tell_delayed(incident=incident, by=viewer(request), now=now))
            return _to(request, f"{incident.path}updates/")
        draft, known = services.delayed(incident, now=now)
    except services.Refused as error:
        if request.htmx:  # type: ignore[attr-defined]
            messages.error(request, str(error))
            return _to(request, f"{incident.path}updates/")
        return _list(request, incident, error=str(error), status=400)
    if known is not None:
        return redirect(known.path)
    to = [forms.words_of(one) for one in draft.audiences]
    return render(request, "updates/delayed.html", {"incident": incident, "draft": draft, "audiences": to})


def _to(request: HttpRequest, address: str) -> HttpResponse:
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    return HttpResponse(headers={"HX-Redirect": address})


@require_POST
def again(request: HttpRequest, number: int, id: UUID) -> HttpResponse:
    """Send one mail that failed, or may have, once more."""
    incident = _incident(request, number)
    row = get_object_or_404(queries.failed_mails(incident), pk=id)
    try:
        if services.mail_again(incident=incident, mailing=row, by=viewer(request), now=clock.now()):
            messages.info(request, f"It goes to {row.address} once more.")
    except services.Refused as error:
        return _list(request, incident, error=str(error), status=400)
    return redirect("incident_updates", number)
