"""Verbs about routes: write one, move it, take it away. Whoever changes a source's routes holds the source's row."""

from django.db import transaction
from django.db.models import F, Max

from incidents.signals.models import Source
from incidents.signals.routes import Route

MOST = 100


class TooMany(Exception):
    """A source has as many routes as it may have. The message is fit to show."""


class RouteGone(Exception):
    """Somebody has deleted the route. The message is fit to show."""


def _hold(source: Source) -> None:
    Source.objects.select_for_update().get(pk=source.pk)


def _note(source: Source) -> None:
    has = Route.objects.filter(source=source, is_enabled=True).exists()
    Source.objects.filter(pk=source.pk).update(has_routes=has)


@transaction.atomic
def save_route(*, route: Route) -> Route:
    """Write a route; a new one is asked last, another stays where it is in the order by now.

    :raises TooMany: if the source has 100 already.
    :raises RouteGone: if it has been deleted since it was read.
    :raises ValidationError: if a field is out of its bounds.
    """
    _hold(route.source)
    others = Route.objects.filter(source=route.source)
    if route._state.adding:
        if others.count() >= MOST:
            raise TooMany(f"{route.source} has {MOST} routes, which is the most. Let one of them match more.")
        last = others.aggregate(last=Max("position"))["last"]
        route.position = 0 if last is None else last + 1
    else:
        here = others.filter(pk=route.pk).values_list("position", flat=True).first()
        if here is None:
            raise RouteGone(f"Somebody has deleted {route} since this page was opened. Make a new one if it is wanted.")
        route.position = here
    route.full_clean()
    route.save()
    _note(route.source)
    return route


@transaction.atomic
def move(*, route: Route, up: bool) -> None:
    """Let it be asked before the one above it, or after the one below. At the end of the list nothing changes."""
    _hold(route.source)
    here = Route.objects.filter(pk=route.pk).first()
    if here is None:  # somebody has deleted it
        return
    others = Route.objects.filter(source=route.source)
    other = (
        others.filter(position__lt=here.position).order_by("-position").first()
        if up
        else others.filter(position__gt=here.position).order_by("position").first()
    )
    if other is None:
        return
    Route.objects.filter(pk=here.pk).update(position=other.position)
    Route.objects.filter(pk=other.pk).update(position=here.position)


@transaction.atomic
def delete(*, route: Route) -> None:
    """Take it away. What came by it stays as it is; what comes goes on to the next route that fits."""
    _hold(route.source)
    here = Route.objects.filter(pk=route.pk).values_list("position", flat=True).first()
    if here is None:  # somebody was faster
        return
    Route.objects.filter(pk=route.pk).delete()
    Route.objects.filter(source=route.source, position__gt=here).update(position=F("position") - 1)
    _note(route.source)
