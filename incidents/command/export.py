"""A timeline as a file: Markdown and JSON, to keep, to send, to draft a review from.

What people typed stands in fences longer than any run of backticks in it, and what is one line has every sign of
Markdown escaped: nothing of it is a link, an image, a tag or a heading for whoever renders the file.
Source: security.md S20.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from uuid import UUID

from incidents.command import queries
from incidents.command.editing import is_address
from incidents.command.formatting import longest_ticks, seen
from incidents.command.labels import label
from incidents.command.models import Incident
from incidents.command.timeline import Line

_SIGN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$@:=^])")
TYPED = {"note", "finding", "action", "correction", "update", "fixed"}
_BARE = re.compile(r"\bwww\.", re.IGNORECASE)  # some readers make a link of it
Absolute = Callable[[str], str]  # a path of ours as a whole address


def as_markdown(
    incident: Incident, lines: Sequence[Line], *, zone: tzinfo, picture_path: Callable[[UUID], str], absolute: Absolute
) -> str:
    """Return it as CommonMark, every instant in UTC and in `zone`."""
    parts = [
        f"# Incident {incident.number}: {inert(incident.title)}",
        "",
        f"- SEV-{incident.severity}, {incident.state.replace('_', ' ')}",
        f"- declared {both(incident.declared_at, zone)}",
    ]
    if incident.impact_starts_at:
        parts.append(f"- impact since {both(incident.impact_starts_at, zone)}")
    if incident.resolved_at:
        parts.append(f"- resolved {both(incident.resolved_at, zone)}")
    if incident.product:
        parts.append(f"- product: {inert(incident.product)}")
    parts += [
        f"- {inert(label(one.role))}: {inert(one.person.name)}, since {both(one.starts_at, zone)}"
        for one in queries.roles_now(incident)
    ]
    parts += [f"- <{absolute(incident.path)}>", ""]
    if incident.summary:
        parts += ["## Summary", "", *_fenced(seen(incident.summary), indent=""), ""]
    parts += ["## Timeline", ""]
    for line in lines:
        parts += _entry(line, zone=zone, picture_path=picture_path, absolute=absolute)
    return "\n".join(parts) + "\n"


def _entry(line: Line, *, zone: tzinfo, picture_path: Callable[[UUID], str], absolute: Absolute) -> list[str]:
    number = f" \\#{line.nth}" if line.nth else ""
    head = f"- **{both(line.at, zone)}** · {inert(line.word)}{number}"
    if line.person and line.kind in TYPED:
        head += f" · {inert(line.person)}"
    if line.written_at:
        head += f" · written {both(line.written_at, zone)}"
    if line.corrects:
        head += f" · corrects \\#{line.corrects}"
    if line.corrected_by:
        head += " · corrected by " + ", ".join(f"\\#{nth}" for nth in line.corrected_by)
    parts = [head]
    text, link = seen(line.text), _link(line.url, absolute)
    if line.kind in TYPED or "\n" in text:
        parts += ["", *_fenced(text, indent="  "), ""]
        if link:
            parts += [f"  <{link}>", ""]
    else:
        parts[-1] += f": {inert(text)}" + (f" <{link}>" if link else "")
    if line.picture:
        parts += [f"  Picture: <{absolute(picture_path(line.picture))}>", ""]
    return parts


def _fenced(text: str, *, indent: str) -> list[str]:
    fence = "`" * max(3, longest_ticks(text) + 1)
    return [f"{indent}{fence}text", *(f"{indent}{row}" for row in text.split("\n")), f"{indent}{fence}"]


def _link(url: str, absolute: Absolute) -> str:
    """Return the whole address of what a line points at; nothing if it is none that a browser may be sent to."""
    whole = absolute(url) if url.startswith("/") else url
    return whole if is_address(whole) else ""


def inert(text: str) -> str:
    """Return one line of text with every sign that means something in Markdown escaped."""
    escaped = _SIGN.sub(r"\\\1", " ".join(seen(text).split()))
    return _BARE.sub(lambda found: found[0][:-1] + "\\.", escaped)


def both(at: datetime, zone: tzinfo) -> str:
    """2027-03-23 03:10:00 UTC (20:10:00 PDT); only the first where the zone is UTC, with the day where it differs."""
    utc, local = at.astimezone(UTC), at.astimezone(zone)
    words = f"{utc:%Y-%m-%d %H:%M:%S} UTC"
    if local.utcoffset() == utc.utcoffset():
        return words
    day = f"{local:%Y-%m-%d} " if local.date() != utc.date() else ""
    return f"{words} ({day}{local:%H:%M:%S %Z})"


def as_json(
    incident: Incident, lines: Sequence[Line], *, zone: tzinfo, picture_path: Callable[[UUID], str], absolute: Absolute
) -> str:
    """Return it as JSON: instants in UTC, and as the clock stood in `zone`."""

    def instant(at: datetime | None) -> str | None:
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None

    body = {
        "number": incident.number,
        "title": incident.title,
        "severity": incident.severity,
        "state": incident.state,
        "summary": incident.summary,
        "product": incident.product,
        "roles": [
            {"role": one.role, "person": one.person.name, "since": instant(one.starts_at)}
            for one in queries.roles_now(incident)
        ],
        "declared_at": instant(incident.declared_at),
        "impact_starts_at": instant(incident.impact_starts_at),
        "resolved_at": instant(incident.resolved_at),
        "url": absolute(incident.path),
        "time_zone": str(zone),
        "timeline": [
            {
                "at": instant(line.at),
                "at_local": line.at.astimezone(zone).isoformat(),
                "written_at": instant(line.written_at),
                "number": line.nth,
                "kind": line.kind,
                "person": line.person,
                "text": line.text,
                "url": line.url,
                "corrects": line.corrects,
                "corrected_by": list(line.corrected_by),
                "alarm": str(line.alarm_id) if line.alarm_id else None,
                "picture": absolute(picture_path(line.picture)) if line.picture else None,
            }
            for line in lines
        ],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"
