"""Arithmetic of a benchmark, and what the kernel says of memory and load."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Spread:
    """Durations in milliseconds. `p99` of fewer than 1,000 is an indication, no more."""

    n: int
    p50: float
    p99: float
    most: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.0f}, p99 {self.p99:.0f}, max {self.most:.0f} ms (n = {self.n})"


def spread(seconds: Iterable[float]) -> Spread:
    """:raises ValueError: of nothing."""
    found = sorted(seconds)
    if not found:
        raise ValueError("Nothing was measured.")
    return Spread(len(found), *(round(1000 * value, 1) for value in (share(found, 0.5), share(found, 0.99), found[-1])))


def share(ordered: Sequence[float], part: float) -> float:
    """Return the smallest value that at least this part of the values does not exceed (nearest rank)."""
    return ordered[max(0, ceil(part * len(ordered)) - 1)]


def memory(pid: int) -> float:
    """Return the PSS of a process and its descendants in MiB: memory they share is counted once."""
    leader = psutil.Process(pid)
    total = 0
    for process in [leader, *leader.children(recursive=True)]:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(total / 1024, 1)


def cpu(pid: int) -> float:
    """Return the seconds of CPU that a process and its living descendants have used."""
    leader = psutil.Process(pid)
    used = 0.0
    for process in [leader, *leader.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        used += times.user + times.system
    return used


def machine_load() -> float:
    """Return how many processes wanted a core, over the last minute."""
    return round(os.getloadavg()[0], 2)
