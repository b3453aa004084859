"""An edge: a source's routes on screens, their order, and what they would make of a signal."""

from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from incidents.signals import route_services, route_trial
from incidents.signals.models import Source
from incidents.signals.payloads.items import Unreadable
from incidents.signals.route_forms import RouteForm, TryForm
from incidents.signals.routes import Route
from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer


def _only_configurers(request: HttpRequest) -> None:
    if not access.may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("Only the pilot and administrators change routes.")


def routes(request: HttpRequest, id: UUID) -> HttpResponse:
    """A source's routes in order, and a box to try them; at first with what the source sent last."""
    row = get_object_or_404(Source.objects.select_related("policy"), pk=id)
    last = row.signals.order_by("-received_at").values_list("body", flat=True).first()
    return _list(request, row, form=TryForm(initial={"body": last or ""}))


def try_out(request: HttpRequest, id: UUID) -> HttpResponse:
    """Show which route a payload, or labels, would take, and whom that would call now. Nobody is called."""
    row = get_object_or_404(Source.objects.select_related("policy"), pk=id)
    if request.method != "POST":
        return redirect("routes", id)
    form = TryForm(request.POST)
    tried = None
    if form.is_valid():
        try:
            tried = route_trial.try_out(form.cleaned_data["body"], source=row, now=clock.now())
        except Unreadable as error:
            for field, texts in error.errors.items():
                form.add_error("body", [text if field == "body" else f"{field}: {text}" for text in texts])
    return _list(request, row, form=form, tried=tried, status=200 if form.is_valid() else 400)


def _list(
    request: HttpRequest, row: Source, *, form: TryForm, tried: route_trial.Tried | None = None, status: int = 200
) -> HttpResponse:
    now = clock.now()
    context = {
        "source": row,
        "routes": Route.objects.filter(source=row).select_related("product", "policy").order_by("position"),
        "form": form,
        "tried": tried,
        "now": now,
        "may_edit": access.may_configure(viewer(request), now=now),
    }
    return render(request, "signals/routes.html", context, status=status)


def edit(request: HttpRequest, id: UUID, route: UUID | None = None) -> HttpResponse:
    """Make or change a route."""
    _only_configurers(request)
    source = get_object_or_404(Source, pk=id)
    row = get_object_or_404(Route, pk=route, source=source) if route else Route(source=source)
    form = RouteForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            route_services.save_route(route=form.save(commit=False))
            return redirect("routes", id)
        except (route_services.TooMany, route_services.RouteGone) as error:
            form.add_error(None, str(error))
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "source": source, "route": row, "new": route is None}
    return render(request, "signals/route.html", context, status=400 if form.is_bound else 200)


@require_POST
def move(request: HttpRequest, id: UUID, route: UUID) -> HttpResponse:
    """Let it be asked earlier (`to=up`) or later."""
    _only_configurers(request)
    row = get_object_or_404(Route.objects.select_related("source"), pk=route, source_id=id)
    route_services.move(route=row, up=request.POST.get("to") == "up")
    return redirect("routes", id)


@require_POST
def delete(request: HttpRequest, id: UUID, route: UUID) -> HttpResponse:
    _only_configurers(request)
    route_services.delete(route=get_object_or_404(Route.objects.select_related("source"), pk=route, source_id=id))
    return redirect("routes", id)
