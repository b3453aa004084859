"""Labels that somebody typed to try routes, as the payload in which their source would send them."""

import json

from incidents.signals.models import Source
from incidents.signals.payloads import alertmanager, generic, grafana, kapacitor, mail
from incidents.signals.payloads.items import Item, Parsed, Rejected

UNTITLED = "A signal with these labels"
KEY = "typed"
FIELDS = ("title", "key", "product", "severity", "description")  # in the JSON of a script beside its labels


def labels_in(text: str) -> dict[str, str] | None:
    """Return the labels that somebody typed one a line, or nothing if it looks like a payload."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or text.lstrip()[:1] in "{[" or not all("=" in line for line in lines):
        return None
    pairs = (line.partition("=") for line in lines)
    return {label.strip()[:120]: value.strip().strip('"')[:1000] for label, _, value in pairs}


def read(labels: dict[str, str], *, kind: str) -> Parsed:
    """Return what a source of this kind would be taken to mean by them: its own parser says severity, product, title.

    Own choice: what a kind keeps beside its labels (annotations, Kapacitor's level, the fields of a script's JSON, the
    subject of a mail) may be typed among them. A mapping may take anything from anywhere, so its sources are read as
    scripts are.

    :raises Unreadable: if the parser takes nothing of it.
    """
    labels = dict(labels)
    if kind in (Source.Kind.ALERTMANAGER, Source.Kind.GRAFANA):
        notes = {name: labels.pop(name) for name in ("summary", "title", "description") if name in labels}
        if not any(notes.values()) and not labels.get("alertname"):
            notes["title"] = UNTITLED
        row = {"status": "firing", "fingerprint": labels.pop("key", KEY), "labels": labels, "annotations": notes}
        return _one(*(grafana.read if kind == Source.Kind.GRAFANA else alertmanager.read)(row))
    if kind == Source.Kind.KAPACITOR:
        title, key = labels.pop("title", labels.pop("message", UNTITLED)), labels.pop("key", labels.pop("id", KEY))
        level = labels.pop("level", labels.pop("severity", "WARNING"))
        series = [{"tags": labels}]
        return _one(*kapacitor.read({"id": key, "level": level, "message": title, "data": {"series": series}}))
    if kind == Source.Kind.MAIL:
        said = {"subject": labels.get("title", labels.get("subject", UNTITLED)), "from": labels.get("from", "")}
        return mail.parse(json.dumps(said | {"text": labels.get("description", "")}).encode())
    said = {name: labels.pop(name) for name in FIELDS if name in labels}
    return _one(*generic.read({"title": UNTITLED, **said, "labels": labels}))


def _one(item: Item | None, errors: dict[str, list[str]]) -> Parsed:
    return Parsed([item], []) if item else Parsed([], [Rejected(0, errors)])
