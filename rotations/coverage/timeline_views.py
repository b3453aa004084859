"""The timeline, for people: one address for the page, for what of it is refreshed, and for the details of a shift."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from oncall import clock
from oncall.people.models import Person, Site
from oncall.people.viewer import viewer
from rotations.coverage import needs
from rotations.coverage.timeline import REACHES, Frame, Reach, frame_around
from rotations.coverage.timeline_forms import DOWN, ZONES, TimelineForm
from rotations.coverage.timeline_queries import Timeline, Wanted, timeline

SHOWN_AS = ("chart", "list")
DETAILS, FRAME = "shift-details", "timeline-frame"


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    person, now = viewer(request), clock.now()
    site = needs.observing()
    form = TimelineForm(request.GET)
    form.is_valid()  # what is wrong is said at its field; the rest counts
    asked = {name: value for name, value in form.cleaned_data.items() if value}
    zone_name = asked.get("zone", "mine")
    zone = _zone(zone_name, person, site)
    reach: Reach = asked.get("reach", "week")
    frame = frame_around(asked.get("on") or now.astimezone(zone).date(), reach=reach, zone=zone)
    wanted = Wanted(
        people_down=asked.get("down") == "people",
        schedule=asked.get("schedule"),
        team=asked.get("team"),
        person=asked.get("person"),
    )
    found = timeline(wanted=wanted, frame=frame, now=now)
    shown_as = request.GET.get("as", "")
    kept: dict[str, Any] = {
        **{name: asked[name].pk for name in ("schedule", "team", "person") if name in asked},
        "down": "people" if wanted.people_down else "",
        "reach": reach,
        "zone": zone_name,
        "as": shown_as if shown_as in SHOWN_AS else "",
    }
    on = asked["on"].isoformat() if "on" in asked else ""
    context: dict[str, Any] = {
        "now": now,
        "form": form,
        "timeline": found,
        "frame": frame,
        "clock": zone_name,
        "zone_name": frame.zone.key,
        "as": kept["as"],
        "shift": _details(request, found, frame),
        "here": _address(kept, on=on),
        "ways": _ways(kept, on, frame),
        "detail_base": _address(kept, on=on or frame.first.isoformat()),
        "may_be_unknown": any(row.unknown for row in found.rows),
    }
    return render(request, f"coverage/timeline.html{_part(request)}", context)


def _part(request: HttpRequest) -> str:
    """Return which part of the page is asked for: details of a shift, what moves with time, or all of it."""
    if not request.htmx:  # type: ignore[attr-defined]
        return ""
    target = request.htmx.target  # type: ignore[attr-defined]
    return {DETAILS: "#details", FRAME: "#frame"}.get(target, "")


def _details(request: HttpRequest, found: Timeline, frame: Frame) -> dict[str, Any] | None:
    """Return the shift that is asked for with what is said of it; None if it is not among those shown."""
    try:
        wanted = UUID(request.GET.get("shift", ""))
    except ValueError:
        return None
    if wanted not in found.shifts:
        return {"gone": True}
    shift, bar = found.shifts[wanted]
    return {"one": shift, "bar": bar, "length": shift.ends_at - shift.starts_at}


def _zone(name: str, person: Person, site: Site | None) -> ZoneInfo:
    if name == "site" and site is not None:
        return ZoneInfo(site.time_zone)
    return ZoneInfo("UTC") if name == "utc" else ZoneInfo(person.time_zone)


def _address(kept: dict[str, Any], **changes: str | date) -> str:
    """Return the query of an address: what is asked for, with changes; what is empty is left out."""
    asked = {**kept, **changes}
    return "?" + urlencode({name: value for name, value in sorted(asked.items()) if value})


def _ways(kept: dict[str, Any], on: str, frame: Frame) -> dict[str, Any]:
    """Return where the switches lead: address, words, and whether that is shown now."""
    return {
        "before": _address(kept, on=frame.before),
        "today": _address(kept),
        "after": _address(kept, on=frame.after),
        "reaches": [(_address(kept, on=on, reach=one), one.capitalize(), one == kept["reach"]) for one in REACHES],
        "zones": [(_address(kept, on=on, zone=name), words, name == kept["zone"]) for name, words in ZONES],
        "downs": [
            (_address(kept, on=on, down=name.removeprefix("tiers")), words, (name == "people") == bool(kept["down"]))
            for name, words in DOWN
        ],
        "chart": _address(kept, on=on, **{"as": "chart"}),
        "list": _address(kept, on=on, **{"as": "list"}),
    }
