"""Instants on screens: the viewer's zone first, UTC beside it; spans in words."""

from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def instant(value: datetime | None) -> SafeString | str:
    """Sat 21 Nov 15:50 PST · 23:50 UTC, inside a <time> element. Nothing for none."""
    if value is None:
        return ""
    local, utc = timezone.localtime(value), value.astimezone(UTC)
    same = local.utcoffset() == timedelta()
    words = f"{local:%a} {local.day} {local:%b %H:%M} {local:%Z}"
    if not same:
        words += f" · {utc:%H:%M} UTC" if utc.date() == local.date() else f" · {utc:%a %H:%M} UTC"
    return format_html('<time datetime="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", words)


@register.filter
def clock_time(value: datetime | None) -> SafeString | str:
    """15:50:07 (23:50:07 UTC), for logs, where seconds matter."""
    if value is None:
        return ""
    local, utc = timezone.localtime(value), value.astimezone(UTC)
    words = f"{local:%H:%M:%S}" + ("" if local.utcoffset() == timedelta() else f" ({utc:%H:%M:%S} UTC)")
    return format_html('<time datetime="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", words)


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """7 h 30 min, 4 min 30 s, 45 s; a minus in front when negative."""
    if seconds is None:
        return ""
    total = round(seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds))
    sign, total = ("−" if total < 0 else ""), abs(total)
    hours, rest = divmod(total, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{sign}{hours} h {minutes} min" if minutes else f"{sign}{hours} h"
    if minutes:
        return f"{sign}{minutes} min {left} s" if left else f"{sign}{minutes} min"
    return f"{sign}{left} s"
