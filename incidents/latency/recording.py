"""A recorded night as a file: one record a line, each as it arrived. PURE.

A line is a JSON object with `kind` (visit, delivery, next_visit or beat), `at` (when it arrived, RFC 3339 with its
offset) and `body`, which for the first three is the public shape of that thing. A beat is a heartbeat: `name` says
whose it is, and what else its body holds is what the heartbeat said (`{"dome_open": false}`). Lines that are empty or
begin with # say nothing. Records may stand in any order; `in_order` puts them as they arrived.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

VISIT, DELIVERY, NEXT_VISIT, BEAT = KINDS = ("visit", "delivery", "next_visit", "beat")
INSTANTS = ("end_readout", "first_sent_at", "last_sent_at", "announced_at")  # in a body; each may be absent or null
DAY = timedelta(days=1)
SEQUENCE = 100_000  # a visit_id is its day_obs and five digits


class UnreadableLine(ValueError):
    """A line is no record. `number` counts from 1; the message says what is wrong with it, fit to show."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"Line {number}: {problem}")
        self.number, self.problem = number, problem


@dataclass(frozen=True)
class Record:
    """Something arrived at `at` (UTC)."""

    kind: str
    at: datetime
    body: dict[str, Any]


def read(lines: Iterable[str]) -> Iterator[Record]:
    """Yield the records of a file, as they stand in it.

    :raises UnreadableLine: at the first line that is no record. What a body holds is not looked at.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield _record(line, number)


def write(records: Iterable[Record]) -> Iterator[str]:
    """Yield each record as a line, with its newline; `read` gives back what this wrote."""
    for record in records:
        said = {"kind": record.kind, "at": written(record.at), "body": record.body}
        yield json.dumps(said, separators=(",", ":")) + "\n"


def in_order(records: Iterable[Record]) -> list[Record]:
    """Return them as they arrived; of one instant, as they stood."""
    return sorted(records, key=lambda record: record.at)


def shifted(record: Record, by: timedelta) -> Record:
    """Return the record as if the night had been `by` later.

    Its instants move by just that; the day_obs that its visit_id begins with moves by the nearest number of whole days,
    so that a visit and its delivery still name the same visit.

    :raises ValueError: if a body's instant or visit_id cannot be read, or the calendar ends before.
    """
    try:
        return _shifted(record, by)
    except OverflowError:
        raise ValueError(f"{by} later is beyond the calendar") from None


def _shifted(record: Record, by: timedelta) -> Record:
    body = dict(record.body)
    for name in INSTANTS:
        if body.get(name) is not None:
            body[name] = written(instant(body[name]) + by)
    if body.get("visit_id") is not None:
        night, number = divmod(int(body["visit_id"]), SEQUENCE)
        day = date(night // 10_000, night // 100 % 100, night % 100) + timedelta(days=round(by / DAY))
        body["visit_id"] = int(f"{day:%Y%m%d}") * SEQUENCE + number
    if "group_id" in body and by:
        body["group_id"] = f"{body['group_id']} {by // timedelta(seconds=1):+d} s"[:80]
    return replace(record, at=record.at + by, body=body)


def instant(text: object) -> datetime:
    """Return an instant in UTC.

    :raises ValueError: if it is not RFC 3339 or has no offset.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no instant")
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError(f"{text!r} has no offset")
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is out of reach") from None


def written(at: datetime) -> str:
    """Return an instant as programs write it: 2027-03-20T23:45:00Z, with its fraction of a second if it has one."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _record(line: str, number: int) -> Record:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UnreadableLine(number, f"this is no JSON: {error}. Write one object a line.") from None
    if not isinstance(said, dict):
        raise UnreadableLine(number, "this is no object. Write kind, at and body.")
    if said.get("kind") not in KINDS:
        raise UnreadableLine(number, f"kind is {said.get('kind')!r}; it must be one of {', '.join(KINDS)}.")
    if not isinstance(said.get("body"), dict):
        raise UnreadableLine(number, "body is no object. Write the public shape of the thing there.")
    try:
        at = instant(said.get("at"))
    except ValueError as error:
        raise UnreadableLine(number, f"at: {error}. Write it as 2027-03-20T23:45:00Z.") from None
    return Record(kind=said["kind"], at=at, body=said["body"])
