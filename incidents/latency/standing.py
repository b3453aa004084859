"""PURE. How a rule stands from one look to the next: it begins to fire, gets worse, is over after five good visits.

One step takes what was known, the facts of now and the rules' numbers, and returns what is known next and what changed.
Rehearsals and the real thing take the same steps (docs/latency.md; domain.md 5.3).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from incidents.latency.facts import LINK, Facts, Numbers, Picture, Span, Terms, dome_open, picture, signs
from incidents.latency.rules import BLIND, QUIET, Finding, look

BEGINS, WORSE, OVER = "begins", "worse", "over"


@dataclass(frozen=True)
class Standing:
    """How a rule stands. `since` None: it does not.

    `began`: when it was first seen to fire; `last`: when it last was; `first_at`: the first image it is about;
    `quiet_since`: since when it has been quiet, while it stands; `left`: it still stood when its night ended, and so
    five good visits of a later one are still news; `ended`, `ended_first_at`: of the time before.
    """

    since: datetime | None = None
    began: datetime | None = None
    last: datetime | None = None
    first_at: datetime | None = None
    severity: int = 0
    title: str = ""
    stage: str = ""
    count: int = 0
    first_visit: int | None = None
    last_visit: int | None = None
    quiet_since: datetime | None = None
    left: bool = False
    ended: datetime | None = None
    ended_first_at: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.since is not None

    @property
    def is_open(self) -> bool:
        """Its alarm may be open: its end would be news."""
        return self.stands or self.left


@dataclass(frozen=True)
class Memory:
    """What is known from one look to the next: of each rule, and of looking itself. `day_obs` as a number."""

    looked_at: datetime | None = None
    awake_since: datetime | None = None
    day_obs: int = 0
    standings: Mapping[str, Standing] = field(default_factory=dict)

    def of(self, kind: str) -> Standing:
        return self.standings.get(kind, Standing())

    def spans(self, now: datetime) -> dict[str, Span]:
        """Return when each rule last stood (rules.Facts)."""
        found: dict[str, Span] = {}
        for kind, one in self.standings.items():
            if one.since is not None:
                found[kind] = (min(one.first_at or one.since, one.since), now)
            elif one.ended is not None:
                found[kind] = (one.ended_first_at or one.ended, one.ended)
        return found

    def over(self) -> dict[str, datetime]:
        return {kind: one.ended for kind, one in self.standings.items() if one.since is None and one.ended is not None}


@dataclass(frozen=True)
class Change:
    """A rule began to fire, got worse, or is over; `standing` is how it stands by that (before, where it is over)."""

    what: str
    kind: str
    at: datetime
    standing: Standing
    why: str


@dataclass(frozen=True)
class Looked:
    memory: Memory
    picture: Picture
    findings: dict[str, Finding]
    changes: list[Change]


def awake(memory: Memory, now: datetime, numbers: Numbers) -> datetime:
    """Return since when somebody has been looking without a break, this look included.

    Also where the clock went back: what came before is then of another time.
    """
    known = memory.looked_at is not None and memory.awake_since is not None
    if not known or memory.looked_at is None or memory.awake_since is None:
        return now
    broken = now < memory.looked_at or now - memory.looked_at > numbers.away
    return now if broken else memory.awake_since


def step(memory: Memory, facts: Facts, terms: Iterable[Terms], *, day_obs: int, numbers: Numbers) -> Looked:
    """Look once. `facts` were gathered with `memory.spans`, `memory.over` and `awake`.

    Rules that are not among `terms` are off, and forgotten.
    """
    seen = picture(facts, numbers)
    findings: dict[str, Finding] = {}
    changes: list[Change] = []
    standings: dict[str, Standing] = {}
    for one in terms:
        was = memory.of(one.kind)
        if day_obs != memory.day_obs and was.stands:
            was = Standing(left=True, severity=was.severity, ended=facts.now, ended_first_at=was.first_at)
        found = look(seen, one)
        findings[one.kind] = found
        standings[one.kind], change = _next(was, found, seen, one)
        if change:
            changes.append(change)
    after = Memory(facts.now, facts.awake_since, day_obs, standings)
    return Looked(after, seen, findings, changes)


def _next(was: Standing, found: Finding, seen: Picture, terms: Terms) -> tuple[Standing, Change | None]:
    now = seen.facts.now
    if found.fires and not was.stands:
        if now - seen.facts.awake_since < seen.numbers.settle:
            return was, None  # just back: what was kept for us meanwhile has not come in yet
        began = _taking(Standing(began=now, severity=terms.severity), found, now)
        began = replace(began, severity=_severity(began, terms, now))
        return began, Change(BEGINS, terms.kind, now, began, found.why)
    if found.fires:
        stays = _taking(was, found, now)
        severity = min(_severity(stays, terms, now), was.severity)
        stays = replace(stays, severity=severity)
        change = Change(WORSE, terms.kind, now, stays, found.why) if severity < was.severity else None
        return stays, change
    if not was.is_open:
        return was, None
    stays = was
    if was.quiet_since is None and found.says == QUIET:
        stays = replace(was, quiet_since=now)
    elif found.says == BLIND:
        stays = replace(was, quiet_since=None)
    why = _why_over(stays, found, seen, terms)
    if not why:
        return stays, None
    over = Standing(ended=now, ended_first_at=was.first_at or was.ended_first_at)
    return over, Change(OVER, terms.kind, now, stays, why)


def _taking(standing: Standing, found: Finding, now: datetime) -> Standing:
    """Return the standing with what was found now. Since when, and the first image, stay as they were found first."""
    return replace(
        standing,
        since=standing.since or found.since or now,
        last=now,
        first_at=standing.first_at or found.first_at,
        title=found.why,
        stage=found.stage,
        count=max(standing.count, found.count),
        first_visit=standing.first_visit or found.first_visit,
        last_visit=found.last_visit,
        quiet_since=None,
        left=False,
    )


def _severity(standing: Standing, terms: Terms, now: datetime) -> int:
    if terms.worse is None or terms.worse_after is None or standing.since is None:
        return terms.severity
    return min(terms.severity, terms.worse) if now - standing.since >= terms.worse_after else terms.severity


def _why_over(standing: Standing, found: Finding, seen: Picture, terms: Terms) -> str:
    """Return why it is over; nothing while it is not."""
    if found.says != QUIET:
        return ""
    bad = max((at for at in (standing.first_at, standing.since, standing.ended) if at is not None), default=None)
    if bad is not None and seen.good_since(bad):
        return f"{seen.numbers.good_visits} visits in a row were in time."
    if terms.kind != LINK or standing.quiet_since is None:
        return ""
    facts = seen.facts
    dark = facts.dark is not None and facts.dark[0] <= facts.now < facts.dark[1]
    heard = any(at > bad for at in signs(seen)) if bad else False
    if heard and (not dark or dome_open(facts) is False):
        return "The summit is heard again, and observing is not expected now."
    if heard and facts.now - standing.quiet_since >= seen.numbers.back:
        return "The summit has been heard again for a while."
    return ""
