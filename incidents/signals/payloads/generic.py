"""PURE. Kind `json`: {"key", "title", "severity", "status", "description", "labels", "link"}; only `title` is required
(api.md). Several at once: {"signals": [...]}, or a list under the key of any name is not guessed at.
"""

from typing import Any

from incidents.signals.payloads.items import (
    LONGEST_TITLE,
    Item,
    Parsed,
    Reader,
    Rejected,
    Unreadable,
    kind,
    load,
    short,
)


def parse(body: bytes) -> Parsed:
    """Return the item in `body`, or every readable one of `signals`.

    :raises Unreadable: if nothing can be read.
    """
    data = load(body)
    if isinstance(data.get("signals"), list):
        return _many(data["signals"])
    item, errors = read(data)
    if item is None:
        raise Unreadable(errors)
    return Parsed([item], [])


def _many(rows: list[Any]) -> Parsed:
    parsed = Parsed([], [])
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            wrong = {"signals": [f"{short(row)} is a {kind(row)}; an object is wanted."]}
            parsed.rejected.append(Rejected(index, wrong, row))
            continue
        item, errors = read(row)
        if item is None:
            parsed.rejected.append(Rejected(index, errors, row))
        else:
            parsed.items.append(item)
    if not rows:
        raise Unreadable({"signals": ["Empty. Send at least one."]})
    return parsed


def read(data: dict[str, Any]) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field."""
    reader = Reader(data)
    item = Item(
        firing=reader.choice("status", ("firing", "resolved"), "firing") == "firing",
        key=reader.text("key", most=200),
        title=reader.text("title", most=LONGEST_TITLE, required=True, line=True),
        severity=reader.severity("severity"),
        description=reader.text("description"),
        labels=reader.labels("labels"),
        link=reader.text("link", most=1000),
        product=reader.text("product", most=120),
    )
    if not item.firing and not item.key:
        reader.wrong("key", "Missing. Only a signal with the key of its alarm can resolve it.")
    return (None, reader.errors) if reader.errors else (item, {})
