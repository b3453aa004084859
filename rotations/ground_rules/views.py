"""Edges: the ground rules and their versions, accepting them; for the pilot, who has not, and writing new ones."""

import csv
from datetime import UTC, datetime, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oncall import clock
from oncall.people import access
from oncall.people.viewer import viewer
from rotations.ground_rules import queries, services
from rotations.ground_rules.blocks import blocks
from rotations.ground_rules.difference import difference
from rotations.ground_rules.forms import WriteForm
from rotations.ground_rules.models import Version

NOTICE_TIME = timedelta(days=7)  # offered for reading a new version before it holds; own choice


@require_safe
def ground_rules(request: HttpRequest) -> HttpResponse:
    """What holds now."""
    version = Version.objects.in_force(clock.now())
    return _page(request, version, clock.now())


@require_safe
def ground_rules_version(request: HttpRequest, number: int) -> HttpResponse:
    """One version, and what was new in it."""
    return _page(request, get_object_or_404(Version.objects.select_related("by"), number=_bounded(number)), clock.now())


def _bounded(number: int) -> int:
    """A number that the column can hold; what is beyond is no version."""
    return number if number < 2**31 else 0


def _page(request: HttpRequest, version: Version | None, now: datetime) -> HttpResponse:
    person = viewer(request)
    in_force = Version.objects.in_force(now)
    may_write = access.may_configure(person, now=now)
    before = Version.objects.filter(number=version.number - 1).first() if version else None
    standings = queries.standings(version, now=now) if version and may_write and version == in_force else []
    context = {
        "now": now,
        "version": version,
        "is_in_force": version is not None and version == in_force,
        "is_to_come": version is not None and version.effective_from > now,
        "in_force": in_force,
        "blocks": blocks(version.text) if version else [],
        "lines": difference(before.text, version.text) if version and before else [],
        "before": before,
        "accepted_at": queries.accepted_at(version, person),
        "is_member": queries.is_member(person, now=now),
        "versions": Version.objects.defer("text").select_related("by").order_by("-number"),
        "may_write": may_write,
        "standings": standings,
        "missing": [one for one in standings if one.accepted_at is None],
    }
    return render(request, "ground_rules/version.html", context)


@require_POST
def ground_rules_accept(request: HttpRequest, number: int) -> HttpResponse:
    try:
        services.accept(number=_bounded(number), person=viewer(request), now=clock.now())
    except services.NotInForce as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"You have accepted version {number} of the ground rules.")
    return redirect("ground_rules")


@require_http_methods(["GET", "HEAD", "POST"])
def ground_rules_write(request: HttpRequest) -> HttpResponse:
    """Write a new version. Looking at what it comes to stores nothing."""
    person, now = viewer(request), clock.now()
    if not access.may_configure(person, now=now):
        raise PermissionDenied("The pilot and administrators write the ground rules.")
    last = Version.objects.order_by("-number").first()
    offered = {"text": last.text if last else "", "effective_from": now + NOTICE_TIME}
    form = WriteForm(request.POST if request.method == "POST" else None, viewer=person, initial=offered)
    shown = None
    if request.method == "POST" and form.is_valid():
        if "publish" in request.POST:
            try:
                version = services.write(by=person, now=now, **form.cleaned_data)
            except services.BadVersion as error:
                form.add_error(error.field, str(error))
            else:
                messages.success(request, f"Version {version.number} is written. It holds from the time you chose.")
                return redirect("ground_rules_version", version.number)
        shown = form.cleaned_data.get("text") or request.POST.get("text", "")
    context = {
        "form": form,
        "last": last,
        "shown": shown,
        "blocks": blocks(shown) if shown else [],
        "lines": difference(last.text if last else "", shown) if shown else [],
    }
    return render(request, "ground_rules/write.html", context, status=400 if form.errors else 200)


@require_safe
def ground_rules_acceptances(request: HttpRequest) -> HttpResponse:
    """Who accepted which version when, as a table file; for the pilot and administrators."""
    if not access.may_configure(viewer(request), now=clock.now()):
        raise PermissionDenied("The pilot and administrators see who accepted what.")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="ground-rules-accepted.csv"'
    table = csv.writer(answer)
    table.writerow(["version", "in_force_from", "person", "accepted_at"])
    for one in queries.history():
        table.writerow([one.version.number, _utc(one.version.effective_from), _cell(one.person.name), _utc(one.at)])
    return answer


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
