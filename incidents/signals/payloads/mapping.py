"""PURE. Kind `mapped`: JSON of any shape, read as somebody said on the page of its source what means what.

The mapping is data: {"items": path of a list, "title": path or text with {paths}, "key", "description", "link",
"product": likewise, "status", "severity": path, "labels": ["path" or "name = path"], "statuses": {"ok": "resolved"},
"severities": {"crit": 1}}. Only `title` is required, of what is over only `key`. Paths are those of
paths.py; nothing is evaluated.
"""

import json
from typing import Any

from incidents.signals.payloads import paths
from incidents.signals.payloads.items import (
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_LABELS,
    Item,
    Parsed,
    Rejected,
    as_key,
    clean,
    load_any,
    plain,
    severity_of,
    short,
)

TEXTS = ("title", "key", "description", "link", "product")  # a path, or a text with paths in braces
VALUES = ("status", "severity")  # a path
WORDS = ("statuses", "severities")
NO_MAPPING = "No mapping yet. Choose on the page of its source what means what, then send it again from there."
MISSING, ANY = "missing", "*"  # in `statuses`: nothing stands there; any other word
MOST_WORDS = 100
STATES = ("firing", "resolved")
FIRING = set(
    "firing alarm alerting alert problem trigger triggered open opened active new critical crit error warning warn bad"
    " down fail failed failing unhealthy".split()
)
RESOLVED = set(
    "resolve resolved ok okay recovery recovered close closed normal clear cleared up good inactive success passed"
    " healthy".split()
)
Stored = dict[str, Any]
Errors = dict[str, list[str]]


class BadMapping(ValueError):
    """It cannot be used. `errors` names each field, what is wrong and what would be right."""

    def __init__(self, errors: Errors) -> None:
        super().__init__(str(errors))
        self.errors = errors


def check(stored: Stored) -> None:
    """Make sure that a mapping can be used.

    :raises BadMapping: with every field that cannot.
    """
    errors: Errors = {}
    for name in ("items", *VALUES):
        _check_path(name, stored.get(name), errors, is_text=False)
    for name in TEXTS:
        _check_path(name, stored.get(name), errors, is_text=True)
    if not stored.get("title"):
        errors["title"] = ["Missing. Choose what a person reads first."]
    labels = stored.get("labels") or []
    if not isinstance(labels, list) or len(labels) > MOST_LABELS:
        errors["labels"] = [f"A list of at most {MOST_LABELS} paths is wanted."]
    else:
        for label in labels:
            _check_path("labels", _label(label)[1] if isinstance(label, str) else label, errors, is_text=False)
    for name in WORDS:
        _check_words(name, stored.get(name), errors)
    if errors:
        raise BadMapping(errors)


def _check_path(name: str, text: Any, errors: Errors, *, is_text: bool) -> None:
    if text is None or text == "":
        return
    try:
        if not isinstance(text, str):
            raise paths.BadPath(f"{short(text)} is no path.")
        if len(text) > paths.LONGEST:
            raise paths.BadPath(f"{len(text)} characters; {paths.LONGEST} are the most.")
        if is_text:
            if not paths.holes(text):
                raise paths.BadPath("A brace without a path. Write {data.name}.")
        else:
            paths.parse(text)
    except paths.BadPath as error:
        errors.setdefault(name, []).append(str(error))


def _check_words(name: str, words: Any, errors: Errors) -> None:
    if not words:
        return
    if not isinstance(words, dict) or len(words) > MOST_WORDS:
        errors[name] = [f"At most {MOST_WORDS} words are wanted, each with what it means."]
        return
    for word, meaning in words.items():
        if name == "statuses" and meaning not in STATES:
            errors.setdefault(name, []).append(f"“{word}” = {short(meaning)}; write firing or resolved.")
        if name == "severities" and meaning not in (1, 2, 3, 4, 5):
            errors.setdefault(name, []).append(f"“{word}” = {short(meaning)}; write a number from 1 (worst) to 5.")


def parse(body: bytes, mapping: Stored) -> Parsed:
    """Return every item that the mapping finds, beside what it finds nothing in. Without a mapping, or where its list
    is not there, the payload as a whole is rejected (place -1), so that it is kept whole.

    :raises Unreadable: if it is not JSON.
    """
    data = load_any(body)
    if not mapping:
        return Parsed([], [Rejected(-1, {"mapping": [NO_MAPPING]}, data)])
    try:
        check(mapping)
    except BadMapping as error:
        return Parsed([], [Rejected(-1, {"mapping": [f"Its mapping cannot be used: {error}. Mend it."]}, data)])
    where = mapping.get("items") or ""
    if not where:
        item, errors = read(data, data, mapping)
        return Parsed([item], []) if item else Parsed([], [Rejected(-1, errors, data)])
    rows = paths.find(paths.parse(where), data, data)
    if not isinstance(rows, list) or not rows:
        what = "an empty list" if rows == [] else "nothing" if rows is None else short(rows)
        return Parsed([], [Rejected(-1, {where: [f"Here is {what}; the mapping looks for a list of items."]}, data)])
    parsed = Parsed([], [])
    for index, row in enumerate(rows):
        item, errors = read(row, data, mapping)
        if item is None:
            parsed.rejected.append(Rejected(index, errors, row))
        else:
            parsed.items.append(item)
    return parsed


def read(row: Any, whole: Any, mapping: Stored) -> tuple[Item | None, Errors]:
    """Return what a usable mapping finds in one item of a payload, or what is wrong at which path.

    A severity word that neither the mapping nor we know is left to the source's default, and kept as a label, so that
    people see it.
    """
    errors: Errors = {}
    text = {name: paths.fill(where, row, whole) if (where := mapping.get(name)) else "" for name in TEXTS}
    title = " ".join(text["title"].split())[:LONGEST_TITLE]
    firing = _is_firing(row, whole, mapping, errors)
    if firing and not title:
        errors[mapping["title"]] = ["Nothing here, so it has no title. Mend the item, or choose another place for it."]
    key = as_key(text["key"])
    if not firing and not key and not errors:
        errors[mapping.get("key") or "key"] = ["Missing. Give the key of its alarm: nothing else says what is over."]
    if errors:
        return None, errors
    labels = _labels(row, whole, mapping)
    return (
        Item(
            firing=firing,
            key=key,
            title=title or key,
            severity=_severity(row, whole, mapping, labels),
            description=text["description"][:LONGEST_TEXT],
            labels=labels,
            link=text["link"][:1000],
            product=text["product"][:120],
        ),
        {},
    )


def _is_firing(row: Any, whole: Any, mapping: Stored, errors: Errors) -> bool:
    where = mapping.get("status")
    if not where:
        return True
    words = mapping.get("statuses") or {}
    value = paths.find(paths.parse(where), row, whole)
    word = _word(value)
    if value is None or word == "":
        return bool(words.get(MISSING, "firing") == "firing")
    meaning = words.get(word) or ("firing" if word in FIRING else "resolved" if word in RESOLVED else words.get(ANY))
    if meaning is None:
        errors[where] = [f"{short(value)} is no status we know. Say in the mapping whether it is firing or resolved."]
    return bool(meaning != "resolved")


def _severity(row: Any, whole: Any, mapping: Stored, labels: dict[str, str]) -> int | None:
    """Return the severity; of one that nobody knows its word becomes a label, unless there is one of that name."""
    where = mapping.get("severity")
    if not where:
        return None
    value = paths.find(paths.parse(where), row, whole)
    if value is None:
        return None
    meaning = (mapping.get("severities") or {}).get(_word(value))
    found = meaning if isinstance(meaning, int) else severity_of(value)
    if found is None and (said := paths.told(value)):
        labels.setdefault("severity", said[:1000])
    return found


def _word(value: Any) -> str:
    """Return a value as people write it in the mapping: true, 0, ok."""
    return paths.told(value).casefold()


def _labels(row: Any, whole: Any, mapping: Stored) -> dict[str, str]:
    """Return what stands at each path as a label; of an object, each of its members."""
    found: dict[str, str] = {}
    for text in mapping.get("labels") or []:
        name, where = _label(text)
        path = paths.parse(where)
        value = paths.find(path, row, whole)
        if value is None:
            continue
        many = value if isinstance(value, dict) else {name or (path.steps and str(path.steps[-1])) or "payload": value}
        for key, one in many.items():
            if len(found) < MOST_LABELS and one is not None:
                found[clean(str(key))[:200]] = clean(plain(one))[:1000]
    return found


def _label(text: str) -> tuple[str, str]:
    """Return the name and the path of a label: “host = data.host”, or a path alone, whose last step names it."""
    name, equals, where = text.partition("=")
    return (name.strip(), where.strip()) if equals and '"' not in name else ("", text.strip())


def wrap(item: str, *, whole: str, mapping: Stored) -> str:
    """Return one item as a payload of this mapping: in its list, all else as it was when it came in `whole`, but for
    what that says of items which it left out.

    :raises ValueError: if either is no JSON, or the path of the list cannot be read.
    """
    where = mapping.get("items") or ""
    if not where:
        return item
    row, data = json.loads(item), json.loads(whole)
    if isinstance(data, dict):
        data.pop("truncatedAlerts", None)
    steps = paths.parse(where).steps
    if not steps:
        return json.dumps([row])
    holder = paths.find(paths.Path(steps[:-1]), data, data)
    if paths.find(paths.Path(steps), data, data) is not None:
        holder[steps[-1]] = [row]  # it was found, so `holder` is the object or the list that has it
        return json.dumps(data)
    built: Any = [row]
    for step in reversed(steps):
        built = {str(step): built}
    return json.dumps(built)
