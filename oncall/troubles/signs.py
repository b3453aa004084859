"""What home, /readyz and the heartbeat outward all ask: which signs of life the pager has given, and how old they are.

One answer for all three: what says that all is well on one of them cannot be silent on another.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from oncall.limits.queries import Limits
from oncall.troubles.auditing import CANARY, LOOPS, canary_missed, newest_audit
from oncall.troubles.guard import AUDITOR, ENGINE, SENDER
from oncall.troubles.invariants import Gravity
from oncall.troubles.models import AHEAD, Heartbeat

MODULES = (ENGINE, SENDER, AUDITOR)
OUTWARD = "outward"  # its heartbeat: when the watcher outside last took one of ours
MAIL = "mail"  # its heartbeat: when the process that takes mails last answered


@dataclass(frozen=True)
class Sign:
    """One sign of life: how many seconds old it is (none: never seen), and whether that is fresh.

    One from the future is not: the clock went back, and nobody knows what has worked since.
    """

    name: str
    age: float | None
    fresh: bool


@dataclass(frozen=True)
class Signs:
    """All of them at one instant. `young`: no canary has landed yet, and it is too early to miss one. `ways_in`: of the
    processes by which signals come, where there are any beside the web: mail.
    """

    loops: list[Sign]
    modules: list[Sign]
    audit: Sign
    canary: Sign
    outside: Sign
    ways_in: list[Sign]
    young: bool
    found: list[dict[str, Any]]  # by the newest audit

    @property
    def beating(self) -> bool:
        return any(loop.fresh for loop in self.loops)

    @property
    def missing(self) -> list[str]:
        """Return the names of what must have worked lately and has given no fresh sign."""
        return [sign.name for sign in [*self.modules, self.canary] if not sign.fresh]

    @property
    def broken(self) -> list[dict[str, Any]]:
        """Return what endangers pages and was found by two audits in a row."""
        return [one for one in self.found if one["gravity"] == Gravity.PAGER and one["sure"]]

    @property
    def doubted(self) -> list[dict[str, Any]]:
        """Return what the newest audit alone has seen: the next one, in half a minute, says whether it stays so."""
        return [one for one in self.found if one["gravity"] == Gravity.PAGER and not one["sure"]]


def signs(*, now: datetime, limits: Limits) -> Signs:
    """Return them all as they are at `now`. Two queries; a few more where no canary has ever landed."""
    known = {beat.name: beat.age_at(now) for beat in Heartbeat.objects.all()}
    audit = newest_audit()

    def sign(name: str, limit: str) -> Sign:
        return aged(name, known.get(name), float(limits.number(limit)))

    return Signs(
        loops=[sign(name, "tick_stale_after_s") for name in LOOPS],
        modules=[sign(name, "module_stale_after_s") for name in MODULES],
        audit=aged("audit", audit.age_at(now) if audit else None, float(limits.number("audit_stale_after_s"))),
        canary=sign(CANARY, "canary_stale_after_s"),
        outside=sign(OUTWARD, "canary_stale_after_s"),
        ways_in=[sign(MAIL, "loop_stale_after_s")] if settings.MAIL_IN_DOMAIN or MAIL in known else [],
        young=CANARY not in known and not (audit and canary_missed(now=now, limits=limits)),
        found=audit.broken if audit else [],
    )


def aged(name: str, age: float | None, limit: float) -> Sign:
    """Say whether a sign of life is fresh; `age`, `limit` in seconds."""
    return Sign(name, age, age is not None and -AHEAD.total_seconds() <= age < limit)
