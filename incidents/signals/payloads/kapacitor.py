"""PURE. Kapacitor's HTTP post handler, as Sasquatch uses it: one alarm per alert id; level OK resolves it.

Source: Kapacitor documentation, “Post (HTTP) event handler”, section Alert templates (the fields id, message, details,
time, duration, level, data, previousLevel, recoverable); “AlertNode”, sections Message, Details and NoRecoveries.
"""

import html
import re
from typing import Any

from incidents.signals.payloads.items import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_LABELS,
    Item,
    Parsed,
    Reader,
    Unreadable,
    clean,
    load,
    plain,
    severity_of,
    short,
)

LEVELS = ("OK", "INFO", "WARNING", "CRITICAL")
TAG = re.compile(r"<[^<>]{0,500}>")


def parse(body: bytes) -> Parsed:
    """Return the item in `body`. Kapacitor sends one at a time.

    :raises Unreadable: if it has no id or no level of Kapacitor's.
    """
    data = load(body)
    if "series" in data and "level" not in data:
        text = "Missing: the httpPost node sends data, not what is wrong. Use .post() of an alert node."
        raise Unreadable({"level": [text]})
    item, errors = read(data)
    if item is None:
        raise Unreadable(errors)
    return Parsed([item], [])


def read(data: dict[str, Any]) -> tuple[Item | None, dict[str, list[str]]]:
    """Return the item, or what is wrong with which field. `severity`: CRITICAL is 1, WARNING 3, INFO 4."""
    reader = Reader(data)
    key = reader.key("id", required=True)
    said = data.get("level")
    level = said.strip().upper() if isinstance(said, str) else ""
    if level not in LEVELS:
        what = f"{short(said)} is not known" if "level" in data else "Missing"
        reader.wrong("level", f"{what}; Kapacitor sends {', '.join(LEVELS)}.")
    message = reader.text("message", most=LONGEST_TITLE, line=True)
    if level == "OK":
        reader.need_only("id", "level")
    if reader.errors:
        return None, reader.errors
    labels = _tags(data.get("data"))
    return (
        Item(
            firing=level != "OK",
            key=key,
            title=message or key,
            severity=severity_of(level) if level != "OK" else None,
            description=_description(data)[:LONGEST_TEXT],
            labels=labels,
            product=labels.get("product", "")[:120],
        ),
        {},
    )


def _series(data: Any) -> list[dict[str, Any]]:
    rows = data.get("series") if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _tags(data: Any) -> dict[str, str]:
    """Return the tags of the series that triggered it; of several with one name, the first."""
    found: dict[str, str] = {}
    for row in _series(data):
        tags = row.get("tags")
        for name, value in tags.items() if isinstance(tags, dict) else ():
            if len(found) < MOST_LABELS:
                found.setdefault(clean(str(name))[:200], clean(plain(value))[:1000])
    return found


def _description(data: dict[str, Any]) -> str:
    parts = [_details(data.get("details")), _values(data.get("data"))]
    if data.get("recoverable") is False:
        parts.append("Kapacitor will not say when this is over: its rule has noRecoveries. Resolve it here.")
    return "\n".join(part for part in parts if part)


def _details(details: Any) -> str:
    """Return the details, which are HTML, as text; nothing for Kapacitor's own default, the event itself in JSON."""
    if not isinstance(details, str):
        return ""
    text = clean(html.unescape(TAG.sub(" ", details))).strip()
    return "" if text.startswith("{") else "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _values(data: Any) -> str:
    """Return the last point of each series: cpu: time = 2027-03-23T03:09:50Z, usage_idle = 3.2."""
    lines = []
    for row in _series(data)[:5]:
        columns, values = row.get("columns"), row.get("values")
        last = values[-1] if isinstance(values, list) and values else None
        if isinstance(columns, list) and isinstance(last, list):
            pairs = ", ".join(
                f"{plain(name)} = {plain(value)}" for name, value in list(zip(columns, last, strict=False))
            )
            lines.append(clean(f"{plain(row.get('name', 'data'))}: {pairs}")[:1000])
    return "\n".join(lines)
