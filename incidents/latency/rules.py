"""PURE. What each rule over visits and alerts says at an instant: quiet, fires, or blind, with the reason.

No rule fires because alerts are missing: only because images are taken and no alerts go out for them (rows R17, R23).
The rules and their numbers: docs/latency.md and domain.md 5.2. Instants are UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from incidents.latency.facts import (
    FLOOD,
    LATE,
    LINK,
    NEXT_VISIT,
    NONE,
    WITHHELD,
    Announced,
    Line,
    Picture,
    Span,
    Terms,
    dome_open,
    last_sign,
)

QUIET, FIRES, BLIND = "quiet", "fires", "blind"
STAGES = {
    "none": "no pipeline has said that it began",
    "isr": "pipelines stop at ISR",
    "single_frame": "pipelines stop at single frame",
    "ap_pipe": "pipelines stop at AP pipe",
    "sent": "pipelines say that they sent",
}
NO_SITE = "No site is marked as observing, so nobody can say whether it is night."


@dataclass(frozen=True)
class Finding:
    """What a rule says. `why` is fit to show; the rest is of use where it fires: since when, the first image it is
    about, how many visits, their stage, the first and the last of them.
    """

    kind: str
    says: str
    why: str
    since: datetime | None = None
    first_at: datetime | None = None
    count: int = 0
    stage: str = ""
    first_visit: int | None = None
    last_visit: int | None = None

    @property
    def fires(self) -> bool:
        return self.says == FIRES


def look(seen: Picture, terms: Terms) -> Finding:
    """Return what the rule of `terms` says."""
    return RULES[terms.kind](seen, terms)


def _by_day(seen: Picture, kind: str) -> Finding | None:
    facts = seen.facts
    if facts.night is None:
        return Finding(kind, BLIND, NO_SITE)
    if not _within(facts.now, facts.night):
        return Finding(kind, QUIET, "It is day.")
    return None


def alerts_none(seen: Picture, terms: Terms) -> Finding:
    """Images are taken and no alerts go out: `visits` in a row past the alarm limit without any, and `window` since the
    last alert, or since the first of these images where that is later: the night's first ones, or after a break.
    """
    run = [line for line in seen.run() if not line.withheld]
    return _by_day(seen, NONE) or _nothing_sent(seen, terms, run, "images are taken and no alerts go out")


def alerts_withheld(seen: Picture, terms: Terms) -> Finding:
    """As above, where the pipelines ended well with alerts in hand: Sattle withholds them, or nothing takes them."""
    run = [line for line in seen.run() if line.withheld]
    return _by_day(seen, WITHHELD) or _nothing_sent(seen, terms, run, "images are taken and their alerts are withheld")


def _nothing_sent(seen: Picture, terms: Terms, run: list[Line], words: str) -> Finding:
    facts, kind = seen.facts, terms.kind
    if len(run) < terms.visits:
        return Finding(kind, QUIET, _counted(seen, len(run), terms.visits))
    if facts.now - max(line.seen.heard_at for line in run) > seen.numbers.catch_up:
        return Finding(kind, QUIET, "No image has come lately for which alerts are missing.")
    since = max(seen.last_alert() or run[0].at, run[0].at)
    stage = terms.stage or _stage(run)
    if facts.now - since < terms.window:
        why = f"{len(run)} images have no alerts yet; {_min(terms.window)} since {since:%H:%M:%S} UTC are not over."
        return Finding(kind, QUIET, why, since=since)
    why = f"{words.capitalize()} since {since:%H:%M} UTC: {len(run)} visits, {STAGES.get(_stage(run), stage)}."
    return _fires(kind, why, since, run, stage)


def alerts_late(seen: Picture, terms: Terms) -> Finding:
    """Of the eligible visits of `window`, less than `share` of the alerts were in time, averaged over the visits, and
    at least `visits` of them were not. One with nothing counts as none in time, unless another rule stood for it, or
    nobody knows yet whether one will.
    """
    by_day = _by_day(seen, LATE)
    if by_day:
        return by_day
    facts = seen.facts
    begins = max(facts.now - terms.window, facts.over.get(LATE, facts.now - terms.window))
    told_elsewhere = [facts.spans[kind] for kind in (NONE, WITHHELD, NEXT_VISIT, LINK) if kind in facts.spans]
    still = set(map(id, seen.run()))
    counted = [
        line
        for line in seen.decided
        if begins < line.at <= facts.now and id(line) not in still and not _elsewhere(line, told_elsewhere)
    ]
    if not counted:
        return Finding(LATE, QUIET, "No image of the last while has had its alerts yet.")
    bad = [line for line in counted if not line.good]
    share = sum((line.share for line in counted), Fraction(0)) / len(counted)
    why = f"{_percent(share)} of the alerts of {len(counted)} visits were in time, {len(bad)} visits were not."
    if len(bad) < terms.visits or share >= Fraction(terms.share) or seen.good_since(bad[-1].at):
        return Finding(LATE, QUIET, why)
    why = f"Images are taken and their alerts go out late since {bad[0].at:%H:%M} UTC: {why}"
    return _fires(LATE, why, bad[0].at, bad, terms.stage or "sent")


def _elsewhere(line: Line, spans: list[Span]) -> bool:
    return line.silent and any(start <= line.at < end for start, end in spans)


def alerts_flood(seen: Picture, terms: Terms) -> Finding:
    """More than `alerts` were sent for a visit of `window`; or, over at least `visits` of them, this night's have
    more than `factor` times the alerts of a median night's visits. Such are exempt from the budget, not unseen.
    """
    by_day = _by_day(seen, FLOOD)
    if by_day:
        return by_day
    facts = seen.facts
    was = facts.over.get(FLOOD)
    begins = max(facts.now - terms.window, was or facts.now - terms.window)
    over = [one for one in seen.floods if begins < one.at and one.told.sent > terms.alerts]
    if over and not seen.good_since(over[-1].at):
        most = max(one.told.sent for one in over)
        why = f"More alerts go out than {terms.alerts} for a visit: {len(over)} visits, up to {most}."
        first, last = over[0], over[-1]
        at, until, stage = first.at, last.at, terms.stage or "ap_pipe"
        return Finding(FLOOD, FIRES, why, at, until, len(over), stage, first.visit_id, last.visit_id)
    told = was is not None and facts.night is not None and was >= facts.night[0]  # once a night is enough
    if was is None and FLOOD in facts.spans:
        told = seen.good_since(facts.spans[FLOOD][0])
    if facts.usual and facts.with_alerts >= terms.visits and not told:
        rate = Decimal(facts.alerts) / facts.with_alerts
        if rate > terms.factor * facts.usual:
            why = (
                f"This night's visits have {rate:.0f} alerts each, more than {terms.factor.normalize():f} times the"
                f" {facts.usual:.0f} of a median night: {facts.with_alerts} visits."
            )
            return Finding(FLOOD, FIRES, why, facts.now, facts.now, facts.with_alerts, terms.stage or "ap_pipe")
    known = f"{facts.usual:.0f} for a visit are usual" if facts.usual else "what is usual is not known yet"
    return Finding(FLOOD, QUIET, f"No visit of the last {_min(terms.window)} had too many alerts; {known}.")


def next_visit_none(seen: Picture, terms: Terms) -> Finding:
    """Images are taken, nothing goes out for them, and the last `visits` of them were never announced: no nextVisit
    names them, or none came within `window` before their end of readout. nextVisits without images say nothing.
    """
    by_day = _by_day(seen, NEXT_VISIT)
    if by_day:
        return by_day
    facts = seen.facts
    if facts.announced is None or facts.now - facts.announced.heard_at > seen.numbers.feed:
        days = seen.numbers.feed.days
        return Finding(NEXT_VISIT, BLIND, f"No nextVisit has come here for {days} days, so a missing one says nothing.")
    run = seen.run()
    lost: list[Line] = []
    for line in reversed(run):
        if _was_announced(line, facts.next_visits, terms.window):
            break
        lost.insert(0, line)
    if len(lost) < terms.visits or facts.now - max(one.seen.heard_at for one in lost) > seen.numbers.catch_up:
        return Finding(NEXT_VISIT, QUIET, f"A nextVisit last came at {facts.announced.heard_at:%d %b %H:%M:%S} UTC.")
    why = f"Images are taken and no nextVisit comes since {lost[0].at:%H:%M} UTC: {len(lost)} visits have no alerts."
    return _fires(NEXT_VISIT, why, lost[0].at, lost, terms.stage or "none")


def _was_announced(line: Line, announced: Iterable[Announced], window: timedelta) -> bool:
    end = line.seen.told.end_readout  # of the clock that announces
    for one in announced:
        if one.visit_id == line.seen.visit_id:
            return True
        if one.visit_id is None and end - window <= one.announced_at <= end:
            return True
    return False


def link_lost(seen: Picture, terms: Terms) -> Finding:
    """Observing is expected, and for `window` nothing of it was heard: no heartbeat, end of readout or nextVisit.

    This is how a cut link is seen from here, where neither images nor alerts arrive. It is expected in the observing
    minutes unless the dome was last said to be closed. Of a night of which nobody has said anything yet it is
    expected only where a heartbeat used to be heard; without one nobody can know, and the rule is blind.
    """
    facts = seen.facts
    if facts.dark is None:
        return Finding(LINK, BLIND, NO_SITE)
    if not _within(facts.now, facts.dark):
        return Finding(LINK, QUIET, "Observing is not expected: it is not dark.")
    dome = dome_open(facts)
    if dome is False:
        return Finding(LINK, QUIET, "Observing is not expected: the dome was last said to be closed.")
    sign = last_sign(seen)
    if sign is None or (dome is None and facts.beat_at is None):
        return Finding(LINK, BLIND, "Nothing was heard this night, no heartbeat was ever set up: nobody can know.")
    if facts.now - sign < terms.window:
        return Finding(LINK, QUIET, f"Last heard from the summit at {sign:%H:%M:%S} UTC.{clock_words(seen.off)}")
    why = f"Nothing is heard from the summit since {sign:%H:%M} UTC, neither images nor heartbeats: is the link cut?"
    if dome is None:
        why += " Whether the dome is open was not said this night."
    return Finding(LINK, FIRES, why, since=sign, first_at=sign, stage=terms.stage or "link")


RULES = {
    NONE: alerts_none,
    WITHHELD: alerts_withheld,
    LATE: alerts_late,
    FLOOD: alerts_flood,
    NEXT_VISIT: next_visit_none,
    LINK: link_lost,
}


def _within(instant: datetime, span: Span) -> bool:
    return span[0] <= instant < span[1]


def _stage(run: list[Line]) -> str:
    """Return how far most of the visits came; of two, the earlier one."""
    stages = [line.seen.told.stage for line in run]
    return max(STAGES, key=stages.count)


def _fires(kind: str, why: str, since: datetime, run: list[Line], stage: str) -> Finding:
    first, last = run[0].seen.visit_id, run[-1].seen.visit_id
    return Finding(kind, FIRES, why, since, run[0].at, len(run), stage, first, last)


def _counted(seen: Picture, found: int, needed: int) -> str:
    if not seen.lines:
        return "No image that calls for alerts was taken this night." if not seen.facts.visits else "No image of now."
    return f"{found} of the last images are without alerts; it takes {needed} in a row."


def clock_words(off: timedelta) -> str:
    """Return a sentence about a clock that is off, with a space before it; nothing if it is not."""
    if not off:
        return ""
    way = "slow" if off > timedelta() else "ahead"
    return f" The summit's clock seems to be {round(abs(off).total_seconds() / 60)} min {way}: have it set."


def _min(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:g} min"


def _percent(share: Fraction) -> str:
    """Round down, so that 97.96 % never reads as the 98 % that it is not."""
    return f"{int(share * 1000) / 10:g} %"
