"""Who is on call, for people: every schedule at a glance, and one of them in depth."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people import access
from oncall.people.models import Person
from rotations.changes import queries as changes
from rotations.changes.forms import OverrideForm
from rotations.coverage import queries
from rotations.schedule.models import ROLES, Schedule

WEEK, FOUR_WEEKS = timedelta(days=7), timedelta(days=28)


@require_safe
def rotations(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    now = clock.now()
    context = {
        "now": now,
        "schedules": queries.ahead(at=now, until=now + WEEK),
        "may_configure": access.may_configure(request.user, now=now),
    }
    return render(request, "coverage/rotations.html", context)


@require_safe
def schedule(request: HttpRequest, id: UUID) -> HttpResponse:
    assert isinstance(request.user, Person)  # LoginRequiredMiddleware
    now = clock.now()
    found = get_object_or_404(Schedule.objects.select_related("team"), pk=id)
    (ahead,) = queries.ahead(at=now, until=now + FOUR_WEEKS, schedules=[found])
    held = {role.rotation.role for role in ahead.roles}
    may_arrange = changes.may_arrange(request.user, now=now)
    context = {
        "now": now,
        "schedule": found,
        "roles": ahead.roles,
        "shifts": sorted((shift for role in ahead.roles for shift in role.shifts), key=lambda shift: shift.starts_at),
        "overrides": [
            (override, may_arrange or request.user.pk in {override.person_id, override.by_id})
            for override in changes.upcoming(schedule=found, now=now)
        ],
        "override_form": OverrideForm(schedule=found, viewer=request.user, now=now) if held else None,
        "may_configure": access.may_configure(request.user, now=now),
        "missing_roles": [role for role in ROLES if role not in held],
    }
    return render(request, "coverage/schedule.html", context)
