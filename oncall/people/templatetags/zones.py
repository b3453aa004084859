"""What the clock shows where somebody is."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from oncall.people.templatetags.times import zone_of

register = template.Library()


@register.filter
def city(zone: str) -> str:
    """Return the place a zone is named after: “Buenos Aires” of America/Argentina/Buenos_Aires."""
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def time_in(now: datetime, zone: str) -> SafeString:
    """14:05 in Paris; with the weekday where it is another day than on the viewer's own clock."""
    there = now.astimezone(ZoneInfo(zone))
    here = timezone.localtime(now)
    day = f"{there:%a} " if there.date() != here.date() else ""
    words = f"{day}{there:%H:%M}" + (" UTC" if zone == "UTC" else f" in {city(zone)}")
    return format_html('<time datetime="{}">{}</time>', f"{there:%Y-%m-%dT%H:%M:%S%z}", words)


@register.filter
def dated(value: datetime | None) -> SafeString | str:
    """1 Jan 2020 01:00 CET, in the viewer's zone: for what may be years away. Nothing for none."""
    if value is None:
        return ""
    local = timezone.localtime(value)
    words = f"{local.day} {local:%b %Y %H:%M} {zone_of(local)}"
    return format_html('<time datetime="{}">{}</time>', f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", words)
