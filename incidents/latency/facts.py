"""PURE. What the rules over visits and alerts go by: the facts of an instant, each visit judged. Instants are UTC."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from incidents.latency.verdict import CAMERA, Judged, Told, judge

NONE, WITHHELD, LATE, FLOOD, NEXT_VISIT, LINK = KINDS = (
    "alerts.none",
    "alerts.withheld",
    "alerts.late",
    "alerts.flood",
    "nextvisit.none",
    "heartbeat.lost",
)
FINISHED = frozenset({"ap_pipe", "sent"})  # a pipeline that ends here had alerts in hand
MARGIN = timedelta(minutes=15)  # beyond the longest window of a rule, of visits that are looked at
AHEAD = timedelta(minutes=10)  # what lies further ahead of when it was told had not happened, whoever said so
MANY = 3  # records that come at once are no live feed
Span = tuple[datetime, datetime]  # half-open


@dataclass(frozen=True)
class Terms:
    """The numbers of one rule. `visits`: how many it takes; `window`: of time, as each rule says below; `worse` after
    `worse_after`: the severity that it rises to while it lasts, None: it does not rise. `stage` empty: as found.
    """

    kind: str
    visits: int
    window: timedelta
    severity: int
    share: Decimal = Decimal("0.98")
    alerts: int = 40_000
    factor: Decimal = Decimal(3)
    worse: int | None = None
    worse_after: timedelta | None = None
    stage: str = ""


@dataclass(frozen=True)
class Numbers:
    """What all rules share; each is a limit row (limits 0017_rules) with this as its first value."""

    most_alerts: int = 40_000
    share: Decimal = Decimal("0.98")
    overdue: timedelta = timedelta(seconds=120)  # the alarm limit
    good_visits: int = 5
    catch_up: timedelta = timedelta(seconds=900)  # an alert sent later than this is no sign that alerts flow
    parted: timedelta = timedelta(hours=1)  # so long without an eligible visit: what was before is another story
    feed: timedelta = timedelta(days=7)  # a nextVisit heard within says that they are sent here at all
    settle: timedelta = timedelta(seconds=60)  # after having been away: what was kept for us comes in
    away: timedelta = timedelta(seconds=120)  # so long without a look is having been away
    back: timedelta = timedelta(seconds=900)  # signs of life for so long end a lost link
    data_old: timedelta = timedelta(seconds=120)  # what was heard longer ago says nothing of now


@dataclass(frozen=True)
class Seen:
    """A visit, as known: what was told of it, when its record first came (`first_heard`), and when its last alert was
    sent, no later than that was told.
    """

    visit_id: int
    told: Told
    heard_at: datetime
    last_sent_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When its readout ended; no later than it was heard of, whatever the clock that says so."""
        return min(self.told.end_readout, self.heard_at)

    @property
    def is_ours(self) -> bool:
        """Another telescope's image says that the link is there, and nothing of our dome and our alerts."""
        return self.told.instrument == CAMERA


@dataclass(frozen=True)
class Announced:
    """A nextVisit, and when it came. `visit_id`: None where it does not say which visit it will be."""

    announced_at: datetime
    heard_at: datetime
    visit_id: int | None = None


@dataclass(frozen=True)
class Facts:
    """All that the rules go by. Visits and nextVisits are those of this night, in any order, one for each id.

    `night`: sunset to sunrise; `dark`: the observing minutes; `dome`, `dome_at`: what heartbeats last said of the dome
    this night; `announced`: the newest nextVisit, of any night; `awake_since`: since when somebody looks
    without a break; `spans`: by kind, when a rule last stood, from the first image it is about until it was over (now,
    if it stands); `over`: when it was over, of those that do not stand; `usual`: alerts for a visit in a median night,
    `alerts` and `with_alerts` those of this night so far.
    """

    now: datetime
    night: Span | None
    dark: Span | None
    awake_since: datetime
    visits: tuple[Seen, ...] = ()
    next_visits: tuple[Announced, ...] = ()
    announced: Announced | None = None
    beat_at: datetime | None = None
    dome: bool | None = None
    dome_at: datetime | None = None
    spans: dict[str, Span] = field(default_factory=dict)
    over: dict[str, datetime] = field(default_factory=dict)
    alerts: int = 0
    with_alerts: int = 0
    usual: Decimal | None = None


@dataclass(frozen=True)
class Line:
    """An eligible visit, as the rules take it. `silent`: past the alarm limit, and nothing live was sent for it."""

    seen: Seen
    good: bool
    flows: bool
    overdue: bool

    @property
    def at(self) -> datetime:
        return self.seen.at

    @property
    def silent(self) -> bool:
        return self.overdue and not self.flows

    @property
    def decided(self) -> bool:
        """A visit for which nothing was sent and that is younger than the alarm limit is neither good nor bad."""
        return self.flows or self.good or self.overdue

    @property
    def withheld(self) -> bool:
        """Its pipeline ended well with alerts in hand, and sent none: as when Sattle withholds them by design."""
        told = self.seen.told
        return self.silent and told.reported and told.ended == "complete" and told.stage in FINISHED

    @property
    def share(self) -> Fraction:
        told = self.seen.told
        return Fraction(told.sent_within_limit, told.sent) if self.flows and told.sent else Fraction(0)


@dataclass(frozen=True)
class Picture:
    """The facts with every visit of the camera since sunset judged. `lines`: eligible visits; `floods`: those with too
    many alerts sent; `other`: the last that is neither, and why. All by end of readout. `off`: `clock_off`.
    """

    facts: Facts
    numbers: Numbers
    lines: list[Line]
    floods: list[Seen]
    other: tuple[Seen, str] | None
    off: timedelta = timedelta()

    @property
    def decided(self) -> list[Line]:
        return [line for line in self.lines if line.decided]

    def run(self) -> list[Line]:
        """Return the last visits for which nothing goes out, in order: after the last one with alerts or break."""
        found: list[Line] = []
        for line in reversed(self.decided):
            if not line.silent or (found and found[-1].at - line.at > self.numbers.parted):
                break
            found.append(line)
        return found[::-1]

    def good_since(self, instant: datetime) -> bool:
        """Say whether enough visits in a row were in time, up to the last decided one, all after `instant`."""
        last = self.decided[-self.numbers.good_visits :]
        return len(last) == self.numbers.good_visits and all(line.good and line.at > instant for line in last)

    def last_alert(self) -> datetime | None:
        """Return when an alert was last sent live: what a catch-up sends says nothing of what flows now."""
        sent = [line.seen.last_sent_at or line.seen.told.first_sent_at for line in self.lines if line.flows]
        within = [at for at in sent if at is not None]
        return max((min(at, self.facts.now) for at in within), default=None)


def picture(facts: Facts, numbers: Numbers) -> Picture:
    """Judge every visit as of `facts.now`.

    A visit that was told late, of a time at which the link is known to have been lost, is that rule's affair: nothing
    can be done about it now but to catch up.
    """
    lines, floods, other = [], [], None
    lost = facts.spans.get(LINK)
    for seen in sorted(facts.visits, key=lambda one: (one.at, one.visit_id)):
        at = seen.at
        if not seen.is_ours or (facts.night is not None and at < facts.night[0]):
            continue  # what is taken by day is checkout, and dark by nightfall
        if lost and lost[0] <= at < lost[1] and seen.heard_at > at + numbers.overdue:
            continue
        judged = judge(seen.told, now=facts.now, most_alerts=numbers.most_alerts, share=numbers.share)
        if judged.verdict != "not_eligible":
            lines.append(_line(seen, judged, facts, numbers))
        elif judged.why == "flood" and seen.told.sent:
            floods.append(seen)
        else:
            other = (seen, judged.why)
    return Picture(facts, numbers, lines, floods, other, clock_off(facts, numbers))


def _line(seen: Seen, judged: Judged, facts: Facts, numbers: Numbers) -> Line:
    told = seen.told
    late = told.first_sent_at is not None and told.first_sent_at > told.end_readout + numbers.catch_up
    return Line(
        seen,
        good=judged.verdict == "in_time" and not late,
        flows=told.sent > 0 and not late,
        overdue=facts.now >= seen.heard_at + numbers.overdue,
    )


def recent(terms: Iterable[Terms]) -> timedelta:
    """Return how long before the newest image of the night a rule may still look."""
    return max((one.window for one in terms), default=timedelta()) + MARGIN


def last_sign(seen: Picture) -> datetime | None:
    """Return when anything was last heard that comes from the summit: its beats, images and nextVisits."""
    return max(signs(seen), default=None)


def signs(seen: Picture) -> list[datetime]:
    """Return every instant at which the summit was heard, none after now.

    What came late was on its way: it says little of now, unless all does, by a clock that is slow.
    """
    facts, old = seen.facts, seen.numbers.data_old + max(seen.off, timedelta())
    heard = [min(one.heard_at, one.told.end_readout + old, facts.now) for one in facts.visits]
    if facts.announced is not None:
        heard.append(min(facts.announced.heard_at, facts.announced.announced_at + old, facts.now))
    return [*heard, facts.beat_at] if facts.beat_at else heard


def clock_off(facts: Facts, numbers: Numbers) -> timedelta:
    """Return by how much the summit's clock seems to be slow, or ahead (negative): nothing that was heard lately came
    sooner after its time. Zero where that is little, or so much that it is no matter of a clock. What comes many at
    once was kept somewhere, and says nothing of clocks.
    """
    told = [(one.heard_at, one.told.end_readout) for one in facts.visits]
    if facts.announced is not None:
        told.append((facts.announced.heard_at, facts.announced.announced_at))
    at_once = Counter(heard for heard, _ in told)
    lags = [
        heard - at
        for heard, at in told
        if facts.now - heard <= numbers.back and (at_once[heard] < MANY or abs(heard - at) <= numbers.data_old)
    ]
    least = min(lags, key=abs, default=timedelta())
    return least if numbers.data_old < abs(least) <= numbers.parted else timedelta()


def first_heard(at: datetime, received_at: datetime, reported_at: datetime) -> datetime | None:
    """Return when something of `at` was first heard of, given its first and its last report; None: only ahead of its
    time. A night that is handed in before it comes, as a rehearsal, is not that night.
    """
    since = at - AHEAD
    if received_at >= since:
        return received_at
    return reported_at if reported_at >= since else None


def dome_open(facts: Facts) -> bool | None:
    """Return whether the dome is open as it was last said this night, by an image or by a beat; None: nobody said.

    An image of before sunset says nothing of the night: the dome is open by day for other reasons.
    """
    dusk = facts.night[0] if facts.night else facts.now
    said = [(one.at, one.told.dome_open) for one in facts.visits if one.is_ours and dusk <= one.at <= facts.now]
    if facts.dome is not None and facts.dome_at is not None:
        said.append((facts.dome_at, facts.dome))
    return max(said)[1] if said else None
