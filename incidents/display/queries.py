"""What screens ask: how the pager itself is doing."""

from dataclasses import dataclass
from datetime import datetime

from incidents.alarms import queries as alarms
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import queries as paging
from oncall.troubles.models import Heartbeat, Trouble

LOOPS = ("celery", "pulse")


@dataclass(frozen=True)
class Pager:
    """Whether somebody is doing the pager's work, by evidence alone: a cycle finished lately and nothing is late."""

    beats: list[tuple[str, float | None, bool]]  # name, seconds since, fresh
    late_pages: int
    late_alarms: int
    troubles: list[Trouble]

    @property
    def beating(self) -> bool:
        return any(fresh for _, _, fresh in self.beats)

    @property
    def well(self) -> bool:
        return self.beating and not self.late_pages and not self.late_alarms


def pager(*, now: datetime, in_force: Limits | None = None) -> Pager:
    """Return how the pager is at `now`. Without a fresh beat it is not well, whatever else is true.

    `in_force`: the limits, where the caller has them already.
    """
    in_force = in_force or limits.at(now)
    late = in_force.span("page_late_after_s")
    stale = float(in_force.number("tick_stale_after_s"))
    known = {beat.name: beat.age_at(now) for beat in Heartbeat.objects.filter(name__in=LOOPS)}
    return Pager(
        beats=[(name, known.get(name), known.get(name, stale) < stale) for name in LOOPS],
        late_pages=paging.late(now=now, after=late).count(),
        late_alarms=alarms.late(now=now, after=late).count(),
        troubles=list(Trouble.objects.open()[:20]),
    )
