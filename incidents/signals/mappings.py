"""Verbs about the mapping of a source whose JSON has a shape of its own: what it captured, a first guess, save it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from incidents.signals.models import Signal, Source
from incidents.signals.payloads import mapping, paths
from incidents.signals.payloads.items import Unreadable, load_any

CAPTURES = 15
GUESSES: dict[str, Sequence[str]] = {
    "title": ("title", "summary", "message", "subject", "text", "name", "alertname", "event"),
    "key": ("key", "fingerprint", "id", "uuid", "uid", "incident_id", "check"),
    "status": ("status", "state", "action"),
    "severity": ("severity", "level", "priority"),
    "description": ("description", "details", "detail", "body", "reason"),
    "link": ("link", "url", "href", "generatorURL"),
    "product": ("product", "service"),
    "labels": ("labels", "tags"),
}


def captures(source: Source) -> QuerySet[Signal]:
    """Return what it sent lately, from outside, the newest first; without the payloads themselves."""
    return source.signals.filter(replay_of=None).defer("body").order_by("-received_at")[:CAPTURES]


def capture(source: Source, *, id: UUID | None) -> Signal | None:
    """Return one of its signals: the one asked for, else the newest that waits to be read, else the newest."""
    signals = source.signals.order_by("-received_at")
    if id is not None:
        return signals.filter(pk=id).first()
    waiting = signals.filter(rejections__settled_at__isnull=True, rejections__isnull=False, replay_of=None)
    return waiting.first() or signals.filter(replay_of=None).first()


def payload(signal: Signal | None) -> Any:
    """Return what came as JSON; None where there is none, or it was no JSON or only its beginning was kept."""
    if signal is None:
        return None
    try:
        return load_any(signal.body.encode())
    except Unreadable:
        return None


def guess(data: Any) -> mapping.Stored:
    """Return a first mapping by the usual names, for a person to look at and mend; empty where there is no title."""
    items = next((place.path for place in paths.places(data) if place.is_list and _holds_objects(place.path, data)), "")
    if isinstance(data, list):
        items = "$"
    row: Any = paths.find(paths.parse(items), data, data)[0] if items and data else data
    near = sorted(paths.places(row), key=lambda place: place.path.count(".") + place.path.count("["))
    found: mapping.Stored = {"items": items} if items else {}
    for field, names in GUESSES.items():
        wanted = [place for name in names for place in near if place.path.split(".")[-1].lower() == name.lower()]
        fitting = [place.path for place in wanted if place.is_object == (field == "labels") and not place.is_list]
        if fitting:
            found[field] = [fitting[0]] if field == "labels" else fitting[0]
    return found if "title" in found else {}


def _holds_objects(path: str, data: Any) -> bool:
    rows = paths.find(paths.parse(path), data, data)
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


def choices(data: Any, items: str) -> list[paths.Place]:
    """Return the places that a field may be read from: those of the first item, then those of the whole payload."""
    if not items:
        return paths.places(data)
    try:
        rows = paths.find(paths.parse(items), data, data)
    except paths.BadPath:
        rows = None
    inside = paths.places(rows[0]) if isinstance(rows, list) and rows else []
    outside = [place for place in paths.places(data, whole=True) if not _is_inside(place.path, items)]
    return inside + outside


def _is_inside(path: str, items: str) -> bool:
    return path.removeprefix("$").lstrip(".").startswith(f"{items.removeprefix('$').lstrip('.')}[")


def shown(data: Any) -> str:
    """Return a payload for people to read, at most 20,000 characters of it."""
    return json.dumps(data, indent=2, ensure_ascii=False)[:20_000]


@transaction.atomic
def save(*, source: Source, stored: mapping.Stored, now: datetime) -> None:
    """Let the source be read by this mapping from now on. What was rejected before is not touched: replay it.

    :raises BadMapping: with every field that cannot be used.
    """
    mapping.check(stored)
    Source.objects.filter(pk=source.pk).update(mapping=stored, mapped_at=now)
    source.mapping, source.mapped_at = stored, now
