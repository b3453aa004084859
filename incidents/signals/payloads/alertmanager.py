"""PURE. Prometheus Alertmanager's webhook, payload version 4: one alarm per item of `alerts`, key = its fingerprint.

Source: Prometheus documentation, Alertmanager configuration, webhook_config. (Its own word “alerts” is kept here
alone.)
"""

from typing import Any

from incidents.signals.payloads.items import (
    LONGEST_TITLE,
    UNTITLED,
    Item,
    Parsed,
    Reader,
    Unreadable,
    each,
    load,
    one_line,
    say_what_was_cut,
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
    parsed = each(data.get("alerts"), "alerts", read)
    say_what_was_cut(data, parsed, remedy="Set max_alerts of its webhook_config to 0.")
    return parsed


def read(data: dict[str, Any]) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field.

    The title is the `summary` annotation, else the rule's name and instance; what is over needs none. A severity word
    we do not know is left to the source's default: an odd label is no reason to lose an alarm.
    """
    reader = Reader(data)
    labels, notes = reader.labels("labels"), reader.labels("annotations")
    status = reader.choice("status", ("firing", "resolved"), "firing")
    if "status" not in data:
        reader.wrong("status", "Missing; write firing or resolved.")
    key = reader.key("fingerprint", required=True)
    name, where = one_line(labels, "alertname"), one_line(labels, "instance")
    title = one_line(notes, "summary", "title") or (f"{name} on {where}" if name and where else name)
    if status == "resolved":
        reader.need_only("status", "fingerprint")
    elif not title:
        reader.wrong("labels", UNTITLED)
    if reader.errors:
        return None, reader.errors
    return (
        Item(
            firing=status == "firing",
            key=key,
            title=(title or key)[:LONGEST_TITLE],
            severity=severity_of(labels.get("severity", "")),
            description=notes.get("description", ""),
            labels=labels,
            link=reader.text("generatorURL", most=1000),
            product=labels.get("product", "")[:120],
        ),
        {},
    )
