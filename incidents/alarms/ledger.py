"""What was not sent, and why: one list of everything that called nobody, was only counted, shared a page, or waits.

Held firings are rows; repeats, shared pages and what a throttle or quiet hours hold back are read where they stand, and
what flapped or was put aside by hand from the log. What goes on is there however long ago it began.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, Exists, F, Model, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat

from incidents.alarms.models import ITSELF, LATENCY, Alarm, AlarmPage, AlarmQuerySet, Held, LogEntry
from incidents.alarms.watch import aside
from incidents.escalation.models import Step
from incidents.escalation.queries import default_policy
from oncall.limits import queries as limits
from oncall.paging.models import Notice, Page
from oncall.people.models import Person
from oncall.troubles.models import Trouble

ASIDE_BY_KEY = {"budget.burn": "burn_fast_long_s"}  # limits, by key of an alarm of the latency rules
USUALLY = timedelta(days=7)  # looked back, where nobody says since when
PAGE = 50
WHYS: dict[str, str] = {
    "silenced": "Silenced",
    "grouped": "Grouped under another alarm",
    "waits_for_hours": "Waits for working hours",
    "shadow": "In shadow",
    "waived": "Waived",
    "flapping": "Flapping: “over” is not believed yet",
    "repeated": "Repeats, counted for an alarm",
    "put_aside": "Put aside: somebody resolved it",
    "joined": "Joined a page that was calling",
    "throttled": "Held back: throttle or quiet hours",
}
OF_HELD = ("silenced", "grouped", "waits_for_hours", "shadow", "waived")


@dataclass(frozen=True)
class Asked:
    """`whose`: only what would have called this person; else everybody's. Pages are always of `person`."""

    person: Person
    now: datetime
    since: datetime
    why: str = ""  # empty: every reason
    whose: Person | None = None
    source: UUID | None = None
    product: str = ""
    words: str = ""  # in the title
    before: str = ""  # a cursor; empty: from the newest


@dataclass(frozen=True)
class Entry:
    """One thing that called nobody, or nobody anew. `at`: when it began to; `ended_at` None: it goes on."""

    at: datetime
    why: str
    title: str
    text: str
    id: str
    source: str = ""
    source_id: UUID | None = None
    key: str = ""
    product: str = ""
    severity: int | None = None
    count: int = 1
    until: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str = ""
    url: str = ""  # of what to look at: its alarm, its parent, its silence
    person: str = ""

    @property
    def why_in_words(self) -> str:
        return WHYS[self.why]


@dataclass(frozen=True)
class Found:
    entries: list[Entry]
    next: str  # cursor of the next page; empty: this is the last


@dataclass(frozen=True)
class _Kind:
    """One place where such things stand: its rows, what orders them, how one is told, and which go on however old they
    are.
    """

    rows: Callable[[Asked], "QuerySet[Any]"]
    at: str
    told: Callable[[Any], Entry]
    goes_on: Callable[[Asked], Q]


def look(asked: Asked, *, at_most: int = PAGE) -> Found:
    """Return what was not sent, the newest first; at most so many statements as there are kinds."""
    start = _read(asked.before)
    wanted = [rank for rank, (whys, _) in enumerate(KINDS) if not asked.why or asked.why in whys]
    streams = [_stream(rank, asked, start, at_most + 1) for rank in wanted]
    merged = heapq.merge(*streams, key=lambda pair: pair[0], reverse=True)
    first = [pair for pair, _ in zip(merged, range(at_most + 1), strict=False)]
    more = len(first) > at_most
    return Found([entry for _, entry in first[:at_most]], _written(first[at_most - 1][0]) if more else "")


Place = tuple[datetime, int, str]  # instant, rank of the kind, id


def _stream(rank: int, asked: Asked, start: Place | None, most: int) -> Iterator[tuple[Place, Entry]]:
    """Yield one kind, the newest first; ids of one instant in their order as text, as the database compares them."""
    kind = KINDS[rank][1]
    recent = Q(**{f"{kind.at}__gte": asked.since}) | kind.goes_on(asked)
    rows = kind.rows(asked).filter(recent).order_by(f"-{kind.at}", "-pk")
    if start is not None:
        at, of, pk = start
        here = Q(**{f"{kind.at}__lt": at})
        if rank < of:
            here |= Q(**{kind.at: at})
        elif rank == of and _fits_key(rows.model, pk):
            here |= Q(**{kind.at: at, "pk__lt": pk})
        rows = rows.filter(here)
    for row in rows[:most]:
        yield (getattr(row, kind.at), rank, _sortable(row.pk)), kind.told(row)


def _fits_key(model: type[Model], pk: str) -> bool:
    try:
        model._meta.pk.to_python(pk)
    except ValidationError:  # an id that somebody wrote is none of ours
        return False
    return True


def _sortable(pk: object) -> str:
    return f"{pk:020d}" if isinstance(pk, int) else str(pk)


def _written(place: Place) -> str:
    return f"{place[0].astimezone(UTC).isoformat()}~{place[1]}~{place[2]}"


def _read(cursor: str) -> Place | None:
    """Return the place a cursor names; anything else names the beginning."""
    at, _, rest = cursor.partition("~")
    rank, _, pk = rest.partition("~")
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        return None
    if instant.tzinfo is None or not 1990 <= instant.year <= 2099 or rank not in {str(n) for n in range(len(KINDS))}:
        return None
    return (instant.astimezone(UTC), int(rank), pk) if pk and "\x00" not in pk else None


# --- The kinds --------------------------------------------------------------------------------------------------------


def _policies_of(person: Person, *, now: datetime) -> tuple[set[UUID], bool]:
    """Return the policies that can call somebody, and whether the default one can."""
    found = set(Step.objects.that_can_call(person, now=now).values_list("policy_id", flat=True))
    usual = default_policy()
    return found, usual is not None and usual.pk in found


def _about(asked: Asked, rows: "QuerySet[Any]", *, at: str = "") -> "QuerySet[Any]":
    """Narrow rows that have source, product and title, below `at`, to what is asked for."""
    if asked.source is not None:
        rows = rows.filter(**{f"{at}source_id": asked.source})
    if asked.product:
        rows = rows.filter(
            Q(**{f"{at}product": asked.product}) | Q(**{f"{at}product__startswith": f"{asked.product}/"})
        )
    if asked.words:
        rows = rows.filter(**{f"{at}title__icontains": asked.words})
    return rows


def _held(asked: Asked) -> "QuerySet[Held]":
    rows = _about(asked, Held.objects.select_related("silence", "parent", "alarm"))
    if asked.why:
        rows = rows.filter(why=asked.why)
    if asked.whose is not None:
        found, usual = _policies_of(asked.whose, now=asked.now)
        rows = rows.filter(Q(policy_id__in=found) | (Q(policy_id__isnull=True) if usual else Q(pk__in=[])))
    return rows


def _told_held(row: Held) -> Entry:
    about = row.alarm or row.silence or row.parent
    return Entry(
        at=row.first_at, why=row.why, title=row.title, text=row.text, id=str(row.pk), source=row.source,
        source_id=row.source_id, key=row.key, product=row.product, severity=row.severity, count=row.count,
        until=row.until, ended_at=row.ended_at, ended_why=row.ended_why, url=about.path if about else "",
    )  # fmt: skip


def _alarms(asked: Asked) -> AlarmQuerySet:
    rows: Any = _about(asked, Alarm.objects.visible_to(asked.person))
    if asked.whose is not None:
        rows = rows.filter(policy__in=_policies_of(asked.whose, now=asked.now)[0])
    found: AlarmQuerySet = rows
    return found


def _repeated(asked: Asked) -> "QuerySet[Alarm]":
    return _alarms(asked).filter(count__gt=1)


def _told_alarm(row: Alarm) -> Entry:
    return Entry(
        at=row.fired_at, why="repeated", title=row.title, id=str(row.pk), source=row.source, source_id=row.source_id,
        text=f"{row.count - 1} more signals were counted; the last {_at(row.last_signal_at)}.",
        key=row.key, product=row.product, severity=row.severity, count=row.count - 1, ended_at=row.resolved_at,
        url=row.path,
    )  # fmt: skip


def _still_counts(asked: Asked) -> Q:
    """It counted lately; of what is over the index by its end knows that, and nothing counts after that."""
    return Q(last_signal_at__gte=asked.since) & (Q(resolved_at__isnull=True) | Q(resolved_at__gte=asked.since))


def _lines(alarms: AlarmQuerySet, *, until: tuple[str, ...], **which: Any) -> "QuerySet[Any]":
    """Return lines of the log of alarms, each with `next_at`: of the next line that is one of `until`, or null."""
    later = LogEntry.objects.filter(alarm=OuterRef("alarm"), at__gte=OuterRef("at"), kind__in=until).order_by("at")
    rows: QuerySet[Any] = LogEntry.objects.filter(alarm__in=alarms, **which).select_related("alarm", "person")
    lines: QuerySet[Any] = rows.annotate(next_at=Subquery(later.values("at")[:1]))
    return lines


def _flapping(asked: Asked) -> "QuerySet[Any]":
    return _lines(_alarms(asked), kind=LogEntry.Kind.FLAPPING, until=(LogEntry.Kind.RESOLVED,))


def _still_flaps(asked: Asked) -> Q:
    return Q(alarm__flapping_since__isnull=False, at__gte=F("alarm__flapping_since"))


def _told_flapping(row: Any) -> Entry:
    alarm, ended = row.alarm, row.next_at
    quiet = f" It says that it is over; believed {_at(alarm.over_due)} if it stays quiet." if alarm.over_due else ""
    text = f"Its source opens and resolves it in turns, which calls nobody anew.{'' if ended else quiet}"
    until = None if ended else alarm.over_due
    return _told_line(row, why="flapping", text=text, until=until, ended_at=ended)


def _put_aside(asked: Asked) -> "QuerySet[Any]":
    """What somebody resolved while it went on, of this system's troubles; and what they resolved of the latency rules:
    whether these went on is not written down, but nobody would have been called.
    """
    since = min(asked.since, asked.now - _longest_aside(asked))
    alarms = _alarms(asked).filter(Q(resolved_at__isnull=True) | Q(resolved_at__gte=since))
    resolved, again = LogEntry.Kind.RESOLVED, (LogEntry.Kind.REOPENED, LogEntry.Kind.UNDONE)
    ours = alarms.filter(source_id__in=(ITSELF, LATENCY))
    rows = _lines(ours, kind=resolved, person__isnull=False, until=again)
    named = Trouble.objects.annotate(named=Concat("kind", Value(":"), "key", output_field=TextField()))
    went_on = named.filter(named=OuterRef("alarm__key"), since__lte=OuterRef("at"), seen_at__gt=OuterRef("at"))
    asked_at = Value(asked.now, output_field=DateTimeField())
    lines: QuerySet[Any] = rows.annotate(over_at=Subquery(went_on.values("until")[:1]), asked_at=asked_at)
    return lines.filter(Q(alarm__source_id=LATENCY) | Exists(went_on))


def _still_aside(asked: Asked) -> Q:
    return Q(at__gte=asked.now - _longest_aside(asked))


def _longest_aside(asked: Asked) -> timedelta:
    return limits.lately(asked.now).span("trouble_put_aside_s")


def _told_put_aside(row: Any) -> Entry:
    alarm, in_force = row.alarm, limits.lately(row.asked_at)
    if alarm.source_id == ITSELF:
        span = aside(alarm.key.partition(":")[0], limits=in_force)
    else:
        span = in_force.span(ASIDE_BY_KEY.get(alarm.key, "latency_put_aside_s"))
    until = row.at + span
    ended = min(one for one in (until, row.next_at, row.over_at) if one is not None)
    text = f"{row.person.name} resolved it: while it goes on it calls nobody before {_at(until).removeprefix('at ')}."
    ended_at = ended if ended <= row.asked_at else None
    return _told_line(row, why="put_aside", text=text, until=None if ended_at else until, ended_at=ended_at)


def _told_line(row: LogEntry, **said: Any) -> Entry:
    alarm = row.alarm
    return Entry(
        at=row.at, title=alarm.title, id=str(row.pk), source=alarm.source, source_id=alarm.source_id, key=alarm.key,
        product=alarm.product, severity=alarm.severity, url=alarm.path, **said,
    )  # fmt: skip


def _joined(asked: Asked) -> "QuerySet[AlarmPage]":
    rows = AlarmPage.objects.filter(page__person=asked.person, edition__gt=1, page__created_at__gte=asked.since)
    return _about(asked, rows.select_related("alarm", "page__person"), at="alarm__")


def _told_joined(row: AlarmPage) -> Entry:
    alarm, page = row.alarm, row.page
    return Entry(
        at=row.linked_at, why="joined", title=alarm.title, id=str(row.pk), source=alarm.source,
        source_id=alarm.source_id, key=alarm.key, product=alarm.product, severity=alarm.severity,
        text=f"No page of its own: it joined {page.reference}, which was calling.", ended_at=page.ended_at,
        ended_why=page.ended_why, url=alarm.path, person=page.person.name,
    )  # fmt: skip


def _waiting_pages(asked: Asked) -> "QuerySet[Page]":
    late = Q(held_until__isnull=False) | Q(quiet_until__isnull=False)
    return _said_to(asked, Page.objects.filter(late, person=asked.person).select_related("person"))


def _still_waits(asked: Asked) -> Q:
    return Q(ended_at__isnull=True) & (Q(held_until__gt=asked.now) | Q(quiet_until__gt=asked.now))


def _waiting_notices(asked: Asked) -> "QuerySet[Notice]":
    rows = Notice.objects.filter(person=asked.person).exclude(held_why="").select_related("person")
    return _said_to(asked, rows, words="text")


def _said_to(asked: Asked, rows: "QuerySet[Any]", *, words: str = "title") -> "QuerySet[Any]":
    """A page or notice is of no one source or product: asked for one of these, there is none."""
    if asked.source is not None or asked.product:
        return rows.none()
    return rows.filter(**{f"{words}__icontains": asked.words}) if asked.words else rows


def _told_page(row: Page) -> Entry:
    why = row.held_why if row.held_until else "It fell into quiet hours; only calls and texts waited."
    return Entry(
        at=row.created_at, why="throttled", title=row.title, text=f"Page {row.reference}: {why}", id=str(row.pk),
        severity=row.severity, until=row.held_until or row.quiet_until, ended_at=row.ended_at,
        ended_why=row.ended_why, url=f"/pages/{row.pk}/why/", person=row.person.name,
    )  # fmt: skip


def _told_notice(row: Notice) -> Entry:
    return Entry(
        at=row.created_at, why="throttled", title=row.text[:300], text=f"Notice: {row.held_why}", id=str(row.pk),
        until=row.next_due, person=row.person.name,
    )  # fmt: skip


def _at(instant: datetime) -> str:
    return f"at {instant.astimezone(UTC):%d %b %H:%M} UTC"


KINDS: list[tuple[tuple[str, ...], _Kind]] = [
    (OF_HELD, _Kind(_held, "first_at", _told_held, lambda asked: Q(state=Held.State.HELD))),
    (("flapping",), _Kind(_flapping, "at", _told_flapping, _still_flaps)),
    (("repeated",), _Kind(_repeated, "fired_at", _told_alarm, _still_counts)),
    (("joined",), _Kind(_joined, "linked_at", _told_joined, lambda asked: Q(pk__in=[]))),
    (("throttled",), _Kind(_waiting_pages, "created_at", _told_page, _still_waits)),
    (("throttled",), _Kind(_waiting_notices, "created_at", _told_notice, lambda asked: Q(next_due__isnull=False))),
    (("put_aside",), _Kind(_put_aside, "at", _told_put_aside, _still_aside)),
]


def children_of(alarm: Alarm) -> list[Held]:
    """Return what was held under an alarm, what still is first; the latest, at most 20."""
    states = Held.State.values
    return list(Held.objects.filter(parent=alarm, state__in=states).order_by("state", "-first_at")[:20])


def count_children(alarm: Alarm) -> int:
    return Held.objects.held().filter(parent=alarm).count()
