"""The auditor: asks every invariant, keeps the answer, and says aloud what is broken. Source: docs/paging.md 4, W0.

Called each half minute by the pulse and by Celery's ticks, whoever comes; safe to run late, twice or in parallel.
"""

import logging
import time
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min, QuerySet

from oncall.limits.queries import Limits
from oncall.troubles import services as troubles
from oncall.troubles.guard import AUDITOR, VERSIONS, elapsed
from oncall.troubles.invariants import Finding, Gravity, Invariant, Rows, ask, every
from oncall.troubles.models import AHEAD, Audit, EngineModule, Epoch, Heartbeat, Trouble

log = logging.getLogger(__name__)
LOOPS = ("celery", "pulse")
CANARY = "canary"  # its heartbeat: when a page to nobody last went the whole way
KIND, KEY = "invariant", "pager"
EVERY_S, SETTLE_S, JUMP_S = 30.0, 5.0, 5.0
BETWEEN = timedelta(seconds=20)  # two who come at once make one audit
SEEN_BEFORE = timedelta(minutes=3)  # how old the run before may be to confirm what this one sees


class Pace:
    """When this process audits next, by the time that passes and not by a clock: each half minute.

    Where the clock has jumped (a machine that woke up, time travel) it waits a moment: what fell due in the jump is
    late, and is done before anybody may say so.
    """

    def __init__(self) -> None:
        self._seen: tuple[datetime, float] | None = None
        self._next: float | None = None  # none: at once

    def comes(self, *, now: datetime, passed: float) -> bool:
        """Say whether to audit now; `passed`: seconds of a clock that nobody sets."""
        if self._seen is not None:
            jump = (now - self._seen[0]).total_seconds() - (passed - self._seen[1])
            if abs(jump) > JUMP_S:
                self._next = passed + SETTLE_S
        self._seen = now, passed
        if self._next is not None and passed < self._next:
            return False
        self._next = passed + EVERY_S
        return True


pace = Pace()


def keep(*, now: datetime, limits: Limits) -> None:
    """The loop's chore, each second: audit each half minute, unless somebody has just done so."""
    if not pace.comes(now=now, passed=elapsed()):
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('audit', 0))")
            mine = cursor.fetchone()[0]
        last = newest_audit()
        if mine and (last is None or not timedelta() <= now - last.at < BETWEEN):
            audit(now=now, limits=limits)


def newest_audit() -> Audit | None:
    """Return the audit that was made last, also where the clock has gone back since another was."""
    return Audit.objects.order_by("-pk").first()


def audit(*, now: datetime, limits: Limits) -> Audit:
    """Ask everything, keep the result, raise or clear the trouble. Returns the result.

    A row is told as broken when two audits in a row found it so: what is just being done, or was due in the instant in
    which the machine woke up, is no alarm.
    """
    began = time.monotonic()
    invariants = every()
    found = _confirmed(ask(invariants, now=now, limits=limits), now=now)
    row = Audit.objects.create(
        at=now,
        duration_ms=int((time.monotonic() - began) * 1000),
        asked=len(invariants),
        broken=[asdict(one) for one in found],
    )
    _say([one for one in found if one.sure], invariants, now=now)
    Audit.objects.filter(at__lt=now - limits.span("audit_kept_s")).delete()
    troubles.beat(name=AUDITOR, now=now)
    return row


def _confirmed(found: list[Finding], *, now: datetime) -> list[Finding]:
    """Mark as sure what the audit before found in the same rows."""
    last = Audit.objects.filter(at__lte=now, at__gt=now - SEEN_BEFORE).first()
    before = {one["id"]: set(one["rows"]) for one in last.broken} if last else {}
    sure = []
    for one in found:
        known = before.get(one.id)
        again = known is not None and (not one.rows or bool(known.intersection(one.rows)))
        sure.append(replace(one, sure=again))
    return sure


def _say(sure: list[Finding], invariants: list[Invariant], *, now: datetime) -> None:
    """One trouble for all that endangers pages, one for each kind of advice; each ends with what it is about."""
    grave = [one for one in sure if one.gravity == Gravity.PAGER]
    if grave:
        text = " ".join(f"{one.id} “{one.text}”{_count(one)}." for one in grave)
        troubles.raise_trouble(kind=KIND, key=KEY, text=f"The pager breaks a promise: {text}", url="/", now=now)
        log.error("audit: %s", text)
    else:
        troubles.clear_trouble(kind=KIND, key=KEY, now=now)
    for one in invariants:
        if not one.says:
            continue
        advice = next((finding for finding in sure if finding.id == one.id), None)
        rows = advice.rows if advice else []
        for row in rows:
            text = f"{one.text}: {row}."
            troubles.raise_trouble(kind=one.says, key=row, text=text, url=one.url.format(row), now=now)
        for trouble in Trouble.objects.open().filter(kind=one.says).exclude(key__in=rows):
            troubles.clear_trouble(kind=one.says, key=trouble.key, now=now)


def _count(one: Finding) -> str:
    return f" ({len(one.rows)}, such as {one.rows[0]})" if one.rows else ""


# --- What this room itself knows --------------------------------------------------------------------------------------


def modules_silent(now: datetime, limits: Limits) -> Rows:
    """I13: engine and sender finished a cycle lately. (The auditor asks; who asks about the auditor is /readyz.)

    Asked of what this code knows and of what the database names: rows that are gone hide nothing.
    """
    lately = _fresh(now, limits.span("module_stale_after_s"))
    wanted = {*VERSIONS, *EngineModule.objects.values_list("name", flat=True)} - {AUDITOR}
    return sorted(wanted.difference(lately.values_list("name", flat=True)))


def modules_unknown(now: datetime, limits: Limits) -> Rows:
    """F40: the rows are of the version that this code knows, and all are here. Otherwise its engine stands still."""
    known = dict(EngineModule.objects.values_list("name", "version"))
    return sorted(name for name in {*VERSIONS, *known} if known.get(name) != VERSIONS.get(name))


def epoch_gone(now: datetime, limits: Limits) -> Rows:
    """W3: the row that says which site's engines may work is here. Without it none does."""
    return [] if Epoch.objects.filter(pk=1).exists() else ["epoch"]


def canary_silent(now: datetime, limits: Limits) -> Rows:
    """W2: a page to nobody went the whole way lately."""
    return [CANARY] if canary_missed(now=now, limits=limits) else []


def canary_missed(*, now: datetime, limits: Limits) -> bool:
    """Say whether none has landed lately. One that never did is missed once this system is older than the limit."""
    after = limits.span("canary_stale_after_s")
    canary = Heartbeat.objects.filter(name=CANARY).first()
    if canary is not None:
        return not now - after < canary.at <= now + AHEAD
    beats = Heartbeat.objects.filter(name__in=VERSIONS).aggregate(at=Min("at"))["at"]
    audits = Audit.objects.aggregate(at=Min("at"))["at"]
    return any(at is not None and at <= now - after for at in (beats, audits))


def loops_silent(now: datetime, limits: Limits) -> Rows:
    """I13, F7: each loop that has ever run here still does. Either alone is enough, so nothing is lost yet."""
    lately = _fresh(now, limits.span("loop_stale_after_s"))
    return Heartbeat.objects.filter(name__in=LOOPS).exclude(pk__in=lately.values("pk")).values_list("name", flat=True)


def _fresh(now: datetime, limit: timedelta) -> QuerySet[Heartbeat]:
    """What beat lately. A beat from the future is none: the clock went back, and nobody knows what worked since."""
    return Heartbeat.objects.filter(at__gt=now - limit, at__lte=now + AHEAD)


INVARIANTS = [
    Invariant("I13", "Engine and sender each finish a cycle within a minute", modules_silent),
    Invariant("F40", "The database is of the version that this code knows", modules_unknown),
    Invariant("W3", "The database says in which epoch it is", epoch_gone),
    Invariant("W2", "A canary page has gone the whole way in the last 5 minutes", canary_silent),
    Invariant(
        "F7",
        "Each of the two loops runs; pages go by the other alone meanwhile",
        loops_silent,
        gravity=Gravity.ADVICE,
        says="loop",
    ),
]
