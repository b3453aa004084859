"""PURE. Spans of consecutive visits that were not in time, and what each cost (row R14).

An outage goes on over a few visits in time, as its alarm does, and ends with more of them; a long pause without any
eligible visit parts two outages, because nobody can say what would have become of visits that were not taken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.latency.budget import Counts


@dataclass(frozen=True)
class Seen:
    """An eligible visit whose deadline has passed. `verdict`: in_time, delayed, failed, pending or unknown."""

    visit_id: int
    end_readout: datetime
    verdict: str


@dataclass(frozen=True)
class Outage:
    """From the end of readout of its first visit until one cadence after that of its last: `starts_at <= t < ends_at`.

    `counts`: its visits by verdict, with those in time that lie between the others. Pending ones may still be caught
    up. `goes_on`: no visit in time came after it, or not enough of them to end it.
    """

    starts_at: datetime
    ends_at: datetime
    first: int
    last: int
    counts: Counts
    goes_on: bool

    @property
    def lasted(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def visits(self) -> int:
        """How many were not in time, or are not yet known to be."""
        return self.counts.eligible - self.counts.in_time

    @property
    def at_worst(self) -> Counts:
        """What it will have cost if nothing more is sent: whatever is pending fails."""
        counts = self.counts
        return Counts(in_time=counts.in_time, delayed=counts.delayed, failed=counts.failed + counts.pending)


def outages(seen: Iterable[Seen], *, ends_after: int, gap: timedelta, cadence: timedelta) -> list[Outage]:
    """Return the outages among `seen`, in order of time. Order and doubles of `seen` do not matter.

    `ends_after`: so many visits in time in a row end one; `gap`: so long from one eligible visit to the next parts two;
    `cadence`: from one visit to the next, which is what the last one adds.
    """
    found: list[Outage] = []
    run: list[Seen] = []  # from the first visit not in time on
    good = 0  # in time, at the end of the run
    ordered = sorted({one.visit_id: one for one in seen}.values(), key=lambda one: (one.end_readout, one.visit_id))
    before: Seen | None = None
    for one in ordered:
        if run and before is not None and one.end_readout - before.end_readout > gap:
            found.append(_outage(run, good, cadence, goes_on=False))
            run, good = [], 0
        before = one
        if one.verdict != "in_time":
            run.append(one)
            good = 0
        elif run:
            run.append(one)
            good += 1
            if good >= ends_after:
                found.append(_outage(run, good, cadence, goes_on=False))
                run, good = [], 0
    if run:
        found.append(_outage(run, good, cadence, goes_on=True))
    return found


def _outage(run: Sequence[Seen], good: int, cadence: timedelta, *, goes_on: bool) -> Outage:
    """Make one of a run of visits, the `good` last of which were in time and do not belong to it."""
    own = run[: len(run) - good]
    verdicts = [one.verdict for one in own]
    counts = Counts(**{verdict: verdicts.count(verdict) for verdict in set(verdicts)})
    return Outage(
        starts_at=own[0].end_readout,
        ends_at=own[-1].end_readout + cadence,
        first=own[0].visit_id,
        last=own[-1].visit_id,
        counts=counts,
        goes_on=goes_on,
    )


def within(found: Iterable[Outage], starts: datetime, ends: datetime) -> list[Outage]:
    """Return those that have an instant in common with `starts <= t < ends`."""
    return [one for one in found if one.starts_at < ends and starts < one.ends_at]
