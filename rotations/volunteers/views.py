"""Edges: who may be asked out of hours, and putting oneself on that list or taking oneself off."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from rotations.volunteers import queries, services
from rotations.volunteers.forms import VolunteerForm
from rotations.volunteers.models import Volunteer


@require_http_methods(["GET", "HEAD", "POST"])
def volunteers(request: HttpRequest) -> HttpResponse:
    """Everybody who may be asked, by what; and mine. A POST puts the viewer on the list."""
    person, now = viewer(request), clock.now()
    form = VolunteerForm(request.POST if request.method == "POST" else None, viewer=person)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.put(person=person, now=now, **form.said())
        except services.Refused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.success(request, f"You may be asked about {made.subject}. Thank you.")
            return redirect("volunteers")
    context = {
        "now": now,
        "subjects": queries.by_subject(viewer=person, now=now),
        "mine": queries.mine(person, now=now),
        "form": form,
        "may_configure": access.may_configure(person, now=now),
    }
    return render(request, "volunteers/volunteers.html", context, status=400 if form.errors else 200)


@require_POST
def volunteer_off(request: HttpRequest, id: UUID) -> HttpResponse:
    """Take oneself off; the pilot may take off anybody."""
    person, now = viewer(request), clock.now()
    volunteer = get_object_or_404(Volunteer.objects.select_related("person", "team"), pk=id)
    try:
        services.take_off(volunteer=volunteer, by=person, now=now)
    except services.Refused as error:
        raise PermissionDenied(str(error)) from None
    whose = "You are" if volunteer.person_id == person.pk else f"{volunteer.person.name} is"
    messages.success(request, f"{whose} off the list for {volunteer.subject}.")
    return redirect("volunteers")
