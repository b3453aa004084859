"""An edge: sources on screens, what they sent, what could not be read, and sending it again."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from incidents.signals import services
from incidents.signals.forms import ChangeForm, SourceForm
from incidents.signals.models import Rejection, Source
from incidents.signals.payloads.items import Unreadable
from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from oncall.people.viewer import viewer


def _configurer(request: HttpRequest) -> Person:
    person = viewer(request)
    if not access.may_configure(person, now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change sources.")
    return person


def hook_url(secret: str) -> str:
    return f"{settings.PUBLIC_BASE_URL}/hooks/{secret}/"


def sources(request: HttpRequest) -> HttpResponse:
    unsettled = Count("signals__rejections", filter=Q(signals__rejections__settled_at__isnull=True))
    rows = Source.objects.select_related("policy").annotate(unsettled=unsettled)
    may_edit = access.may_configure(viewer(request), now=clock.now())
    return render(request, "signals/sources.html", {"sources": rows, "may_edit": may_edit})


def source(request: HttpRequest, id: UUID) -> HttpResponse:
    return _detail(request, get_object_or_404(Source.objects.select_related("policy"), pk=id))


def _detail(
    request: HttpRequest, row: Source, *, secret: str = "", at: int = 0, errors: object = None, status: int = 200
) -> HttpResponse:
    rejections = Rejection.objects.filter(signal__source=row, settled_at__isnull=True).select_related("signal")
    context = {
        "source": row,
        "rejections": rejections.order_by("-signal__received_at")[:50],
        "signals": row.signals.order_by("-received_at")[:20],
        "url": hook_url(secret) if secret else "",
        "example": hook_url(secret or "…"),
        "at": at,
        "errors": errors,
        "may_edit": access.may_configure(viewer(request), now=clock.now()),
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
