"""PURE. What the steps of playbooks achieved across runs, and which playbook to try first (R20)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TypeVar

LONGEST_MIN = 1440  # a step that took longer than a day was forgotten
T = TypeVar("T")


@dataclass(frozen=True)
class Taken:
    """One step of one run as it stands: `solved`: the run ended as solved by it; `minutes`: None, nobody knows."""

    title: str
    outcome: str
    minutes: int | None
    solved: bool


@dataclass(frozen=True)
class StepCount:
    """How often a step was taken, solved it and did not help; `minutes`: the median, None where nobody knows."""

    taken: int
    solved: int
    no_help: int
    minutes: float | None


def minutes_between(start: datetime, end: datetime) -> int:
    """Return whole minutes, half a minute rounded up, at most a day; never less than none."""
    return min(max(int((end - start + timedelta(seconds=30)) // timedelta(minutes=1)), 0), LONGEST_MIN)


def key_of(title: str) -> str:
    """Return what a step is counted by across revisions: its title. One that is called otherwise begins anew."""
    return " ".join(title.split()).casefold()


def count(rows: Iterable[Taken]) -> dict[str, StepCount]:
    """Return the counts by `key_of` the title. A step that was skipped was not taken."""
    by_step: dict[str, list[Taken]] = {}
    for row in rows:
        if row.outcome != "skipped":
            by_step.setdefault(key_of(row.title), []).append(row)
    return {
        key: StepCount(
            taken=len(many),
            solved=sum(one.solved for one in many),
            no_help=sum(one.outcome == "no_help" for one in many),
            minutes=median(known) if (known := [one.minutes for one in many if one.minutes is not None]) else None,
        )
        for key, many in by_step.items()
    }


def promise(*, solved: int, runs: int) -> float:
    """Return how likely it solves the next one, from 0 to 1: by the rule of succession, (solved + 1) / (runs + 2), so
    that one lucky run does not stand above eight of ten.
    """
    return (solved + 1) / (runs + 2)


def by_promise(rows: Iterable[tuple[T, int, int]]) -> Sequence[T]:
    """Return things given with how often they solved it and were used: those that ever did, the likeliest first, then
    those that nobody tried, then those that never did; else as they came.
    """
    return [thing for thing, _, _ in sorted(rows, key=lambda row: _order(solved=row[1], runs=row[2]))]


def _order(*, solved: int, runs: int) -> tuple[bool, float]:
    return not solved, -promise(solved=solved, runs=runs)


def head_of(title: str) -> str:
    """Return what alarms of one kind begin with: “nextvisit.none: end of readout …” is nextvisit.none."""
    return " ".join(title.partition(":")[0].split()).casefold()[:120]
