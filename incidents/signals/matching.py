"""Whether a signal fits a route: its labels, and its title, key, product, stage and severity. PURE.

Own choice: equality and globs, not regular expressions. A source may send 10,000 labels a minute, and a regular
expression that somebody typed could take the machine a minute for each; a glob takes the product of both lengths.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from incidents.alarms.silencing import like

OPS = {"=": "is", "!=": "is not", "=~": "is like", "!~": "is not like"}
FIELDS = ("title", "key", "product", "stage", "severity")  # where no label has that name
MOST, LONGEST_LABEL, LONGEST_VALUE = 20, 120, 200
LINE = re.compile(r"^(?P<label>[^=!~]+?)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>.*)$")


class BadMatcher(ValueError):
    """A matcher that cannot be read. The message is fit to show."""


@dataclass(frozen=True)
class Matcher:
    """One condition. With =~ and !~ `value` is one or several patterns with | between them, in which * is any text and
    ? any one character. A label that is not there counts as empty.
    """

    label: str
    op: str
    value: str

    def fits(self, said: Mapping[str, str]) -> bool:
        """Say whether what a signal says, by label, fulfils it."""
        text = said.get(self.label, "")
        if self.op in ("=", "!="):
            return (text == self.value) == (self.op == "=")
        found = any(like(pattern.strip(), text) for pattern in self.value.split("|"))
        return found == (self.op == "=~")

    def __str__(self) -> str:
        return f"{self.label} {self.op} {self.value}"


def fit(matchers: Iterable[Matcher], said: Mapping[str, str]) -> bool:
    """Say whether all of them fit; none at all fit everything."""
    return all(matcher.fits(said) for matcher in matchers)


def what_it_says(labels: Mapping[str, str] | None, **fields: object) -> dict[str, str]:
    """Return a signal as matchers look at it: its own fields, and over them its labels."""
    return {name: str(value) for name, value in fields.items()} | {
        str(name): str(value) for name, value in (labels or {}).items()
    }


def read_lines(text: str) -> list[Matcher]:
    """Read matchers as people type them, one a line: severity = critical, or alertname =~ Kafka*|Redis*.

    :raises BadMatcher: if a line cannot be read, or there are too many.
    """
    found = [_read(line.strip()) for line in text.splitlines() if line.strip()]
    if len(found) > MOST:
        raise BadMatcher(f"{len(found)} conditions; a route has {MOST} at most. Make several routes.")
    return found


def _read(line: str) -> Matcher:
    match = LINE.match(line)
    if match is None or not match["label"].strip():
        raise BadMatcher(f"“{line[:80]}” is no condition. Write label = value, with =, !=, =~ or !~ between them.")
    label, value = match["label"].strip(), match["value"].strip().strip('"')
    if len(label) > LONGEST_LABEL or len(value) > LONGEST_VALUE or "\x00" in line:
        raise BadMatcher(
            f"“{line[:40]}…” is too long: {LONGEST_LABEL} letters for a label, {LONGEST_VALUE} for a value."
        )
    return Matcher(label, match["op"], value)


def as_json(matchers: Iterable[Matcher]) -> list[dict[str, str]]:
    return [asdict(matcher) for matcher in matchers]


def from_json(rows: Iterable[Mapping[str, Any]]) -> list[Matcher]:
    return [Matcher(str(row["label"]), str(row["op"]), str(row["value"])) for row in rows]
