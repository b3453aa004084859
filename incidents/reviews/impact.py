"""What an incident cost, in exact numbers. PURE.

A visit counts where the end of its readout lies in a span in which the effect lasted, half-open. Shares are those of
the budgets (incidents/latency/budget.py): Decimal, in percent, rounded half up to one decimal. Source: domain.md 3.1.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from incidents.latency.budget import Budget, Counts, lost_in, percent, uses

Span = tuple[datetime, datetime]
LASTS = frozenset({"investigating", "identified"})  # states in which the effect goes on
MINUTE = Decimal(60)
TENTH = 10  # own choice: one tenth fewer visits than usual is no news


@dataclass(frozen=True)
class Change:
    """The state or the severity was one thing, and is another from `at` on."""

    at: datetime
    was: str | int
    now_is: str | int


def effect(starts: datetime, changes: Iterable[Change], *, ends: datetime) -> list[Span]:
    """Return the spans in which the effect lasted, from `starts`: until it was mitigated or over, and again from when
    it was not. What goes on ends at `ends`. `changes`: of the state.
    """
    found: list[Span] = []
    since: datetime | None = starts
    for one in sorted(changes, key=lambda change: change.at):
        lasts = one.now_is in LASTS
        if since is None and lasts:
            since = max(one.at, starts)
        elif since is not None and not lasts:
            if one.at > since:
                found.append((since, one.at))
            since = None
    if since is not None and ends > since:
        found.append((since, ends))
    return found


def corrected(spans: Iterable[Span], *, starts: datetime | None, ends: datetime | None) -> list[Span]:
    """Return the spans as somebody corrected them: an earlier start lengthens the first and a later one cuts off what
    was before it; the last that began before `ends` ends then. What was mitigated in between stays so. None: as it is.
    """
    found = list(spans)
    if starts is not None:
        if found and starts < found[0][0]:
            found[0] = (starts, found[0][1])
        found = [(max(since, starts), until) for since, until in found if until > starts]
    if ends is not None:
        found = [span for span in found if span[0] < ends]
        if found:
            found[-1] = (found[-1][0], ends)
        elif starts is not None and starts < ends:
            found = [(starts, ends)]
    return found


def overlap(spans: Iterable[Span], windows: Iterable[Span]) -> list[Span]:
    """Return what of `spans` lies in `windows`; the spans do not overlap, nor do the windows."""
    known = list(windows)
    return [
        (max(since, opens), min(until, shuts))
        for since, until in spans
        for opens, shuts in known
        if max(since, opens) < min(until, shuts)
    ]


def unseen(windows: Iterable[Span], seen: int, *, cadence_s: Decimal) -> int:
    """Return how many visits nobody reported: those of the observing `windows` at the usual cadence, without the `seen`
    ones; 0 up to a tenth of them, because no cadence is that exact.
    """
    expected = lost_in(sum((until - since for since, until in windows), timedelta()), cadence_s=cadence_s)
    missing = expected - seen
    return int(missing) if missing * TENTH > expected else 0


def by_severity(severity: int, changes: Iterable[Change], spans: Iterable[Span]) -> dict[int, int]:
    """Return for how many whole seconds of `spans` it was how severe. `severity`: what it is after all `changes`."""
    ordered = sorted(changes, key=lambda change: change.at)
    edges = [one.at for one in ordered]
    levels = [int(one.was) for one in ordered] + [severity]
    found: dict[int, int] = {}
    for starts, ends in spans:
        cuts = [starts, *(edge for edge in edges if starts < edge < ends), ends]
        for since, until in pairwise(cuts):
            level = levels[sum(edge <= since for edge in edges)]
            found[level] = found.get(level, 0) + int((until - since) // timedelta(seconds=1))
    return dict(sorted(found.items()))


def minutes(seconds: int) -> Decimal:
    """Return whole minutes, rounded half up."""
    return (seconds / MINUTE).quantize(Decimal(1), rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Night:
    """What was lost of a night (`night`, such as 2027-06-20): `counts` in the spans, out of `eligible` of all of it, or
    of it so far, unless it is `over`.
    """

    night: str
    counts: Counts
    eligible: int
    over: bool = True


@dataclass(frozen=True)
class Seen:
    """What was counted, before shares are made of it. `worked_s`: of all call-outs together, nobody's own."""

    spans: Sequence[Span]
    seconds: Mapping[int, int]  # by severity
    nights: Sequence[Night] = ()
    alerts_late: int = 0  # alerts sent after the limit, of visits in the spans
    unseen: int = 0  # visits that the usual cadence lets expect, and nobody reported
    people_called: int = 0
    worked_s: int = 0
    messages_sent: int = 0
    counts: Counts = field(default_factory=Counts)


Figures = dict[str, Any]  # as it is kept: numbers, texts, lists and objects of JSON


def figures(seen: Seen, budget: Budget) -> Figures:
    """Return the figures as they are kept. Percentages are texts, so that no float rounds them again."""
    counts = seen.counts
    year = uses(counts, budget, of=budget.planned)
    return {
        "spans": [{"starts_at": written(one), "ends_at": written(other)} for one, other in seen.spans],
        "seconds": sum(seen.seconds.values()),
        "minutes_by_severity": {str(level): int(minutes(many)) for level, many in seen.seconds.items()},
        "eligible": counts.eligible,
        "verdicts": asdict(counts),
        "delayed": counts.delayed,
        "failed": counts.failed,
        "lost": counts.late,
        "pending": counts.pending,
        "unknown": counts.unknown,
        "alerts_late": seen.alerts_late,
        "unseen": seen.unseen,
        "year": {name: str(use.percent) for name, use in year.items()},
        "year_allowed": {name: str(use.allowed.normalize().__format__("f")) for name, use in year.items()},
        "nights": [
            {
                "night": one.night,
                "over": one.over,
                "eligible": one.eligible,
                "delayed": one.counts.delayed,
                "failed": one.counts.failed,
                "lost": str(percent(Decimal(one.counts.late) / one.eligible)) if one.eligible else "0.0",
                "used": {name: str(use.percent) for name, use in uses(one.counts, budget, of=one.eligible).items()},
            }
            for one in seen.nights
        ],
        "people_called": seen.people_called,
        "worked_s": seen.worked_s,
        "messages_sent": seen.messages_sent,
    }


YEAR_WORDS = {"late_2": "2 %", "delayed_1": "1 %", "failed_01": "0.1 %"}
LABELS: dict[str, str] = {
    "seconds": "Seconds of impact",
    "eligible": "Eligible visits",
    "delayed": "Visits delayed",
    "failed": "Visits failed",
    "pending": "Visits pending",
    "unknown": "Visits unknown",
    "alerts_late": "Alerts sent late",
    "unseen": "Visits nobody reported",
    "people_called": "People called",
    "worked_s": "Seconds worked by those called",
    "messages_sent": "Messages sent out",
}


def changed(was: Figures, now_is: Figures) -> list[tuple[str, int | str, int | str]]:
    """Return what is not as it was: words, the value before, the value now; "none" where there was or is none."""
    before, after = _values(was), _values(now_is)
    names = list(dict.fromkeys([*before, *after]))
    return [
        (words, before.get(words, "none"), after.get(words, "none"))
        for words in names
        if before.get(words) != after.get(words)
    ]


def _values(figures: Figures) -> dict[str, int | str]:
    """Return each figure by its words, in their order."""
    found: dict[str, int | str] = {words: int(figures.get(name, 0)) for name, words in LABELS.items()}
    for level, many in figures.get("minutes_by_severity", {}).items():
        found[f"Minutes as SEV-{level}"] = many
    for name, words in YEAR_WORDS.items():
        found[f"Of the year's {words}"] = f"{figures['year'][name]} %"
    for one in figures.get("nights", []):
        night = f"Night of {one['night']}"
        found[f"{night}: eligible visits"] = one["eligible"]
        found[f"{night}: not in time"] = f"{one['lost']} %"
        for name, words in YEAR_WORDS.items():
            found[f"{night}: of its {words}"] = f"{one['used'][name]} %"
    return found


def unsettled(figures: Figures) -> bool:
    """Say whether time alone may change them: a visit is pending, or a night was not over."""
    return bool(figures["pending"]) or not all(one.get("over", True) for one in figures["nights"])


def written(at: datetime) -> str:
    """2027-06-21T02:10:00Z; a fraction of a second is left out."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
