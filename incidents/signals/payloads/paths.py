"""PURE. A place in a JSON payload, as people write it: `data.hosts[0].name`, `labels["odd name"]`, `$.receiver`.

Our own notation, on purpose no language: names, places in a list from 0, and `$` for the whole payload where a path
would else begin at one item of it. A text with places in braces, `{host}: {check}`, joins several.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from incidents.signals.payloads.items import clean, plain

LONGEST = 200  # characters of a path
MOST_STEPS = 12
MOST_PLACES = 150  # of one payload on a screen
DEEPEST_PLACE = 7
STEP = re.compile(r'\[(?P<at>\d{1,5})\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]|(?P<dot>\.?)(?P<name>[^\s.\[\]"{}$]+)')
HOLE = re.compile(r"\{([^{}]*)\}")
SIMPLE = re.compile(r'[^\s.\[\]"{}$]+')


class BadPath(ValueError):
    """It cannot be read as a path. The message says where and what would be right, and is fit to show."""


@dataclass(frozen=True)
class Path:
    """Names and places, from one item of the payload or, if `whole`, from the payload itself."""

    steps: tuple[str | int, ...]
    whole: bool = False

    def __str__(self) -> str:
        return write(self.steps, whole=self.whole)


def parse(text: str) -> Path:
    """Return the path that `text` writes; `$` alone is the whole payload.

    :raises BadPath: if it cannot be read, is longer than 200 characters or has more than 12 steps.
    """
    text = text.strip()
    if not text:
        raise BadPath("Empty. Write a path such as data.name.")
    if len(text) > LONGEST:
        raise BadPath(f"{len(text)} characters; {LONGEST} are the most for a path.")
    at = 1 if text.startswith("$") else 0
    whole, steps = at == 1, list[str | int]()
    while at < len(text):
        found = STEP.match(text, at)
        is_first = at == 0
        if found is None or (found["name"] is not None and bool(found["dot"]) == is_first):
            raise BadPath(f'“{text[at : at + 20]}” is no step of a path. Write data.name, data[0] or data["odd name"].')
        steps.append(_step(found))
        at = found.end()
    if len(steps) > MOST_STEPS:
        raise BadPath(f"{len(steps)} steps; {MOST_STEPS} are the most.")
    return Path(tuple(steps), whole)


def _step(found: "re.Match[str]") -> str | int:
    if found["at"] is not None:
        return int(found["at"])
    if found["quoted"] is None:
        return found["name"]
    try:
        return str(json.loads(f'"{found["quoted"]}"'))
    except ValueError:
        raise BadPath(f"“{found['quoted'][:20]}” is no name in quotes; write \\\\ for a backslash.") from None


def write(steps: tuple[str | int, ...], *, whole: bool = False) -> str:
    """Return a path as `parse` reads it."""
    text = "$" if whole else ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif SIMPLE.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def find(path: Path, item: Any, whole: Any) -> Any:
    """Return what stands there, or None where nothing does."""
    value = whole if path.whole else item
    for step in path.steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def holes(text: str) -> list[Path]:
    """Return the paths in the braces of a text; of one without braces, the one path it is.

    :raises BadPath: if one cannot be read.
    """
    return [parse(one) for one in HOLE.findall(text)] if "{" in text else [parse(text)]


def fill(text: str, item: Any, whole: Any) -> str:
    """Return what stands at a path, or a text with its braces filled in, as one text; empty where nothing stands there.

    :raises BadPath: if a path cannot be read.
    """
    if "{" not in text:
        return told(find(parse(text), item, whole))
    filled = HOLE.sub(lambda hole: told(find(parse(hole[1]), item, whole)), text)
    return filled if any(told(find(path, item, whole)) for path in holes(text)) else ""


def told(value: Any) -> str:
    """Return a value as text: itself, a number's digits, true or false, JSON for a list or an object."""
    return "" if value is None else clean(plain(value)).strip()


@dataclass(frozen=True)
class Place:
    """A place of a payload and what stands there, shortened, for people to choose from."""

    path: str
    sample: str
    is_list: bool = False
    is_object: bool = False


def places(data: Any, *, whole: bool = False) -> list[Place]:
    """Return the first 150 places of a payload, in its order; of a list only its first member is looked into."""
    found: list[Place] = []
    for steps, value in _walk(data, ()):
        if len(found) == MOST_PLACES:
            break
        path = write(steps, whole=whole)
        if 0 < len(path) <= LONGEST:
            found.append(Place(path, _sample(value), isinstance(value, list), isinstance(value, dict)))
    return found


def _walk(value: Any, steps: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if steps:
        yield steps, value
    if len(steps) >= DEEPEST_PLACE:
        return
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _walk(one, (*steps, str(name)))
    elif isinstance(value, list) and value:
        yield from _walk(value[0], (*steps, 0))


def _sample(value: Any) -> str:
    if isinstance(value, list):
        return f"list of {len(value)}"
    if isinstance(value, dict):
        return f"object of {len(value)}"
    text = " ".join(told(value).split()) if value is not None else "null"
    return text[:60] + ("…" if len(text) > 60 else "")
