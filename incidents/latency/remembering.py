"""PURE. What is known between two looks, as JSON and back: instants as RFC 3339, nothing else is changed."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from incidents.latency.standing import Memory, Standing

INSTANTS = ("since", "began", "last", "first_at", "quiet_since", "ended", "ended_first_at")


def written(memory: Memory) -> dict[str, Any]:
    """Return the memory as JSON takes it; `read` gives the same back."""
    return {
        "looked_at": _text(memory.looked_at),
        "awake_since": _text(memory.awake_since),
        "day_obs": memory.day_obs,
        "standings": {kind: _standing(one) for kind, one in memory.standings.items()},
    }


def read(kept: dict[str, Any]) -> Memory:
    """Return what was kept. What is missing, or of a version that knew more, counts as not known."""
    return Memory(
        looked_at=_instant(kept.get("looked_at")),
        awake_since=_instant(kept.get("awake_since")),
        day_obs=kept.get("day_obs", 0),
        standings={kind: _read(one) for kind, one in kept.get("standings", {}).items()},
    )


def _standing(one: Standing) -> dict[str, Any]:
    return {name: _text(value) if name in INSTANTS else value for name, value in asdict(one).items()}


def _read(kept: dict[str, Any]) -> Standing:
    known = {one.name for one in fields(Standing)} & kept.keys()
    values: dict[str, Any] = {name: _instant(kept[name]) if name in INSTANTS else kept[name] for name in known}
    return Standing(**values)


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
