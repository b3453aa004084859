"""An edge: sources on screens, what they sent, what could not be read, and sending it again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from incidents.signals import mails, queries, replaying, services
from incidents.signals.forms import ChangeForm, SourceForm
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads.items import Unreadable
from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer

MOST_REJECTIONS, MOST_ITEMS = 50, 200  # on one page


def _configurer(request: HttpRequest) -> Person:
    person = viewer(request)
    if not access.may_configure(person, now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change sources.")
    return person


def hook_url(secret: str) -> str:
    return f"{settings.PUBLIC_BASE_URL}/hooks/{secret}/"


def sources(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    rows = [{"source": row, "states": queries.states(row)} for row in queries.with_state(now).select_related("policy")]
    context = {
        "rows": rows,
        "most": queries.MOST_COUNTED,
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "signals/sources.html", context)


def source(request: HttpRequest, id: UUID) -> HttpResponse:
    return _detail(request, get_object_or_404(Source, pk=id))


def signal(request: HttpRequest, id: UUID, signal: UUID) -> HttpResponse:
    """Show one signal as it came, and what its source's parser reads in it now."""
    row = get_object_or_404(Signal.objects.select_related("source"), pk=signal, source_id=id)
    try:
        parsed, errors = services.parse(row.source, row.body.encode()), {}
    except Unreadable as error:
        parsed, errors = None, error.errors
    items = (
        [{"item": item, "severity": item.severity or row.source.severity} for item in parsed.items] if parsed else []
    )
    context = {
        "signal": row,
        "source": row.source,
        "items": items[:MOST_ITEMS],
        "rejected": parsed.rejected[:MOST_ITEMS] if parsed else [],
        "errors": errors,
    }
    return render(request, "signals/signal.html", context)


def _detail(
    request: HttpRequest, row: Source, *, secret: str = "", at: int = 0, errors: object = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    row = queries.with_state(now).select_related("policy").get(pk=row.pk)  # as it is now
    context = {
        "source": row,
        "states": queries.states(row),
        "most": queries.MOST_COUNTED,
        "rejections": queries.unsettled(row).order_by("-signal__received_at", "index")[:MOST_REJECTIONS],
        "signals": queries.latest(row, many=20),
        "url": hook_url(secret) if secret else "",
        "example": hook_url(secret or "…"),
        "mail": mails.address(secret or "…"),
        "at": at,
        "errors": errors,
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "signals/source.html", context, status=status)


def new(request: HttpRequest) -> HttpResponse:
    """Make a source; its secret URL is shown on the answer to this, and never again."""
    _configurer(request)
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        row, secret = services.create_source(
            name=data["name"], kind=data["kind"], policy=data["policy"], severity=data["severity"], now=clock.now()
        )
        return _detail(request, row, secret=secret, status=201)
    return render(request, "signals/new.html", {"form": form}, status=400 if form.is_bound else 200)


def edit(request: HttpRequest, id: UUID) -> HttpResponse:
    """Change whom a source calls, its severity and name, or close it."""
    _configurer(request)
    row = get_object_or_404(Source, pk=id)
    form = ChangeForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("source", id)
    context = {"form": form, "source": row}
    return render(request, "signals/edit.html", context, status=400 if form.is_bound else 200)


@require_POST
def renew(request: HttpRequest, id: UUID) -> HttpResponse:
    _configurer(request)
    row = get_object_or_404(Source, pk=id)
    return _detail(request, row, secret=services.renew_secret(source=row))


@require_POST
def replay(request: HttpRequest, id: UUID, rejection: int) -> HttpResponse:
    """Send a rejected item again, as mended in the box; or set it aside (`then=settle`)."""
    person = _configurer(request)
    row = get_object_or_404(Rejection.objects.select_related("signal__source"), pk=rejection, signal__source_id=id)
    now = clock.now()
    try:
        if request.POST.get("then") == "settle":
            services.settle(rejection=row, how=f"set aside by {person.name}", now=now)
        else:
            services.replay(rejection=row, body=request.POST.get("body", ""), now=now)
    except services.AlreadySettled as error:
        messages.warning(request, str(error))  # its box is gone, so there is no place beside the button
        return _detail(request, row.signal.source, status=409)
    except Unreadable as error:
        return _detail(request, row.signal.source, at=row.pk, errors=error.errors, status=400)
    return redirect("source", id)


@require_POST
def replay_all(request: HttpRequest, id: UUID) -> HttpResponse:
    """Send all that was rejected again as it came, the oldest first; or set all of it aside (`then=settle`)."""
    person = _configurer(request)
    row = get_object_or_404(Source, pk=id)
    now = clock.now()
    if request.POST.get("then") == "settle":
        count = replaying.settle_all(source=row, how=f"set aside by {person.name}", now=now)
        messages.info(request, f"{count} set aside.")
    else:
        messages.info(request, str(replaying.replay_all(source=row, now=now)))
    return redirect("source", id)
