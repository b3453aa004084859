"""How messages of a broker become reports: a mapping file, read and applied. PURE.

The file is JSON. For each topic it says what a message is and where each field of the public shape stands in it:

    {"topics": {"visits": {
        "kind": "visit",
        "when": {"path": "obs.type", "is": ["science", "acq"]},
        "fields": {
            "visit_id": "obs.id",
            "instrument": {"value": "LSSTCam"},
            "end_readout": {"path": "obs.end", "as": "tai_s"},
            "on_sky": {"path": "obs.sky", "default": true}
        }}}}

`kind`: visit, delivery or next_visit. `when` may be left out; a message that is otherwise is passed over, and that is
no fault. A field is a path, keys and places in lists parted by dots, or an object with `path` or `value`; `default`
stands in where the path leads nowhere or to null; `as` is one of: text, int, bool, unix_s, unix_ms, tai_s. tai_s are
seconds of TAI since 1970, which the summit's clocks count, 37 ahead of UTC. A field that leads nowhere is left out.
Messages are JSON objects in UTF-8.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

KINDS = ("visit", "delivery", "next_visit")
FIELDS = {
    "visit": {
        "visit_id", "instrument", "survey_block", "band", "end_readout", "on_sky", "dome_open", "expected_alerts",
        "waived",
    },
    "delivery": {
        "visit_id", "sent", "sent_within_limit", "first_sent_at", "last_sent_at", "stage", "ended", "waived", "limit_s",
    },
    "next_visit": {"group_id", "instrument", "survey_block", "announced_at", "visit_id"},
}  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TAI_AHEAD_S = 37  # of UTC, since 2017; no further leap second is planned
WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
NOTHING = object()  # where a path leads


class BadMapping(ValueError):
    """The mapping file cannot be used. The message says where and what would be right."""


class Unmappable(ValueError):
    """A message is none of what its topic should hold. The message is fit to show."""


@dataclass(frozen=True)
class Field:
    """Where a field comes from: `path`, or `value` where there is no path."""

    path: tuple[str, ...]
    value: Any = NOTHING
    default: Any = NOTHING
    convert: Callable[[Any], Any] | None = None

    def of(self, message: Any) -> Any:
        """Return the field's value in a message; NOTHING where it leads nowhere.

        :raises ValueError: if what stands there cannot be converted.
        """
        found = self.value if not self.path else _follow(self.path, message)
        if found is None or found is NOTHING:
            return self.default
        return self.convert(found) if self.convert else found


@dataclass(frozen=True)
class Topic:
    """What the messages of a topic are. `when` None: all of them are."""

    kind: str
    fields: Mapping[str, Field]
    when: Field | None = None
    allowed: tuple[Any, ...] = ()

    def read(self, raw: bytes | None) -> dict[str, Any] | None:
        """Return a message as a report of the public shape, unchecked; None if it is passed over.

        :raises Unmappable: if it is no JSON object, or a field cannot be converted.
        """
        try:
            message = json.loads((raw or b"").decode())
        except (ValueError, RecursionError) as error:
            raise Unmappable(f"It is no JSON in UTF-8: {error}. Let the topic hold JSON.") from None
        if not isinstance(message, dict):
            raise Unmappable("It is no object. Let the topic hold one JSON object a message.")
        if self.when is not None and self.when.of(message) not in self.allowed:
            return None
        body = {}
        for name, field in self.fields.items():
            try:
                found = field.of(message)
            except (ValueError, TypeError, OverflowError):
                where = ".".join(field.path)
                raise Unmappable(f"{name}: what stands at {where} cannot be converted. Look at “as”.") from None
            if found is not NOTHING:
                body[name] = found
        return body


def read(text: str) -> dict[str, Topic]:
    """Return the topics of a mapping file, by name.

    :raises BadMapping: if it is not as this module says.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMapping(f"The mapping is no JSON: {error}.") from None
    topics = said.get("topics") if isinstance(said, dict) else None
    if not isinstance(topics, dict) or not topics:
        raise BadMapping('The mapping names no topics. Write {"topics": {"the topic": {"kind": …, "fields": …}}}.')
    return {name: _topic(name, one) for name, one in topics.items()}


def _topic(name: str, said: Any) -> Topic:
    if not isinstance(said, dict) or said.get("kind") not in KINDS:
        raise BadMapping(f"{name}: kind must be one of {', '.join(KINDS)}.")
    kind, fields = said["kind"], said.get("fields")
    if not isinstance(fields, dict) or not fields:
        raise BadMapping(f"{name}: fields is no object, or empty. Say where each field of a {kind} stands.")
    unknown = sorted(set(fields) - FIELDS[kind])
    if unknown:
        raise BadMapping(f"{name}: a {kind} has no {', '.join(unknown)}. It has {', '.join(sorted(FIELDS[kind]))}.")
    when, allowed = None, ()
    if said.get("when") is not None:
        condition = said["when"]
        if not isinstance(condition, dict) or not isinstance(condition.get("path"), str) or "is" not in condition:
            raise BadMapping(f'{name}: when must be {{"path": …, "is": …}}.')
        is_ = condition["is"]
        when, allowed = _field(f"{name}: when", condition["path"]), tuple(is_ if isinstance(is_, list) else [is_])
    return Topic(kind, {field: _field(f"{name}: {field}", one) for field, one in fields.items()}, when, allowed)


def _field(where: str, said: Any) -> Field:
    if isinstance(said, str):
        said = {"path": said}
    if not isinstance(said, dict) or ("path" in said) == ("value" in said):
        raise BadMapping(f"{where} must be a path, or an object with either path or value.")
    path = said.get("path", "")
    if "path" in said and (not isinstance(path, str) or not path):
        raise BadMapping(f"{where}: path must be a text such as obs.end.")
    wanted = said.get("as")
    if wanted is not None and wanted not in CONVERSIONS:
        raise BadMapping(f"{where}: as is {wanted!r}; it must be one of {', '.join(CONVERSIONS)}.")
    return Field(
        path=tuple(path.split(".")) if path else (),
        value=said.get("value", NOTHING),
        default=said.get("default", NOTHING),
        convert=CONVERSIONS[wanted] if wanted else None,
    )


def _follow(path: tuple[str, ...], message: Any) -> Any:
    for key in path:
        if isinstance(message, dict):
            message = message.get(key, NOTHING)
        elif isinstance(message, list) and key.isascii() and key.isdigit() and int(key) < len(message):
            message = message[int(key)]
        else:
            return NOTHING
    return message


def _since_1970(ahead_s: int = 0, per_second: int = 1) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if isinstance(value, bool):
            raise TypeError("a truth value is no instant")
        instant = EPOCH + timedelta(seconds=float(value) / per_second - ahead_s)
        return instant.isoformat().replace("+00:00", "Z")

    return convert


def _truth(value: Any) -> bool:
    try:
        return WORDS[str(value).strip().lower()]
    except KeyError:
        raise ValueError(f"{value!r} is neither true nor false") from None


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "int": _whole,
    "bool": _truth,
    "unix_s": _since_1970(),
    "unix_ms": _since_1970(per_second=1000),
    "tai_s": _since_1970(ahead_s=TAI_AHEAD_S),
}
