"""PURE. Kind `json`: {"key", "title", "severity", "status", "description", "labels", "link"}; only `title` is required,
of what is over only `key` (api.md). Several at once: {"signals": [...]}, or a list under the key of any name is not
guessed at.
"""

from typing import Any

from incidents.signals.payloads.items import LONGEST_TITLE, Item, Parsed, Reader, Unreadable, each, load


def parse(body: bytes) -> Parsed:
    """Return the item in `body`, or every readable one of `signals`.

    :raises Unreadable: if nothing can be read.
    """
    data = load(body)
    if isinstance(data.get("signals"), list):
        return each(data["signals"], "signals", read)
    item, errors = read(data)
    if item is None:
        raise Unreadable(errors)
    return Parsed([item], [])


def read(data: dict[str, Any]) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field."""
    reader = Reader(data)
    firing = reader.choice("status", ("firing", "resolved"), "firing") == "firing"
    key = reader.key("key")
    item = Item(
        firing=firing,
        key=key,
        title=reader.text("title", most=LONGEST_TITLE, required=firing, line=True) or key,
        severity=reader.severity("severity"),
        description=reader.text("description"),
        labels=reader.labels("labels"),
        link=reader.text("link", most=1000),
        product=reader.text("product", most=120),
    )
    if not firing:
        reader.need_only("status", "key")
        if not key:
            reader.wrong("key", "Missing. Give the key of its alarm: nothing else says what is over.")
    return (None, reader.errors) if reader.errors else (item, {})
