"""PURE. Prometheus Alertmanager's webhook, payload version 4: one alarm per item of `alerts`, key = its fingerprint.

Source: Prometheus documentation, Alertmanager configuration, webhook_config. (Its own word “alerts” is kept here
alone.)
"""

from typing import Any

from incidents.signals.payloads.items import (
    LONGEST_TITLE,
    Item,
    Parsed,
    Reader,
    Rejected,
    Unreadable,
    clean,
    kind,
    load,
    severity_of,
    short,
)

VERSION = "4"


def parse(body: bytes) -> Parsed:
    """Return every readable item of the payload, beside those that are not.

    :raises Unreadable: if it is not a version 4 payload with a list of alerts.
    """
    data = load(body)
    version = data.get("version")
    if version != VERSION:
        raise Unreadable({"version": [f"{short(version)} is not known; Alertmanager 0.6 and newer send “{VERSION}”."]})
    rows = data.get("alerts")
    if not isinstance(rows, list):
        raise Unreadable({"alerts": [f"{short(rows)} is a {kind(rows)}; a list is wanted."]})
    if not rows:
        raise Unreadable({"alerts": ["Empty. A group has at least one."]})
    parsed = Parsed([], [])
    for index, row in enumerate(rows):
        item, errors = read(row) if isinstance(row, dict) else (None, {"alerts": [f"{short(row)} is no object."]})
        if item is None:
            parsed.rejected.append(Rejected(index, errors, row))
        else:
            parsed.items.append(item)
    return parsed


def read(data: dict[str, Any]) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field.

    The title is the `summary` annotation, else the rule's name and instance. A severity word we do not know is left to
    the source's default: an odd label is no reason to lose an alarm.
    """
    reader = Reader(data)
    labels, notes = reader.labels("labels"), reader.labels("annotations")
    status = reader.choice("status", ("firing", "resolved"), "firing")
    if "status" not in data:
        reader.wrong("status", "Missing; write firing or resolved.")
    key = reader.text("fingerprint", most=200, required=True)
    name = labels.get("alertname", "")
    where = labels.get("instance", "")
    title = notes.get("summary") or notes.get("title") or (f"{name} on {where}" if name and where else name)
    if not title.strip():
        reader.wrong("labels", "No alertname among the labels and no summary annotation, so it has no title.")
    if reader.errors:
        return None, reader.errors
    return (
        Item(
            firing=status == "firing",
            key=key,
            title=" ".join(clean(title).split())[:LONGEST_TITLE],
            severity=severity_of(labels.get("severity", "")),
            description=notes.get("description", ""),
            labels=labels,
            link=reader.text("generatorURL", most=1000),
            product=labels.get("product", "")[:120],
        ),
        {},
    )
