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
    return _said(value, "%H:%M", day=True)


@register.filter
def to_the_second(value: datetime | None) -> SafeString | str:
    """Sat 21 Nov 15:50:07 PST · 23:50:07 UTC, for what is read as evidence: its day, its zone and its seconds."""
    return _said(value, "%H:%M:%S", day=True)


@register.filter
def beside(value: datetime | None, other: datetime) -> SafeString | str:
    """15:50 PST · 23:50 UTC, where an instant of that day stands beside it; with its day where it is another."""
    if value is None:
        return ""
    return _said(value, "%H:%M", day=timezone.localtime(value).date() != timezone.localtime(other).date())


def _said(value: datetime | None, clock: str, *, day: bool) -> SafeString | str:
    if value is None:
        return ""
    local, utc = timezone.localtime(value), value.astimezone(UTC)
    words = f"{local:%a} {local.day} {local:%b} " if day else ""
    words += f"{local:{clock}} {zone_of(local)}"
    if local.utcoffset() != timedelta():
        words += f" · {utc:{clock}} UTC" if utc.date() == local.date() else f" · {utc:%a {clock}} UTC"
    return format_html('<time datetime="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", words)


def zone_of(local: datetime) -> str:
    """Return the short name of an instant's zone: PST; UTC−3 where the zone has a number alone, as in Chile."""
    name = f"{local:%Z}"
    if name[:1] not in ("+", "-"):
        return name
    minutes = f":{name[3:5]}" if name[3:5].strip("0") else ""
    return f"UTC{'−' if name[0] == '-' else '+'}{int(name[1:3])}{minutes}"


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
