"""An edge: why a page calls somebody, on a screen of its own, readable on a telephone at night."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from incidents.alarms import explain
from oncall.paging.models import Page
from oncall.people.viewer import viewer


def why(request: HttpRequest, id: UUID) -> HttpResponse:
    """Why this person, why now, by which of their own rules. Everybody signed in may read it, as with alarms."""
    page = get_object_or_404(Page.objects.select_related("person"), pk=id)
    context = {
        "page": page,
        "mine": page.person_id == viewer(request).pk,
        "reasons": explain.of_page(page),
        "rules": explain.rules_of(page),
    }
    return render(request, "alarms/why.html", context)
