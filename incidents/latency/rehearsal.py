"""PURE. A recorded night played again in memory, on a clock of its own: what each visit became, and which alarms there
would have been. It takes the same steps as the real thing (`standing.py`), pages nobody, and keeps nothing.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from incidents.latency import recording
from incidents.latency.facts import (
    AHEAD,
    LINK,
    MARGIN,
    Announced,
    Facts,
    Numbers,
    Seen,
    Span,
    Terms,
    first_heard,
    recent,
)
from incidents.latency.reading import (
    DeliveryReport,
    NextVisitReport,
    Refused,
    VisitReport,
    read_delivery,
    read_next_visit,
    read_visit,
)
from incidents.latency.recording import Record
from incidents.latency.standing import BEGINS, OVER, Change, Memory, awake, step
from incidents.latency.verdict import CAMERA, FAILED_AFTER, Judged, Told, judge
from rotations.night import sun

NightOf = Callable[[datetime], tuple[Span | None, Span | None]]  # sunset to sunrise, and the observing minutes
TAKEN_AHEAD = timedelta(days=730)  # as the real thing takes reports (limit visit_ahead_s)
LISTENING = timedelta(seconds=120)  # a beat within shows that we would have heard of alerts


@dataclass
class Rang:
    """An alarm that there would have been. `severities`: each that it had, and from when."""

    kind: str
    fired_at: datetime
    stage: str
    title: str
    severities: list[tuple[datetime, int]]
    resolved_at: datetime | None = None


@dataclass(frozen=True)
class Became:
    """A visit and its verdict a day after everything was told."""

    visit_id: int
    end_readout: datetime
    judged: Judged


@dataclass
class Rehearsed:
    """`refused`: lines that could not be taken, each with the reason; `looks`: how often the rules were asked."""

    alarms: list[Rang] = field(default_factory=list)
    visits: list[Became] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    looks: int = 0

    def verdicts(self) -> Counter[str]:
        return Counter(one.judged.verdict for one in self.visits)

    def why_not_eligible(self) -> Counter[str]:
        return Counter(one.judged.why for one in self.visits if one.judged.why)


class Night:
    """All that has been told so far. A later report about a thing takes the place of the earlier one."""

    def __init__(self, *, expected: Mapping[str, bool], usual: Decimal | None) -> None:
        self.visits: dict[int, VisitReport] = {}
        self.heard: dict[int, tuple[datetime, datetime]] = {}  # of every visit, when its first and its last report came
        self.deliveries: dict[int, DeliveryReport] = {}
        self.delivered: dict[int, datetime] = {}  # of every delivery, when its last report came
        self.next_visits: dict[str, tuple[NextVisitReport, datetime]] = {}
        self.by_time: list[tuple[datetime, int]] = []  # end of readout and id of every visit, in order
        self.announced: list[tuple[datetime, datetime, str]] = []  # of every nextVisit when, when it came, and its id
        self.seen: dict[int, Seen] = {}  # as long as nothing new is told of it
        self.beats: list[datetime] = []
        self.dome: tuple[datetime, bool] | None = None
        self.expected, self.usual = expected, usual

    def take(self, record: Record) -> None:
        """Take one record as it arrived.

        :raises Refused: if its body cannot be read.
        """
        latest = record.at + TAKEN_AHEAD
        if record.kind == recording.VISIT:
            self._take_visit(read_visit(record.body, latest=latest), record.at)
        elif record.kind == recording.DELIVERY:
            delivery = read_delivery(record.body, latest=latest)
            before = self.deliveries.get(delivery.visit_id)
            if before is not None and delivery.reach < before.reach:
                return
            self.deliveries[delivery.visit_id], self.delivered[delivery.visit_id] = delivery, record.at
            self.seen.pop(delivery.visit_id, None)
        elif record.kind == recording.NEXT_VISIT:
            self._take_next_visit(read_next_visit(record.body, latest=latest), record.at)
        else:
            self._take_beat(record)

    def _take_visit(self, visit: VisitReport, at: datetime) -> None:
        id = visit.visit_id
        if id in self.visits:
            self.by_time.remove((self.visits[id].end_readout, id))
        insort(self.by_time, (visit.end_readout, id))
        self.visits[id] = visit
        self.heard[id] = self.heard.get(id, (at,))[0], at
        self.seen.pop(id, None)

    def _take_next_visit(self, coming: NextVisitReport, at: datetime) -> None:
        id = coming.group_id
        if id in self.next_visits:
            was, at = self.next_visits.pop(id)
            self.announced.remove((was.announced_at, at, id))
        if coming.instrument == CAMERA:
            insort(self.announced, (coming.announced_at, at, id))
            self.next_visits[id] = coming, at

    def _take_beat(self, record: Record) -> None:
        self.beats.append(record.at)
        said = record.body.get("dome_open")
        if isinstance(said, bool):
            self.dome = record.at, said

    def told(self, visit: VisitReport, sent: DeliveryReport | None) -> Told:
        """Return what is known of a visit and of what was sent for it, as it is judged."""
        return Told(
            instrument=visit.instrument,
            end_readout=visit.end_readout,
            on_sky=visit.on_sky,
            dome_open=visit.dome_open,
            alerts_expected=self.expected.get(visit.survey_block, True),
            expected_alerts=visit.expected_alerts,
            waived=visit.waived or (sent.waived if sent else ""),
            reported=sent is not None,
            sent=sent.sent if sent else 0,
            sent_within_limit=sent.sent_within_limit if sent else 0,
            first_sent_at=sent.first_sent_at if sent else None,
            stage=sent.stage if sent else "none",
            ended=sent.ended if sent else "",
        )

    def facts(self, now: datetime, memory: Memory, *, terms: Sequence[Terms], numbers: Numbers, of: NightOf) -> Facts:
        """Return what the rules would be given at `now`: as `gathering.facts_at` asks it of the database."""
        night, dark = of(now)
        base = Facts(now, night, dark, awake(memory, now, numbers), spans=memory.spans(now), over=memory.over())
        if night is None:
            return base
        newest, beat_at = self._newest(now), self.beats[-1] if self.beats else None
        if not night[0] <= now < night[1]:
            return replace(base, announced=newest, beat_at=beat_at) if memory.of(LINK).is_open else base
        noon = sun.noon_of(sun.day_obs(now))
        end = min(noon + sun.DAY, now + AHEAD)
        first, last = (bisect_left(self.by_time, (at,)) for at in (noon, end))
        tonight = [(at, id) for at, id in self.by_time[first:last] if first_heard(at, *self.heard[id])]
        since = tonight[-1][0] - recent(terms) if tonight else noon
        visits = tuple(self._seen(id) for at, id in tonight if at >= since)
        sent = [self._sent(id) for at, id in tonight if at >= night[0]] if self.usual is not None else []
        dome = self.dome if self.dome and self.dome[0] >= noon else None
        return replace(
            base,
            visits=visits,
            next_visits=self._announced_between(visits[0].told.end_readout - MARGIN, end) if visits else (),
            announced=newest,
            beat_at=beat_at,
            dome=dome[1] if dome else None,
            dome_at=dome[0] if dome else None,
            alerts=sum(sent),
            with_alerts=sum(number > 0 for number in sent),
            usual=self.usual,
        )

    def _sent(self, id: int) -> int:
        sent = self._delivery(id)
        return sent.sent if sent and self.visits[id].instrument == CAMERA else 0

    def _delivery(self, id: int) -> DeliveryReport | None:
        """Return what was sent for a visit; nothing where that was only told ahead of its time."""
        sent = self.deliveries.get(id)
        if sent is None:
            return None
        end = self.visits[id].end_readout
        return sent if self.delivered[id] >= max(sent.first_sent_at or end, end) - AHEAD else None

    def _newest(self, now: datetime) -> Announced | None:
        for announced_at, at, id in reversed(self.announced[: bisect_left(self.announced, (now + AHEAD,))]):
            if at >= announced_at - AHEAD:
                return self._told_of(id)
        return None

    def _told_of(self, group_id: str) -> Announced:
        coming, at = self.next_visits[group_id]
        return Announced(coming.announced_at, at, coming.visit_id)

    def _announced_between(self, since: datetime, end: datetime) -> tuple[Announced, ...]:
        first, last = (bisect_left(self.announced, (at,)) for at in (since, end))
        return tuple(self._told_of(id) for when, at, id in self.announced[first:last] if at >= when - AHEAD)

    def _seen(self, id: int) -> Seen:
        if id not in self.seen:
            visit, sent = self.visits[id], self._delivery(id)
            last = min(sent.last_sent_at, self.delivered[id]) if sent and sent.last_sent_at else None
            heard_at = first_heard(visit.end_readout, *self.heard[id])
            self.seen[id] = Seen(id, self.told(visit, sent), heard_at or self.heard[id][1], last)
        return self.seen[id]

    def settled(self, numbers: Numbers) -> list[Became]:
        """Judge every visit as of a day after its end of readout, by all that was told."""
        found = []
        for id, visit in sorted(self.visits.items()):
            told, until = self.told(visit, self.deliveries.get(id)), visit.end_readout + LISTENING
            heard = told.reported or any(visit.end_readout <= beat <= until for beat in self.beats)
            judged = judge(
                replace(told, listening=heard),
                now=visit.end_readout + FAILED_AFTER,
                most_alerts=numbers.most_alerts,
                share=numbers.share,
            )
            found.append(Became(id, visit.end_readout, judged))
        return found


def rehearse(
    records: Iterable[Record],
    *,
    terms: Sequence[Terms],
    numbers: Numbers,
    night_of: NightOf,
    every: timedelta = timedelta(seconds=5),
    expected: Mapping[str, bool] | None = None,
    usual: Decimal | None = None,
) -> Rehearsed:
    """Play a night. The rules are asked each `every` of its own time, from its first record until `MARGIN` after its
    last; `expected`: whether visits of a survey block are to become alerts, where it is known.
    """
    found, night, memory = Rehearsed(), Night(expected=expected or {}, usual=usual), Memory()
    rang: dict[str, Rang] = {}
    for now, arrived in looks(records, every=every):
        for record in arrived:
            try:
                night.take(record)
            except Refused as refused:
                found.refused.append(f"{recording.written(record.at)} {record.kind}: {refused}")
        facts = night.facts(now, memory, terms=terms, numbers=numbers, of=night_of)
        looked = step(memory, facts, terms, day_obs=int(sun.written(sun.day_obs(now))), numbers=numbers)
        memory = looked.memory
        found.looks += 1
        for change in looked.changes:
            _note(found, rang, change)
    found.visits = night.settled(numbers)
    return found


def looks(records: Iterable[Record], *, every: timedelta) -> Iterator[tuple[datetime, list[Record]]]:
    """Yield each instant at which the rules are asked, on whole multiples of `every`, and what had arrived since the
    one before. It ends `MARGIN` after the last record.
    """
    waiting = recording.in_order(records)
    if not waiting:
        return
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    now = begin + -((begin - waiting[0].at) // every) * every
    end, position = waiting[-1].at + MARGIN, 0
    while now <= end:
        start = position
        while position < len(waiting) and waiting[position].at <= now:
            position += 1
        yield now, waiting[start:position]
        now += every


def _note(found: Rehearsed, rang: dict[str, Rang], change: Change) -> None:
    standing = change.standing
    if change.what == BEGINS:
        alarm = Rang(change.kind, change.at, standing.stage, standing.title, [(change.at, standing.severity)])
        rang[change.kind] = alarm
        found.alarms.append(alarm)
    elif change.kind in rang:
        if change.what == OVER:
            rang.pop(change.kind).resolved_at = change.at
        else:
            rang[change.kind].severities.append((change.at, standing.severity))
