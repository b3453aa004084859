"""The list of alarms: what may be asked for, kept in the URL, and the rows that answer; quick with 100,000 alarms.

Pages are cut by position (the instant and the id of the last row seen), never by counting rows: page 1,000 is as
quick as page 1, and a row that comes in meanwhile moves nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import QueryDict

from incidents.alarms.models import Alarm, Cause
from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person

PAGE = 50
COUNTED = 1000  # rows that are counted; more are "more than 1,000"
STATES = [
    ("open", "Open"),
    ("firing", "Firing"),
    ("acknowledged", "Acknowledged"),
    ("resolved", "Resolved"),
    ("all", "All"),
]
LAST = {"12h": 12, "24h": 24, "7d": 168, "30d": 720, "365d": 8760}  # hours
NOT_SAID = "none"  # of a cause: resolved, and nobody has said what it was
SOURCES = """
    WITH RECURSIVE one AS (
        (SELECT source_id, source FROM alarms_alarm ORDER BY source_id, fired_at DESC LIMIT 1)
        UNION ALL
        SELECT next.source_id, next.source
          FROM one, LATERAL (
               SELECT source_id, source FROM alarms_alarm
                WHERE source_id > one.source_id ORDER BY source_id, fired_at DESC LIMIT 1) AS next
    )
    SELECT source_id, source FROM one LIMIT 500
"""


@dataclass(frozen=True)
class Wanted:
    """Which alarms: each field narrows them; empty: any. `held`: only what the reader has."""

    state: str = "open"
    severities: tuple[int, ...] = ()
    source: UUID | None = None
    product: str = ""  # it, or anything below it in the tree
    stage: str = ""
    cause: str = ""
    words: str = ""
    last: str = ""  # one of LAST: fired in so many hours before now
    since: datetime | None = None
    until: datetime | None = None
    held: bool = False

    @property
    def query(self) -> str:
        """Return it as the query of a URL; what is as usual stands nowhere."""
        pairs: list[tuple[str, object]] = []
        if self.state != "open":
            pairs.append(("state", self.state))
        pairs += [("severity", one) for one in self.severities]
        for name, value in (("source", self.source), ("product", self.product), ("stage", self.stage)):
            if value:
                pairs.append((name, value))
        for name, value in (("cause", self.cause), ("q", self.words), ("last", self.last)):
            if value:
                pairs.append((name, value))
        for name, instant in (("since", self.since), ("until", self.until)):
            if instant:
                pairs.append((name, instant.isoformat()))
        if self.held:
            pairs.append(("held", "me"))
        return urlencode(pairs)


@dataclass(frozen=True)
class Position:
    """Where a page begins: behind this row, or before it."""

    at: datetime
    id: UUID
    newer: bool = False

    @property
    def text(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"


@dataclass(frozen=True)
class Page:
    rows: list[Alarm]
    newer: str  # query of the page before; empty: there is none
    older: str  # and of the page after


def wanted_from(query: QueryDict) -> tuple[Wanted, list[str]]:
    """Return what a URL asks for, and what in it makes no sense, in words: the rest counts all the same."""
    wrong: list[str] = []

    def words_of(name: str, most: int = 300) -> str:
        return query.get(name, "").replace("\x00", "").strip()[:most]

    def chosen(name: str, choices: list[str], usual: str) -> str:
        value = words_of(name) or usual
        if value not in choices:
            wrong.append(f"{name}: “{value[:40]}” is not known. Choose one of {', '.join(c for c in choices if c)}.")
            return usual
        return value

    severities = []
    for text in query.getlist("severity"):
        if text in {"1", "2", "3", "4", "5"}:
            severities.append(int(text))
        elif text:
            wrong.append(f"severity: “{text[:40]}” is none. Write a number from 1 (worst) to 5.")
    source = None
    if words_of("source"):
        try:
            source = UUID(words_of("source"))
        except ValueError:
            wrong.append(f"source: “{words_of('source')[:40]}” is no id of a source. Choose one from the list.")
    instants: dict[str, datetime | None] = {}
    for name in ("since", "until"):
        instants[name] = _instant(words_of(name))
        if words_of(name) and instants[name] is None:
            wrong.append(
                f"{name}: “{words_of(name)[:40]}” is no instant from 1990 to 2099, such as 2027-03-20T23:45:00Z."
            )
    return (
        Wanted(
            state=chosen("state", [value for value, _ in STATES], "open"),
            severities=tuple(sorted(set(severities))),
            source=source,
            product=words_of("product", 120),
            stage=words_of("stage", 40),
            cause=chosen("cause", ["", NOT_SAID, *Cause.values], ""),
            words=words_of("q"),
            last=chosen("last", ["", *LAST], ""),
            since=instants["since"],
            until=instants["until"],
            held=words_of("held") == "me",
        ),
        wrong,
    )


def _instant(text: str) -> datetime | None:
    """Return the instant meant; a “+” that a URL turned into a blank is one all the same."""
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    try:
        return found if found.tzinfo is not None and EARLIEST <= found < LATEST else None
    except OverflowError:
        return None


def rows(wanted: Wanted, *, for_person: Person, now: datetime) -> QuerySet[Alarm]:
    """Return what is wanted of what they may see, newest first."""
    found = Alarm.objects.visible_to(for_person)
    if wanted.state == "open":
        found = found.open()
    elif wanted.state != "all":
        found = found.filter(state=wanted.state)
    if wanted.held:
        found = found.filter(acknowledged_by=for_person, state=Alarm.State.ACKNOWLEDGED)
    cause = Q(state=Alarm.State.RESOLVED, cause="") if wanted.cause == NOT_SAID else Q(cause=wanted.cause)
    narrowings = [
        (wanted.severities, Q(severity__in=wanted.severities)),
        (wanted.source, Q(source_id=wanted.source)),
        (wanted.product, Q(product=wanted.product) | Q(product__startswith=wanted.product + "/")),
        (wanted.stage, Q(stage=wanted.stage)),
        (wanted.cause, cause),
        (wanted.words, Q(title__icontains=wanted.words)),
        (wanted.last, Q(fired_at__gte=now - timedelta(hours=LAST.get(wanted.last, 0)))),
        (wanted.since, Q(fired_at__gte=wanted.since)),
        (wanted.until, Q(fired_at__lt=wanted.until)),
    ]
    for value, narrowing in narrowings:
        if value:
            found = found.filter(narrowing)
    return found.order_by("-fired_at", "-id")


def page(wanted: Wanted, *, for_person: Person, position: Position | None, now: datetime) -> Page:
    """Return one page of it, in one query."""
    found = rows(wanted, for_person=for_person, now=now).select_related("acknowledged_by")
    backwards = position is not None and position.newer
    if position is not None:
        after = Q(fired_at__gt=position.at) | Q(fired_at=position.at, id__gt=position.id)
        before = Q(fired_at__lt=position.at) | Q(fired_at=position.at, id__lt=position.id)
        edge = Q(fired_at__gte=position.at) if backwards else Q(fired_at__lte=position.at)
        found = found.filter(edge, after if backwards else before)  # the edge is what the index can use
    if backwards:
        found = found.order_by("fired_at", "id")
    taken = list(found[: PAGE + 1])
    more, taken = len(taken) > PAGE, taken[:PAGE]
    if backwards:
        taken.reverse()
    if not taken:
        return Page([], "", "")
    newer = more if backwards else position is not None
    older = True if backwards else more
    return Page(
        taken,
        _link(wanted, "newer", taken[0]) if newer else "",
        _link(wanted, "older", taken[-1]) if older else "",
    )


def _link(wanted: Wanted, way: str, row: Alarm) -> str:
    text = Position(row.fired_at, row.pk).text
    return "&".join(part for part in (wanted.query, urlencode({way: text})) if part)


def position_from(query: QueryDict) -> Position | None:
    """Return where a page begins, from `older=` or `newer=`; nothing for one that nobody could have been given."""
    for way in ("older", "newer"):
        at, _, id = query.get(way, "").rpartition("_")
        instant = _instant(at)
        try:
            if instant is not None:
                return Position(instant, UUID(id), newer=way == "newer")
        except ValueError:
            continue
    return None


def count(wanted: Wanted, *, for_person: Person, now: datetime) -> int:
    """Return how many there are, counted up to 1,001: nobody reads on to know whether it is 40,000 or 41,000."""
    return rows(wanted, for_person=for_person, now=now).order_by()[: COUNTED + 1].count()


def sources() -> list[tuple[UUID, str]]:
    """Return whoever has raised alarms, by the name of their last; one jump in the index for each."""
    with connection.cursor() as cursor:
        cursor.execute(SOURCES)
        found: list[Any] = cursor.fetchall()
    return sorted(((id, name) for id, name in found), key=lambda one: one[1].lower())
