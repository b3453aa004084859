"""Ask the rules every few seconds and do what they say: an alarm, a line in the ledger of what was not sent, an end.

Several loops may run it: whoever holds the one row asks, the others pass by. What breaks here is a trouble at once, and
what stops is one for the auditor (auditing.py): nobody takes silence for good news.
"""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, transaction
from django.db.models import Q

from incidents.alarms import holding, services
from incidents.alarms.firing import Firing
from incidents.alarms.models import LATENCY, Alarm, Held, LogEntry
from incidents.latency import remembering
from incidents.latency.gathering import facts_at, numbers_of, terms_of, usual_before
from incidents.latency.models import Rule, RuleWatch
from incidents.latency.rule_queries import WITH
from incidents.latency.standing import BEGINS, OVER, WORSE, Change, Looked, Memory, Standing, step
from incidents.latency.tonight import Tonight, tonight
from oncall.limits.queries import Limits
from oncall.troubles import services as troubles
from rotations.night import sun

log = logging.getLogger(__name__)
SOURCE = "latency watch"
TROUBLE = ("latency", "rules")  # that of one rule has its kind for a key
LINK = "/latency/rules/"


def keep(*, now: datetime, limits: Limits) -> None:
    """Every second: ask the rules where that is due. Where it breaks, a human is told."""
    kind, key = TROUBLE
    try:
        asked = ask(now=now, limits=limits)
    except InterfaceError:
        raise  # the connection is gone: the loop is made anew
    except Exception as error:
        log.exception("the latency rules")
        text = f"The latency rules cannot be asked: {type(error).__name__}. No alarm comes from them; watch by eye."
        troubles.raise_trouble(kind=kind, key=key, text=text, url=LINK, now=now)
        return
    if asked:
        troubles.clear_trouble(kind=kind, key=key, now=now)


@transaction.atomic
def ask(*, now: datetime, limits: Limits) -> Looked | None:
    """Ask every rule once, and do what it says; nothing where it is not due, or somebody else is at it."""
    every = limits.span("latency_every_s")
    due = Q(looked_at__isnull=True) | Q(looked_at__lte=now - every) | Q(looked_at__gt=now + every)
    row = RuleWatch.objects.select_for_update(skip_locked=True).filter(due, pk=1).first()
    if row is None:
        return None
    memory, numbers = remembering.read(row.memory), numbers_of(limits)
    rules = {rule.kind: rule for rule in Rule.objects.at(now).select_related(*WITH)}
    day_obs = int(sun.written(sun.day_obs(now)))
    if row.usual_of != day_obs:
        row.usual, row.usual_of = usual_before(now, nights=limits.count("latency_median_nights")), day_obs
    terms = [terms_of(rule) for rule in rules.values() if rule.mode != Rule.Mode.OFF]
    facts = facts_at(now, memory, terms=terms, numbers=numbers, usual=row.usual)
    looked = step(memory, facts, terms, day_obs=day_obs, numbers=numbers)
    row.looked_at = now
    row.memory = remembering.written(looked.memory)
    told = _do_all(looked, before=memory, rules=rules, told=row.said.get("told", {}), now=now, limits=limits)
    row.said = {"told": told, "tonight": _tonight(tonight(looked)), "rules": _said(looked)}
    row.said["unwatched"] = [words for rule in rules.values() if (words := _unwatched(rule, now))]
    row.save()
    return looked


def _do_all(
    looked: Looked, *, before: Memory, rules: dict[str, Rule], told: dict[str, Any], now: datetime, limits: Limits
) -> dict[str, Any]:
    """Tell the alarms what changed, and what goes on. Returns, by kind, what was said, when and how, while it lasts.

    Each rule by itself: what breaks for one is its own trouble, until it could be told.
    """
    told = {kind: last or {} for kind, last in told.items()}
    changes = {change.kind: change for change in looked.changes}
    standing = {kind: one for kind, one in looked.memory.standings.items() if one.stands}
    over = {kind: last["over"] for kind, last in told.items() if "over" in last}
    over |= {kind: change.why for kind, change in changes.items() if change.what == OVER}
    for kind in before.standings.keys() - looked.memory.standings.keys():
        if before.of(kind).stands:
            over[kind] = "The rule was switched off."
    kept: dict[str, Any] = {}
    for kind in standing.keys() | over.keys() | told.keys():
        last = told.get(kind, {})
        try:
            with transaction.atomic():
                if kind in standing:
                    fires = looked.findings[kind].fires
                    kept[kind] = _go_on(
                        rules[kind], standing[kind], changes.get(kind), last=last, fires=fires, now=now, limits=limits
                    )
                elif kind in over:
                    holding.hear_over(source_id=LATENCY, key=kind, now=now, why=over[kind])
                if "failed" in last:
                    troubles.clear_trouble(kind=TROUBLE[0], key=kind, now=now)
        except InterfaceError:
            raise
        except Exception as error:
            log.exception("the latency rule %s", kind)
            kept[kind] = {"failed": now.isoformat()} | ({"over": over[kind]} if kind not in standing else {})
            text = f"The alarm of {kind} cannot be told: {type(error).__name__}. It is tried again; watch it by eye."
            troubles.raise_trouble(kind=TROUBLE[0], key=kind, text=text, url=f"{LINK}{kind}/", now=now)
    return kept


def _go_on(
    rule: Rule,
    standing: Standing,
    change: Change | None,
    *,
    last: dict[str, Any],
    fires: bool,
    now: datetime,
    limits: Limits,
) -> dict[str, Any]:
    """Say what stands: at once where it began, got worse, or may page now and might not before; else each minute."""
    held_until = rule.held_until(now, severity=standing.severity)
    how = f"waived until {held_until}" if rule.mode == Rule.Mode.PAGING and held_until else rule.mode
    news = (change is not None and change.what in (BEGINS, WORSE)) or last.get("how") != how
    if not news:
        said_at = datetime.fromisoformat(last["at"])
        if not fires or now - said_at < limits.span("latency_repeat_s"):
            return last
    if how == Rule.Mode.PAGING:
        if (
            change is None
            and "failed" not in last
            and _put_aside(rule.kind, now=now, aside=limits.span("latency_put_aside_s"))
        ):
            return last
        if (change is not None and change.what == BEGINS) or "failed" in last:
            _end_forgotten(rule.kind, now=now, parted=limits.span("latency_parted_s"))
        services.hear(firing=_firing(rule, standing), policy_id=rule.policy_id, now=now)
    elif not Alarm.objects.open().filter(source_id=LATENCY, key=rule.kind).exists():
        _hold(rule, standing, until=held_until, now=now)
    return {"at": now.isoformat(), "how": how}


def _hold(rule: Rule, standing: Standing, *, until: datetime | None, now: datetime) -> None:
    """Write down that it would have fired. One that is waived calls when the waiver ends, if it still fires then."""
    waived = rule.mode == Rule.Mode.PAGING
    who = rule.waived_by.name if rule.waived_by else "Nobody in particular"
    text = f"{who} waived it: {rule.waived_why}" if waived else "The rule is in shadow: it would have fired."
    holding.hold(
        firing=_firing(rule, standing),
        reason=Held.Why.WAIVED if waived else Held.Why.SHADOW,
        text=text,
        until=until if waived else None,
        policy_id=rule.policy_id,
        now=now,
    )


def _put_aside(kind: str, *, now: datetime, aside: timedelta) -> bool:
    """Say whether a human resolved its alarm a short while ago: they know, and need not be called at once."""
    last = Alarm.objects.filter(source_id=LATENCY, key=kind).order_by("-fired_at").first()
    if last is None or last.resolved_at is None or now - last.resolved_at >= aside:
        return False
    return last.log.filter(kind=LogEntry.Kind.RESOLVED, cycle=last.cycle, person__isnull=False).exists()


def _end_forgotten(kind: str, *, now: datetime, parted: timedelta) -> None:
    """One that nobody resolved, of hours ago, is about another time. Else what begins now would only count for it."""
    old = Alarm.objects.open().filter(source_id=LATENCY, key=kind, last_signal_at__lt=now - parted)
    for alarm in old:
        services.resolve(alarm=alarm, now=now, why="It begins anew now; this was about an earlier time.")


def _firing(rule: Rule, standing: Standing) -> Firing:
    labels = {"rule": rule.kind, "stage": standing.stage}
    if standing.since:
        labels["day_obs"] = sun.written(sun.day_obs(standing.since))
    labels |= {
        name: str(value)
        for name, value in (("first_visit", standing.first_visit), ("last_visit", standing.last_visit))
        if value
    }
    return Firing(
        title=standing.title,
        severity=standing.severity,
        source_id=LATENCY,
        source=SOURCE,
        key=rule.kind,
        description=f"{rule.get_kind_display().capitalize()}. It resolves itself after five visits in a row in time.",
        labels=labels,
        link=LINK,
        product=rule.product,
        stage=standing.stage,
        playbook=rule.playbook,
    )


def _unwatched(rule: Rule, now: datetime) -> str:
    """Say that a rule calls nobody, and why; nothing if it does."""
    if rule.mode != Rule.Mode.PAGING:
        return f"{rule.kind} is {rule.get_mode_display()}"
    if rule.waived_until is None or not rule.is_waived(now):
        return ""
    sev1 = "" if rule.waiver_agreed_by else ", SEV-1 for 30 min at most"
    return f"{rule.kind} is waived until {rule.waived_until:%d %b %H:%M} UTC{sev1}"


def _tonight(state: Tonight) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(state).items()}


def _said(looked: Looked) -> dict[str, Any]:
    """Return what each rule says, for screens."""
    said: dict[str, Any] = {}
    for kind, found in looked.findings.items():
        standing = looked.memory.of(kind)
        since = standing.since or found.since
        said[kind] = {
            "says": found.says,
            "why": found.why,
            "since": since.isoformat() if since else None,
            "count": max(found.count, standing.count),
            "stage": standing.stage or found.stage,
            "severity": standing.severity if standing.stands else None,
            "stands": standing.stands,
        }
    return said
