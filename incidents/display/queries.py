"""What screens ask: how the pager itself is doing, by evidence alone; which incidents are worked on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from incidents.alarms import queries as alarms
from incidents.command.lifecycle import BADGES
from incidents.command.models import Incident, RoleAssignment
from incidents.command.writing import state_of
from incidents.updates import queries as updates
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import queries as paging
from oncall.people.models import Person
from oncall.troubles import guard
from oncall.troubles.auditing import CANARY, KIND
from oncall.troubles.invariants import Gravity
from oncall.troubles.models import Drill, Trouble
from oncall.troubles.signs import Signs, signs


@dataclass(frozen=True)
class Pager:
    """Whether somebody is doing the pager's work: cycles finished lately, nothing late, an audit that found nothing.

    What is not known is not well: without a fresh sign the answer is no, whatever else is true.
    """

    signs: Signs
    watched: bool  # a watcher outside is set up
    drills: bool  # drills are set up
    drill: Drill | None
    late_pages: int
    late_alarms: int
    troubles: list[Trouble]
    stands_by: str  # why engines may not work here; empty: they may

    @property
    def broken(self) -> list[dict[str, Any]]:
        return self.signs.broken

    @property
    def advice(self) -> list[dict[str, Any]]:
        """What is better mended by day; what is a trouble of its own stands there."""
        found = [one for one in self.signs.found if one["sure"] and one["gravity"] == Gravity.ADVICE]
        return [one for one in found if not one["says"]]

    @property
    def sound(self) -> bool:
        """Nothing is known to be amiss but, in the first minutes, a canary that has not landed yet."""
        signs = self.signs
        missing = [name for name in signs.missing if not (signs.young and name == CANARY)]
        known = signs.beating and signs.audit.fresh and not missing and not self.broken and not self.stands_by
        return known and not self.late_pages and not self.late_alarms

    @property
    def well(self) -> bool:
        return self.sound and not self.signs.missing


def pager(*, now: datetime, in_force: Limits | None = None) -> Pager:
    """Return how the pager is at `now`.

    `in_force`: the limits, where the caller has them already.
    """
    in_force = in_force or limits.at(now)
    late = in_force.span("page_late_after_s")
    return Pager(
        signs=signs(now=now, limits=in_force),
        watched=bool(settings.HEARTBEAT_URL),
        drills=bool(settings.DRILL_PERSON),
        drill=Drill.objects.first(),
        late_pages=paging.late(now=now, after=late).count(),
        late_alarms=alarms.late(now=now, after=late).count(),
        troubles=list(Trouble.objects.open().exclude(kind=KIND)[:20]),
        stands_by=guard.elsewhere(),
    )


MOST = 10  # incidents on home; whether there are more is said


@dataclass(frozen=True)
class Worked:
    """An incident that somebody works on. `commander`: empty where nobody has command."""

    incident: Incident
    commander: str
    clock: updates.Clock | None  # of the messages to the community; None: none is due

    @property
    def badge(self) -> str:
        return BADGES[state_of(self.incident)]


def live_incidents(*, for_person: Person, now: datetime, in_force: Limits) -> list[Worked]:
    """Return the incidents that are live and that somebody may see, the worst and then the newest first; one more than
    `MOST` where there are more. One query; two where one of them has a clock.
    """
    has = RoleAssignment.objects.filter(incident=OuterRef("pk"), role="commander", ends_at__isnull=True)
    rows = Incident.objects.visible_to(for_person).live()
    rows = rows.annotate(commander=Subquery(has.values("person__name")[:1])).order_by("severity", "-number")
    found: list[Any] = list(rows[: MOST + 1])
    clocks = updates.clocks_of(found, now=now, limits=in_force)
    return [Worked(one, one.commander or "", clocks.get(one.pk)) for one in found]
