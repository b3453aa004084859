"""Figures of a report: to the second, and a link to what each is made of."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from rotations.leave import words

register = template.Library()
NO_BREAK = "\u00a0"
NOTHING = mark_safe('<span class="muted">0</span>')


@register.simple_tag
def length(seconds: int, href: str = "") -> SafeString:
    """Return 3 h 4 min 30 s, never rounded: what is added up on paper must come out. Nothing is a quiet 0."""
    if not seconds:
        return NOTHING
    hours_and_minutes, between, left = words.length(seconds).rpartition(" min ")
    text = f"{hours_and_minutes} min" if between else ""
    # A narrow column may put the seconds on a line of their own, and cuts nothing else.
    return linked(" ".join(part.replace(" ", NO_BREAK) for part in (text, left) if part), href)


@register.simple_tag
def linked(text: object, href: str = "") -> SafeString:
    """Return a figure, linked where there is something to show for it."""
    if not text:
        return NOTHING
    return format_html('<a href="{}">{}</a>', href, text) if href else format_html("{}", text)


@register.filter
def utc(value: datetime | None) -> str:
    """2027-03-25 03:20:00 UTC: on paper nobody knows whose clock the reader's is."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if value else ""


@register.filter
def local(value: datetime | None, zone: object) -> str:
    """25 Mar 03:20:00 on the clock of `zone`: what the person called saw."""
    if value is None:
        return ""
    there = value.astimezone(zone if isinstance(zone, ZoneInfo) else ZoneInfo(str(zone)))
    return f"{there:%a} {there.day} {there:%b %H:%M:%S}"
