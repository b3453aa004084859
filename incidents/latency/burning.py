"""Look at how fast the budgets burn, each half minute: a fast burn pages, a slow one becomes a work item.

A fast burn calls nobody while an alarm of the latency rules is open, or was a moment ago: that is the same outage, and
its log says what it costs. Old data cannot fire: the windows end now.
"""

from datetime import datetime

from django.db.models import Q, Value

from incidents.alarms import holding, services
from incidents.alarms.firing import Firing
from incidents.alarms.models import LATENCY, Alarm, Held, LogEntry
from incidents.latency import budget_queries as queries
from incidents.latency.budget import DELAYED, FAILED, LATE, Use, percent
from incidents.latency.budget_queries import Burning, Terms
from incidents.latency.burn import burns, is_over, rate
from incidents.latency.models import Rule
from oncall.limits.queries import Limits
from oncall.people.models import Team
from oncall.people.queries import CAMPAIGN_MANAGEMENT
from oncall.work import services as work
from oncall.work.models import WorkItem

SOURCE = "latency watch"
KEY = "budget.burn"
SLOW = "budget.slow."
BURNS_FAST = "The budget burns fast"
NAMES = {LATE: "2 % (not in time)", DELAYED: "1 % (delayed)", FAILED: "0.1 % (failed)"}


def keep(*, now: datetime, limits: Limits) -> None:
    """The chore. Where no visit was taken lately and nothing is open it costs four short queries."""
    terms = Terms.of(limits)
    _fast(terms, now=now, limits=limits)
    _slow(terms, now=now, limits=limits)


# --- Fast -------------------------------------------------------------------------------------------------------------


def _fast(terms: Terms, *, now: datetime, limits: Limits) -> None:
    found = queries.fast_of(terms, limits, now=now)
    rule, planned = queries.rule_of(limits, "fast"), terms.budget.planned
    alarms = Alarm.objects.open().filter(source_id=LATENCY, key=KEY).order_by()
    held = Held.objects.held().filter(source_id=LATENCY, key=KEY).order_by()
    out = {what for (what,) in alarms.values_list(Value("alarm")).union(held.values_list(Value("held")))}
    if out and is_over(found.long, found.short, limit=found.limit, planned=planned, rule=rule):
        holding.hear_over(source_id=LATENCY, key=KEY, now=now, why="It burns no faster than the year bears.")
        return
    if "alarm" in out or not burns(found.long, found.short, limit=found.limit, planned=planned, rule=rule):
        return
    words = _words(found, terms, limits)
    other = _of_the_same_outage(now=now, limits=limits)
    if other is not None:
        _tell(other, words, now=now)
    elif not _put_aside(now=now, limits=limits):
        like = Rule.objects.at(now).filter(kind=Rule.Kind.LATE).first()
        firing = _firing(words, like, severity=limits.count("burn_fast_severity"))
        if _held_with(like, firing, now=now):
            return
        services.hear(firing=firing, policy_id=like.policy_id if like else None, now=now)


def _held_with(like: Rule | None, firing: Firing, *, now: datetime) -> bool:
    """Say whether the rule for late alerts calls nobody now: then this does not either, and is written down.

    Own choice: it has no rule of its own, and whoever waives the one has the other in mind as well.
    """
    if like is None or like.mode == Rule.Mode.OFF:
        return like is not None
    until = like.held_until(now, severity=firing.severity)
    if like.mode == Rule.Mode.PAGING and until is None:
        return False
    waived = like.mode == Rule.Mode.PAGING
    text = f"{like.kind} is {'waived' if waived else 'in shadow'}, and this goes with it."
    reason = Held.Why.WAIVED if waived else Held.Why.SHADOW
    holding.hold(
        firing=firing, reason=reason, text=text, until=until if waived else None, policy_id=like.policy_id, now=now
    )
    return True


def _words(found: Burning, terms: Terms, limits: Limits) -> str:
    share = percent(Use(found.long.bad, found.limit * terms.budget.planned).share)
    minutes = int(limits.span("burn_fast_long_s").total_seconds() // 60)
    return (
        f"{BURNS_FAST}: {found.long.bad} visits not in time in the last {minutes} min, {share} % of the year's 2 %, "
        f"and it goes on at {rate(found.short, found.limit):.0f} times the pace that the year bears."
    )


def _of_the_same_outage(*, now: datetime, limits: Limits) -> Alarm | None:
    """Return the alarm of a latency rule that is open, or was until a moment ago: the short window still holds what it
    was about.
    """
    lately = now - limits.span("burn_fast_short_s")
    rules = Alarm.objects.filter(Q(resolved_at__isnull=True) | Q(resolved_at__gt=lately), source_id=LATENCY)
    worst = limits.count("burn_fast_severity")
    return rules.exclude(key=KEY).filter(severity__lte=worst).order_by("-fired_at", "severity", "key").first()


def _tell(alarm: Alarm, words: str, *, now: datetime) -> None:
    """Write it into the log of the alarm that is out already, once in each of its cycles."""
    if alarm.resolved_at is not None:
        return
    if not alarm.log.filter(cycle=alarm.cycle, kind=LogEntry.Kind.HELD, text__startswith=BURNS_FAST).exists():
        services.write(alarm, LogEntry.Kind.HELD, words, now=now)


def _put_aside(*, now: datetime, limits: Limits) -> bool:
    """Say whether a human resolved its alarm within the long window: they know, and what is gone stays gone."""
    last = Alarm.objects.filter(source_id=LATENCY, key=KEY).order_by("-fired_at").first()
    if last is None or last.resolved_at is None or now - last.resolved_at >= limits.span("burn_fast_long_s"):
        return False
    return last.log.filter(kind=LogEntry.Kind.RESOLVED, cycle=last.cycle, person__isnull=False).exists()


def _firing(words: str, like: Rule | None, *, severity: int) -> Firing:
    """Return the alarm, with the product, playbook and stage of the rule for late alerts: it is about the same."""
    return Firing(
        title=words.partition(",")[0],
        severity=min(5, max(1, severity)),
        source_id=LATENCY,
        source=SOURCE,
        key=KEY,
        description=f"{words} It resolves itself when visits are in time again.",
        labels={"rule": KEY},
        link="/nights/",
        product=like.product if like else "",
        playbook=like.playbook if like else "",
        stage=like.stage if like else "",
    )


# --- Slow -------------------------------------------------------------------------------------------------------------


def _slow(terms: Terms, *, now: datetime, limits: Limits) -> None:
    rule, planned = queries.rule_of(limits, "slow"), terms.budget.planned
    known = set(WorkItem.objects.open().filter(key__in=[SLOW + name for name in NAMES]).values_list("key", flat=True))
    for found in queries.slow_of(terms, limits, now=now):
        key = SLOW + found.name
        if key in known:
            if is_over(found.long, found.short, limit=found.limit, planned=planned, rule=rule):
                work.close_item(key=key, outcome="It burns no faster than the year bears.", now=now)
        elif burns(found.long, found.short, limit=found.limit, planned=planned, rule=rule) and not _closed(
            key, found, terms, limits, now=now
        ):
            _open(key, found, terms, limits, now=now)


def _closed(key: str, found: Burning, terms: Terms, limits: Limits, *, now: datetime) -> bool:
    """Say whether a human closed its last item within the long window, and it has not got worse since: they know.

    Own choice: worse is when the long window holds so much more than it did then, as far as it was known then, that
    this alone would burn.
    """
    last = WorkItem.objects.filter(key=key).order_by("-opened_at").first()
    if last is None or last.done_at is None or last.done_by_id is None:
        return False
    if now - last.done_at >= limits.span("burn_slow_long_s"):
        return False
    known = queries.slow_of(terms, limits, now=last.done_at, heard_by=last.done_at)
    more = found.long.bad - next(one.long.bad for one in known if one.name == found.name)
    return Use(more, found.limit * terms.budget.planned).share < queries.rule_of(limits, "slow").share


def _open(key: str, found: Burning, terms: Terms, limits: Limits, *, now: datetime) -> None:
    share = percent(Use(found.long.bad, found.limit * terms.budget.planned).share)
    days = limits.span("burn_slow_long_s").total_seconds() / 86400
    work.open_item(
        key=key,
        title=f"The {NAMES[found.name]} budget burns: {share} % of the year in {days:g} days",
        text=(
            f"{found.long.bad} of {found.long.eligible} visits in {days:g} days, at "
            f"{rate(found.long, found.limit):.1f} times the pace that the year bears. Find what the nights have in "
            "common, and whether what failed can still be caught up. It is closed by itself when it stops. Closed by "
            f"hand, it comes back when it gets much worse, or when it still burns {days:g} days later."
        ),
        url="/nights/",
        origin="Budget of the year",
        team=Team.objects.filter(slug=CAMPAIGN_MANAGEMENT).select_related("calendar").first(),
        now=now,
    )
