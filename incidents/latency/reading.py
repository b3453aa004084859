"""What other programs report of visits, checked item by item. PURE.

Written by hand: a thousand of them in one request cost some 10 ms here and a second in serializers. Every refusal names
the field, what it says and what would be right. Fields that we do not know are passed over. Shapes: api.md, as
incidents/latency/api.py shows them in the schema. Source: domain.md 5.2, 5.3; row R17.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

STAGES = ("none", "isr", "single_frame", "ap_pipe", "sent")
ENDED = ("complete", "failed")
WAIVED = ("template_gap", "engineering")
MOST = 2_147_483_647  # alerts of one visit, as far as a column goes
SHORTEST_ID, LONGEST_ID = 9, 18  # digits of a visit_id: its day_obs and a number
FIRST_YEAR, LAST_YEAR = 1990, 2099
DAY, ROLL = timedelta(days=1), timedelta(hours=12)  # day_obs is the date at UTC-12
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
SHOWN = 60  # characters of a wrong value that an error repeats

Errors = dict[str, list[str]]


class Refused(ValueError):
    """An item cannot be taken. `errors` names each wrong field, what it says and what would be right."""

    def __init__(self, errors: Errors) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class VisitReport:
    """A visit as reported. Instants are UTC. `expected_alerts` None: not said."""

    visit_id: int
    day_obs: int
    instrument: str
    survey_block: str
    band: str
    end_readout: datetime
    on_sky: bool
    dome_open: bool
    expected_alerts: int | None
    waived: str


def reach(sent: int, last_sent_at: datetime | None, stage: str, ended: str) -> tuple[Any, ...]:
    """Return how far a report goes, so that of two the later one stays whichever comes first: what was sent counts more
    than nothing, a later last alert more than an earlier, a pipeline that ended complete more than one that failed, a
    later stage more than an earlier. Reports that go as far as each other replace one another as they arrive.
    """
    if sent:
        return (1, last_sent_at)
    return (0, ended == "complete", STAGES.index(stage))


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What was sent for a visit, as reported. Instants are UTC; None where nothing was sent. `limit_s`: the reporting
    limit by which the sender counted `sent_within_limit`; None: not said.
    """

    visit_id: int
    sent: int
    sent_within_limit: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    stage: str
    ended: str
    waived: str
    limit_s: int | None

    @property
    def reach(self) -> tuple[Any, ...]:
        """How far this report goes (domain.md 5.3)."""
        return reach(self.sent, self.last_sent_at, self.stage, self.ended)


@dataclass(frozen=True, slots=True)
class NextVisitReport:
    """The telescope's word that a visit is coming. `visit_id` None: the sender does not say which it will be."""

    group_id: str
    instrument: str
    survey_block: str
    announced_at: datetime
    visit_id: int | None


def read_visit(item: object, *, latest: datetime) -> VisitReport:
    """Return a visit of the public shape. No instant may be after `latest`.

    :raises Refused: with every field that is wrong.
    """
    reader = _Reader(item)
    visit_id, day = reader.visit_id()
    end_readout = reader.instant("end_readout", latest=latest)
    if day and end_readout and abs((end_readout - ROLL).date() - day) > DAY:
        night = f"{(end_readout - ROLL).date():%Y%m%d}"
        reader.refuse(
            "visit_id",
            f"{visit_id} begins with the night {day:%Y%m%d}, but end_readout {_z(end_readout)} is in the night {night} "
            "(its date at UTC-12). Send the one that is right; a day apart is taken.",
        )
    report = (
        reader.text("instrument", 40),
        reader.text("survey_block", 60),
        reader.text("band", 10, may_be_empty=True),
        reader.truth("on_sky"),
        reader.truth("dome_open"),
        reader.count("expected_alerts", optional=True),
        reader.choice("waived", WAIVED, default=""),
    )
    reader.finish()
    assert day is not None
    assert end_readout is not None
    instrument, survey_block, band, on_sky, dome_open, expected_alerts, waived = report
    return VisitReport(
        visit_id=visit_id,
        day_obs=visit_id // 10 ** (len(str(visit_id)) - 8),
        instrument=instrument,
        survey_block=survey_block,
        band=band,
        end_readout=end_readout,
        on_sky=on_sky,
        dome_open=dome_open,
        expected_alerts=expected_alerts,
        waived=waived,
    )


def read_delivery(item: object, *, latest: datetime) -> DeliveryReport:
    """Return a delivery of the public shape. No instant may be after `latest`, nor a day before its visit's night.

    :raises Refused: with every field that is wrong.
    """
    reader = _Reader(item)
    visit_id, day = reader.visit_id()
    sent, within = reader.count("sent") or 0, reader.count("sent_within_limit") or 0
    if within > sent and not reader.errors:
        reader.refuse("sent_within_limit", f"{within} is more than sent, {sent}. It counts some of those.")
    first = reader.instant("first_sent_at", latest=latest, optional=True)
    last = reader.instant("last_sent_at", latest=latest, optional=True)
    for name, value in (("first_sent_at", first), ("last_sent_at", last)):
        if name in reader.errors or "sent" in reader.errors:
            continue
        if sent and value is None:
            reader.refuse(name, f"Missing, but {sent} were sent. Say when, such as 2027-03-20T23:45:00Z.")
        elif not sent and value is not None:
            reader.refuse(name, f"{_z(value)}, but sent is 0. Leave it out, or send the number that was sent.")
        elif value and day and value < datetime(day.year, day.month, day.day, tzinfo=UTC) - ROLL:
            reader.refuse(name, f"{_z(value)} is before the night {day:%Y%m%d} of its visit. Send the right instant.")
    if first and last and last < first:
        reader.refuse("last_sent_at", f"{_z(last)} is before first_sent_at, {_z(first)}. Exchange them.")
    stage = reader.choice("stage", STAGES)
    ended = reader.choice("ended", ENDED, default="complete" if sent else "failed")
    waived = reader.choice("waived", WAIVED, default="")
    limit_s = reader.count("limit_s", optional=True)
    reader.finish()
    return DeliveryReport(visit_id, sent, within, first, last, stage, ended, waived, limit_s)


def read_next_visit(item: object, *, latest: datetime) -> NextVisitReport:
    """Return a nextVisit of the public shape. It was not announced after `latest`.

    :raises Refused: with every field that is wrong.
    """
    reader = _Reader(item)
    group_id = reader.text("group_id", 80)
    instrument, survey_block = reader.text("instrument", 40), reader.text("survey_block", 60)
    announced_at = reader.instant("announced_at", latest=latest)
    visit_id = None
    if reader.item.get("visit_id") is not None:
        visit_id, _ = reader.visit_id()
    reader.finish()
    assert announced_at is not None
    return NextVisitReport(group_id, instrument, survey_block, announced_at, visit_id)


def is_text(value: object) -> bool:
    """Say whether it is a text that a database keeps: no NUL, no half of a surrogate pair."""
    if not isinstance(value, str) or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)


class _Reader:
    """Reads the fields of one item, and remembers what is wrong with them."""

    def __init__(self, item: object) -> None:
        if not isinstance(item, Mapping):
            raise Refused({"detail": [f"{_shown(item)} is no object. Send an object with the fields of the shape."]})
        self.item: Mapping[str, Any] = item
        self.errors: Errors = {}

    def refuse(self, field: str, text: str) -> None:
        self.errors.setdefault(field, []).append(text)

    def finish(self) -> None:
        if self.errors:
            raise Refused(self.errors)

    def visit_id(self) -> tuple[int, date | None]:
        """Return the id and the date it begins with; None if it is wrong."""
        value = self.item.get("visit_id")
        if type(value) is not int:
            self._wrong("visit_id", value, "Send a number that begins with its day_obs, such as 2027062000123.")
            return 0, None
        digits = str(value) if 0 < value < 10**LONGEST_ID else ""  # Python refuses to write very long numbers
        if len(digits) < SHORTEST_ID:
            self._wrong("visit_id", value, "Send 9 to 18 digits that begin with its day_obs, such as 2027062000123.")
            return 0, None
        try:
            day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            day = None
        if day is None or not FIRST_YEAR <= day.year <= LAST_YEAR:
            said = f"{digits} begins with {digits[:8]}, which is no night from {FIRST_YEAR} to {LAST_YEAR}."
            self.refuse("visit_id", f"{said} Begin it with its day_obs, YYYYMMDD.")
            return 0, None
        return value, day

    def text(self, field: str, longest: int, *, may_be_empty: bool = False) -> str:
        value = self.item.get(field)
        if not isinstance(value, str):
            self._wrong(field, value, f"Send a text of up to {longest} characters.")
        elif not is_text(value):
            self.refuse(field, "It holds a NUL or half a surrogate pair. Leave the character out.")
        elif len(value) > longest:
            self.refuse(field, f"{_shown(value)} has {len(value)} characters. Send {longest} at most.")
        elif not value.strip() and not may_be_empty:
            self.refuse(field, f"It is empty. Send a text of up to {longest} characters.")
        else:
            return value
        return ""

    def truth(self, field: str) -> bool:
        value = self.item.get(field)
        if not isinstance(value, bool):
            self._wrong(field, value, "Send true or false.")
        return value is True

    def count(self, field: str, *, optional: bool = False) -> int | None:
        value = self.item.get(field)
        if value is None and optional:
            return None
        if type(value) is int and 0 <= value <= MOST:
            return value
        self._wrong(field, value, f"Send a whole number from 0 to {MOST}.")
        return None

    def choice(self, field: str, known: tuple[str, ...], *, default: str | None = None) -> str:
        value = self.item.get(field)
        if value is None and default is not None:
            return default
        if isinstance(value, str) and value in known:
            return value
        nothing = " or null" if default == "" else ""
        self._wrong(field, value, f"Send one of {', '.join(known)}{nothing}.")
        return ""

    def instant(self, field: str, *, latest: datetime, optional: bool = False) -> datetime | None:
        """Return an instant in UTC; None where it is wrong, or optional and not there."""
        value = self.item.get(field)
        if value is None and optional:
            return None
        found = _instant(value)
        if found is None:
            self._wrong(field, value, "Send an instant with its offset, such as 2027-03-20T23:45:00Z.")
        elif not FIRST_YEAR <= found.year <= LAST_YEAR:
            self._wrong(field, value, f"Send an instant between {FIRST_YEAR} and {LAST_YEAR}.")
        elif found > latest:
            self._wrong(field, value, f"It has yet to come: here nothing is after {_z(latest)}. Look at your clock.")
        else:
            return found
        return None

    def _wrong(self, field: str, value: object, remedy: str) -> None:
        if field not in self.item:
            self.refuse(field, f"Missing. {remedy}")
        else:
            self.refuse(field, f"{_shown(value)} will not do. {remedy}")


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or not RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _shown(value: object) -> str:
    """Return a wrong value as an error may repeat it: short, printable, and never a number too long to write."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**LONGEST_ID:
        return f"A number of more than {LONGEST_ID} digits"
    if isinstance(value, list | dict):
        return "A list" if isinstance(value, list) else "An object"
    words = {None: "null", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _z(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
