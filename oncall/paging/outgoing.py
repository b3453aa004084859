"""An edge: what waits before it goes out, and what has been spent on texts and calls; for administrators."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from oncall import clock
from oncall.limits import queries as limits
from oncall.paging import spending
from oncall.paging.holds import waiting_notices, waiting_pages
from oncall.people import access
from oncall.people.viewer import viewer

SHOWN = 200


def outgoing(request: HttpRequest) -> HttpResponse:
    """Pages and notices that a throttle, a rate or a cap holds, until when and why; and the caps."""
    now = clock.now()
    if not access.may_configure(viewer(request), now=now):
        raise PermissionDenied("Administrators and the pilot see what goes out to everybody.")
    context = {
        "now": now,
        "spent": spending.so_far(now=now, limits=limits.at(now)),
        "pages": waiting_pages().filter(held_until__gt=now).select_related("person")[:SHOWN],
        "notices": waiting_notices().select_related("person")[:SHOWN],
    }
    return render(request, "paging/outgoing.html", context)
