"""PURE. What a parser returns, and the small checks all of them share."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LONGEST_TITLE = 300
LONGEST_TEXT = 10_000
LONGEST_KEY = 200
MOST_LABELS = 200
UNTITLED = "No alertname among the labels and no summary annotation, so it has no title. Give its rule a summary."
DEEPEST = 20  # nesting of a payload (security.md S34)
# Whose words these are: syslog's (RFC 5424, syslog.conf: emerg, panic, alert, crit, err, notice, informational, debug);
# Nagios' (critical, warning); Zabbix's trigger severities (disaster, high, average, warning, information); PagerDuty's
# (critical, error, warning, info); ITU-T X.733's (critical, major, minor, warning); the SRE workbook's (page, ticket);
# ServiceNow's (critical, high, moderate, low). Own choice: of two meanings the worse (urgent, severe). What is a state
# and no severity (ok, unknown, down) is left to the source's default.
SEVERITY_WORDS = {
    "critical": 1, "crit": 1, "page": 1, "emergency": 1, "emerg": 1, "panic": 1, "alert": 1, "fatal": 1, "disaster": 1,
    "urgent": 1, "severe": 1,
    "error": 2, "err": 2, "major": 2, "high": 2,
    "warning": 3, "warn": 3, "minor": 3, "medium": 3, "moderate": 3, "average": 3, "ticket": 3,
    "info": 4, "information": 4, "informational": 4, "low": 4, "notice": 4,
    "none": 5, "debug": 5,
}  # fmt: skip
# 2, 2.0, SEV-2, severity 2, P2, priority 2, S2. Who counts from P0 or Sev0 (Azure Monitor) means the worst by it; a
# bare 0 is syslog's worst and Zabbix's “not classified”, so it is unknown.
NUMBERED = re.compile(r"(?:(?:sev(?:erity)?|prio(?:rity)?|p|s)[-_ ]*([0-5])|([1-5]))(?:\.0)?")


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
    data = load_any(body)
    if not isinstance(data, dict):
        raise Unreadable({"body": [f"A JSON {type(data).__name__}, but one object is wanted."]})
    return data


def load_any(body: bytes) -> Any:
    """Return the JSON value in `body`, of whatever type.

    :raises Unreadable: if it is not UTF-8, not JSON, or nested too deep.
    """
    try:
        data = json.loads(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable({"body": [f"Not UTF-8 at byte {error.start}. Send JSON in UTF-8."]}) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable({"body": [f"Not JSON: {str(error)[:120]}. Send one JSON object."]}) from None
    if too_deep(data):
        raise Unreadable({"body": [f"Nested deeper than {DEEPEST} levels. Send a flatter object."]})
    return data


Read = Callable[[dict[str, Any]], tuple[Item | None, dict[str, list[str]]]]


def each(rows: Any, name: str, read: Read) -> Parsed:
    """Read every row of the list that stands under `name`: each is accepted or rejected, none is passed over.

    :raises Unreadable: if it is no list, or an empty one.
    """
    if not isinstance(rows, list):
        raise Unreadable({name: [f"{short(rows)} is {kind(rows)}; a list is wanted."]})
    if not rows:
        raise Unreadable({name: ["Empty. Send at least one."]})
    parsed = Parsed([], [])
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            wrong = {name: [f"{short(row)} is {kind(row)}; an object is wanted."]}
            parsed.rejected.append(Rejected(index, wrong, row))
            continue
        item, errors = read(row)
        if item is None:
            parsed.rejected.append(Rejected(index, errors, row))
        else:
            parsed.items.append(item)
    return parsed


def say_what_was_cut(data: dict[str, Any], parsed: Parsed, *, remedy: str) -> None:
    """Add a rejection, after all items, where the sender says that it left some out: they are known to nobody here.

    Senders of the Alertmanager family count them in `truncatedAlerts`.
    """
    cut = data.get("truncatedAlerts")
    if not cut:  # 0, or a sender that does not know the field
        return
    text = f"The sender left {short(cut)} more out. {remedy} They are not known here: look there for what they are."
    index = len(parsed.items) + len(parsed.rejected)
    parsed.rejected.append(Rejected(index, {"truncatedAlerts": [text]}, {"truncatedAlerts": cut}))


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

    def need_only(self, *names: str) -> None:
        """Forget what is wrong with any other field: what says that an alarm is over is of use without it."""
        self.errors = {name: texts for name, texts in self.errors.items() if name in names}

    def text(self, name: str, *, most: int = LONGEST_TEXT, required: bool = False, line: bool = False) -> str:
        """Return a text field, cut to `most`, on one line if `line`; a number is taken as its digits."""
        value = self.data.get(name)
        if value is None or value == "":
            if required:
                self.wrong(name, "Missing. Give it a text.")
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.wrong(name, f"{short(value)} is {kind(value)}; a text is wanted.")
            return ""
        text = clean(str(value)).strip()
        if line:
            text = " ".join(text.split())
        if required and not text:
            self.wrong(name, "Empty. Give it a text.")
        return text[:most]

    def key(self, name: str, *, required: bool = False) -> str:
        """Return a deduplication key. Of a long one the end becomes a digest: cut off, two would be one alarm."""
        return as_key(self.text(name, required=required))

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
            self.wrong(name, f"{short(value)} is {kind(value)}; an object of texts is wanted.")
            return {}
        if len(value) > MOST_LABELS:
            self.wrong(name, f"{len(value)} labels; {MOST_LABELS} are the most. Send fewer.")
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
    """Return 1 to 5 for a number, “SEV-2”, “P2”, or a usual word such as critical or warning; else nothing."""
    if isinstance(value, bool):
        return None
    word = str(value).strip().lower()
    found = NUMBERED.fullmatch(word)
    return max(int(found[1] or found[2]), 1) if found else SEVERITY_WORDS.get(word)


def one_line(texts: dict[str, str], *names: str) -> str:
    """Return the first of these labels that is more than blanks, on one line; nothing if none is."""
    return next((line for name in names if (line := " ".join(texts.get(name, "").split()))), "")


def as_key(text: str) -> str:
    if len(text) <= LONGEST_KEY:
        return text
    return f"{text[:135]}#{hashlib.sha256(text.encode()).hexdigest()}"


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def short(value: Any) -> str:
    text = clean(plain(value))
    return f"“{text[:40]}{'…' if len(text) > 40 else ''}”"


def kind(value: Any) -> str:
    names = {
        "dict": "an object",
        "list": "a list",
        "bool": "yes or no",
        "int": "a number",
        "float": "a number",
        "NoneType": "null",
    }
    return names.get(type(value).__name__, "a text")
