"""PURE. What a parser returns, and the small checks all of them share."""

import json
from dataclasses import dataclass, field
from typing import Any

LONGEST_TITLE = 300
LONGEST_TEXT = 10_000
MOST_LABELS = 200
DEEPEST = 20  # nesting of a payload (security.md S34)
SEVERITY_WORDS = {
    "critical": 1, "page": 1, "emergency": 1, "fatal": 1, "disaster": 1,
    "error": 2, "major": 2, "high": 2,
    "warning": 3, "warn": 3, "minor": 3, "medium": 3,
    "info": 4, "low": 4, "notice": 4,
    "none": 5, "debug": 5,
}  # fmt: skip


class Unreadable(Exception):
    """Nothing in the payload could be read. `errors` names each field, what is wrong and what would be right."""

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__(str(errors))
        self.errors = errors


@dataclass(frozen=True)
class Item:
    """One thing a sender says: it fires or it is over. `severity` none: the source's own default."""

    firing: bool
    key: str
    title: str
    severity: int | None = None
    description: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    link: str = ""
    product: str = ""


@dataclass(frozen=True)
class Rejected:
    """One item that could not be read: where it stood, and what is wrong with which field."""

    index: int
    errors: dict[str, list[str]]
    raw: Any = None


@dataclass(frozen=True)
class Parsed:
    items: list[Item]
    rejected: list[Rejected]


def load(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    :raises Unreadable: if it is not UTF-8, not JSON, nested too deep, or not an object.
    """
    try:
        data = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable({"body": [f"Not UTF-8 at byte {error.start}. Send JSON in UTF-8."]}) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable({"body": [f"Not JSON: {str(error)[:120]}. Send one JSON object."]}) from None
    if not isinstance(data, dict):
        raise Unreadable({"body": [f"A JSON {type(data).__name__}, but one object is wanted."]})
    if too_deep(data):
        raise Unreadable({"body": [f"Nested deeper than {DEEPEST} levels. Send a flatter object."]})
    return data


def too_deep(data: Any) -> bool:
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        level = [child for value in level for child in children(value)]
        if not level:
            return False
    return True


def children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def clean(text: str) -> str:
    """Return `text` without what a database cannot keep: NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


class Reader:
    """Reads fields of one item and collects what is wrong with them."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.errors: dict[str, list[str]] = {}

    def wrong(self, name: str, text: str) -> None:
        self.errors.setdefault(name, []).append(text)

    def text(self, name: str, *, most: int = LONGEST_TEXT, required: bool = False, line: bool = False) -> str:
        """Return a text field, cut to `most`, on one line if `line`; a number is taken as its digits."""
        value = self.data.get(name)
        if value is None or value == "":
            if required:
                self.wrong(name, "Missing. Give it a text.")
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.wrong(name, f"{short(value)} is a {kind(value)}; a text is wanted.")
            return ""
        text = clean(str(value)).strip()
        if line:
            text = " ".join(text.split())
        if required and not text:
            self.wrong(name, "Empty. Give it a text.")
        return text[:most]

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.data.get(name, default)
        if value not in choices:
            self.wrong(name, f"{short(value)} is not known; write {' or '.join(choices)}.")
            return default
        return str(value)

    def labels(self, name: str) -> dict[str, str]:
        value = self.data.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(name, f"{short(value)} is a {kind(value)}; an object of texts is wanted.")
            return {}
        if len(value) > MOST_LABELS:
            self.wrong(name, f"{len(value)} labels; {MOST_LABELS} are the most.")
            return {}
        return {clean(str(key))[:200]: clean(plain(one))[:1000] for key, one in value.items()}

    def severity(self, name: str) -> int | None:
        value = self.data.get(name)
        if value is None or value == "":
            return None
        found = severity_of(value)
        if found is None:
            self.wrong(name, f"{short(value)} is no severity; write a number from 1 (worst) to 5.")
        return found


def severity_of(value: Any) -> int | None:
    """Return 1 to 5 for a number, “SEV-2”, or a usual word such as critical or warning; nothing for anything else."""
    if isinstance(value, bool):
        return None
    word = str(value).strip().lower().removeprefix("sev").lstrip("-_ ")
    if word in {"1", "2", "3", "4", "5"}:
        return int(word)
    return SEVERITY_WORDS.get(word)


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def short(value: Any) -> str:
    text = clean(plain(value))
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"


def kind(value: Any) -> str:
    names = {
        "dict": "object",
        "list": "list",
        "bool": "yes or no",
        "int": "number",
        "float": "number",
        "NoneType": "null",
    }
    return names.get(type(value).__name__, "text")
