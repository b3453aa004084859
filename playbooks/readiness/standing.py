"""How a check stands before a night, and how the night does: from what was said, by when, and waived. PURE.

Red is what failed, and what nobody ran although it was due: missing is never green. Source: domain.md 3.2; own choices
are marked so in playbooks/README.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from playbooks.readiness.difference import Deployed

State = Literal["pass", "waived", "fail", "missing", "pending", "unknown"]
Verdict = Literal["pass", "waived", "fail", "pending", "unknown"]
Call = Literal["", "red", "urgent"]
Stale = Literal["", "early", "again", "version"]
STATES: tuple[State, ...] = ("pass", "waived", "fail", "missing", "pending", "unknown")
WORDS: dict[State, str] = {
    "pass": "pass",
    "waived": "waived",
    "fail": "fail",
    "missing": "not run",
    "pending": "to come",
    "unknown": "no record",
}
VERDICTS: dict[Verdict, str] = {
    "pass": "PASS",
    "waived": "PASS with waiver",
    "fail": "FAIL",
    "pending": "NOT YET",
    "unknown": "UNKNOWN",
}
VERDICT_NAMES: tuple[Verdict, ...] = tuple(VERDICTS)
RED: frozenset[State] = frozenset({"fail", "missing"})
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """The instants of one night, aware. `rerun_from`: results from then on count for the second run; `urgent_at`: from
    then on red is SEV-2; `ends_at`: the sun rises, and nothing counts any more.
    """

    morning_due: datetime
    rerun_from: datetime
    evening_due: datetime
    urgent_at: datetime
    sunset: datetime
    ends_at: datetime
    close_of_work: datetime

    @property
    def counts_from(self) -> datetime:
        """From when on a pass counts for the first run: since that of the day before was due."""
        return self.morning_due - DAY


def plan(
    *,
    morning_due: datetime,
    sunset: datetime,
    ends_at: datetime,
    close_of_work: datetime,
    before: timedelta,
    rerun: timedelta,
    urgent: timedelta,
) -> Plan:
    """Return the instants of a night. `before`, `rerun`, `urgent`: how long before sunset the second run is due, its
    results begin to count, and red becomes urgent.

    The second run is never due before the first, and always has an instant from which it counts.
    """
    evening_due = max(sunset - before, morning_due)
    return Plan(
        morning_due=morning_due,
        rerun_from=min(evening_due, max(sunset - rerun, morning_due)),
        evening_due=evening_due,
        urgent_at=max(sunset - urgent, morning_due),
        sunset=sunset,
        ends_at=ends_at,
        close_of_work=close_of_work,
    )


@dataclass(frozen=True)
class Said:
    """The result of a check that counts for a night. `behind`: a deployment of which it says nothing, if any;
    `instead`: what is in use where no service has its version: it was tried ahead of its deployment.
    """

    passed: bool
    at: datetime
    behind: Deployed | None = None
    instead: Deployed | None = None


@dataclass(frozen=True)
class Waiver:
    """Somebody lets a check be red, from an instant until another; `ended_at`: when it was taken back, if it was."""

    starts_at: datetime
    until: datetime
    ended_at: datetime | None = None

    def covers(self, plan: Plan | None, now: datetime) -> bool:
        """Say whether it covers a night as of `now`: one given before sunset where it held at sunset, one given later
        while it holds; neither when it was taken back, and none that was given or taken back when the night was over.
        """
        if plan is None:
            ends = self.until if self.ended_at is None else min(self.until, self.ended_at)
            return self.starts_at <= now < ends
        if not self.starts_at <= now or self.starts_at >= plan.ends_at:
            return False
        if self.ended_at is not None and self.ended_at <= now and self.ended_at < plan.ends_at:
            return False
        if now < self.until:
            return True
        return self.until > plan.sunset if self.starts_at <= plan.sunset else self.until >= plan.ends_at


@dataclass(frozen=True)
class Standing:
    """How a check stands. `was`: what it would be without its waiver. `stale`: why a pass is none, or will be none:
    "early", before the run of the day before was due; "again", not since the second run counts; "version", not with
    what is deployed. `due`: when a run is due that makes it a pass; None where nothing is.
    """

    state: State
    was: State
    said: Said | None = None
    stale: Stale = ""
    due: datetime | None = None

    @property
    def is_red(self) -> bool:
        return self.state in RED


def of_check(said: Said | None, plan: Plan | None, now: datetime, *, waivers: Iterable[Waiver] = ()) -> Standing:
    """Return how a check stands at `now`. `plan`: None where the night was never planned: then nothing was due.

    A pass that is stale is to come until its run is due, and then missing.
    """
    stale, due = _stale(said, plan, now)
    due = due or (plan.morning_due if plan else None)
    state: State
    if said is not None and not said.passed:
        state = "fail"
    elif said is not None and not stale:
        state = "pass"
    elif plan is None:
        state = "unknown" if said is None else "pending"
    else:
        state = "missing" if due and now >= due else "pending"
    if state in RED and any(waiver.covers(plan, now) for waiver in waivers):
        return Standing("waived", state, said, stale, due)
    return Standing(state, state, said, stale, due)


def _stale(said: Said | None, plan: Plan | None, now: datetime) -> tuple[Stale, datetime | None]:
    """Return why a pass is stale, and when the run is due that would mend it; None where nothing is due."""
    if said is None or not said.passed:
        return "", None
    if said.behind is not None:
        if plan is None:
            return "version", None
        was_there = said.behind.at < plan.morning_due
        return "version", plan.morning_due if was_there else plan.evening_due
    if plan is None:
        return "", None
    if said.at < plan.counts_from:
        return "early", plan.morning_due
    if said.instead is not None and now >= plan.evening_due:
        return "version", plan.evening_due
    if said.at < plan.rerun_from and now >= plan.evening_due:
        return "again", plan.evening_due
    return "", None


def of_night(found: Sequence[Standing]) -> Verdict:
    """Return how a night stands: red wins, then what is not known, then what is to come; no check at all is unknown."""
    states = {one.state for one in found}
    if states & RED:
        return "fail"
    if not states or "unknown" in states:
        return "unknown"
    if "pending" in states:
        return "pending"
    return "waived" if "waived" in states else "pass"


def calls(found: Iterable[Standing], plan: Plan, now: datetime) -> Call:
    """Say whether what is red shall call somebody (itest.failed): what failed in the second run at once, all else from
    when that run is due; urgent near sunset; nobody when the night is over.
    """
    if not plan.rerun_from <= now < plan.ends_at:
        return ""
    due = now >= plan.evening_due
    red = [one for one in found if one.is_red]
    failed_again = any(one.state == "fail" and one.said and one.said.at >= plan.rerun_from for one in red)
    if not (failed_again or (red and due)):
        return ""
    return "urgent" if now >= plan.urgent_at else "red"


def looks_next(plan: Plan, now: datetime, *, waivers: Iterable[Waiver] = ()) -> datetime | None:
    """Return when time alone may change something next; None when the night is over."""
    edges = [plan.morning_due, plan.rerun_from, plan.evening_due, plan.urgent_at, plan.ends_at]
    edges += [edge for one in waivers for edge in (one.starts_at, one.until) if edge < plan.ends_at]
    return min((edge for edge in edges if edge > now), default=None)
