"""A storm of one source: beyond so many new alarms in a minute that call the same people one alarm stands for all
further keys that would call them, which are held under it, each a row. What is worse, or calls others, calls.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, transaction
from django.db.models import Count, Min, Q, QuerySet

from incidents.alarms import services
from incidents.alarms.held import BY_STAGE_S, STORM
from incidents.alarms.models import ITSELF, PEOPLE, Alarm, GroupRule, Held, LogEntry
from incidents.escalation import queries as policies
from oncall import rows
from oncall.limits.queries import Limits

log = logging.getLogger(__name__)
MINUTE = timedelta(minutes=1)
COUNTED = 1000  # held rows that are counted each second; of more the title says each half minute how many

NEWEST = "SELECT first_at FROM alarms_held WHERE state = 'held' AND parent_id = %s ORDER BY first_at DESC LIMIT 1"


def watch(*, now: datetime, limits: Limits) -> None:
    """A chore, each second: see storms begin, and let their alarms say how many there are."""
    most = limits.count("storm_alarms_per_min")
    for source_id, policy_id in _raging(most, now=now):
        with _alone(source_id):
            _begin(source_id, policy_id, most=most, now=now)
    for pk in GroupRule.objects.filter(storm__isnull=False, storm_ended_at__isnull=True).values_list("pk", flat=True):
        with _alone(pk):
            _tend(pk, counted=COUNTED, now=now, limits=limits)


def settle(*, now: datetime, limits: Limits) -> None:
    """A chore, each half minute: end the alarms of storms that are past, once all that was held under them is over."""
    for pk in GroupRule.objects.filter(storm__isnull=False).values_list("pk", flat=True):
        with _alone(pk):
            _tend(pk, counted=None, now=now, limits=limits)


@contextmanager
def _alone(source_id: UUID) -> Iterator[None]:
    """What breaks for one source keeps no other from its storm."""
    try:
        yield
    except InterfaceError:
        raise  # the connection is gone
    except Exception:
        log.exception("storm of %s", source_id)


def _raging(most: int, *, now: datetime) -> list[tuple[UUID, UUID | None]]:
    """Return whose alarms, by source and policy, began or came back more than so often within a minute."""
    began = Alarm.objects.filter(fired_at__gt=now - MINUTE).exclude(key=STORM)
    back = LogEntry.objects.filter(kind=LogEntry.Kind.REOPENED, at__gt=now - MINUTE).exclude(alarm__key=STORM)
    found: Counter[tuple[UUID, UUID | None]] = Counter()
    for source_id, policy_id, n in began.order_by().values_list("source_id", "policy_id").annotate(n=Count("pk")):
        found[source_id, policy_id] += n
    by = ("alarm__source_id", "alarm__policy_id")
    for source_id, policy_id, n in back.order_by().values_list(*by).annotate(n=Count("pk")):
        found[source_id, policy_id] += n
    return [one for one, n in found.items() if n > most and one[0] not in (PEOPLE, ITSELF)]


def _members(source_id: UUID, policy_id: UUID | None, *, now: datetime) -> "QuerySet[Alarm]":
    back = LogEntry.objects.filter(kind=LogEntry.Kind.REOPENED, at__gt=now - MINUTE).values("alarm")
    mine = Alarm.objects.filter(source_id=source_id, policy_id=policy_id).exclude(key=STORM)
    return mine.filter(Q(fired_at__gt=now - MINUTE) | Q(pk__in=back)).order_by()


@transaction.atomic
def _begin(source_id: UUID, policy_id: UUID | None, *, most: int, now: datetime) -> None:
    """Raise the alarm of the storm: it calls whom most of its members call, and is as bad as the worst of them. One
    that is open still goes on; where as many as make a storm are worse than it, it begins anew, as bad as these.

    Own choice: a source has one storm at a time. Meanwhile what calls other people calls them as ever.
    """
    GroupRule.objects.get_or_create(pk=source_id)
    known = GroupRule.objects.filter(pk=source_id).values_list("storm", flat=True).first()
    locked = Alarm.objects.select_for_update()  # an alarm before what hangs on it
    storm = locked.filter(pk=known).first() if known is not None else None
    rule = GroupRule.objects.select_for_update().filter(pk=source_id, storm=storm).first()
    members = _members(source_id, policy_id, now=now)
    most_of_them = members.values("source", "plan").annotate(n=Count("pk"), worst=Min("severity"))
    top = most_of_them.order_by("-n", "worst", "source", "plan").first()
    if rule is None or top is None:
        return  # another loop was first
    severity, steps = top["worst"], top["plan"].get("steps")
    if storm is not None and storm.state != Alarm.State.RESOLVED:
        if storm.plan.get("steps") != steps:
            return
        worse = members.filter(plan__steps=steps, severity__lt=storm.severity).count()
        if rule.storm_ended_at is None and worse <= most:
            return  # it goes on
        severity = min(severity, storm.severity)
    elif storm is not None and Held.objects.held().filter(parent=storm).exists():
        return  # what was held under the last one is not dealt with yet
    usual = policies.snapshot(policy_id)
    firing = services.Firing(
        title=f"Storm of {top['source']}: more than {most} new alarms in a minute",
        severity=severity,
        source_id=source_id,
        source=top["source"],
        key=STORM,
        description=f"Further keys of {top['source']} that would call the same people, and are no worse than this, are "
        "held under this alarm, each a row of its own, and call nobody. Whoever resolves it ends all of them that they "
        "can have seen: look at the list first. Everything else calls as ever.",
        link=f"/not-sent/?why=grouped&source={source_id}",
        plan=None if usual is not None and usual[1]["steps"] == steps else top["plan"],
    )
    pk = services.hear(firing=firing, policy_id=policy_id, now=now, admitted=True)
    rule.storm_id, rule.storm_ended_at = pk, None
    rule.save(update_fields=["storm", "storm_ended_at"])


@transaction.atomic
def _tend(source_id: UUID, *, counted: int | None, now: datetime, limits: Limits) -> None:
    """Let the alarm of a storm say how many are held under it, if these are not more than `counted`; end what is over.

    What is asked each second reads as much of an index, however many there are.
    """
    found = GroupRule.objects.filter(pk=source_id, storm__isnull=False).values_list("storm", flat=True).first()
    if found is None:
        return
    storm = Alarm.objects.select_for_update().get(pk=found)  # an alarm before what hangs on it
    rule = GroupRule.objects.select_for_update().filter(pk=source_id, storm=storm).first()
    if rule is None:
        return
    newest = next((at for (at,) in rows.ask(NEWEST, [storm.pk])), None)
    if storm.state == Alarm.State.RESOLVED:
        if newest is None:
            _forget(rule)
        return
    began = LogEntry.objects.filter(alarm=storm, cycle=storm.cycle).order_by("pk").values_list("at", flat=True).first()
    last = max(at for at in (newest, began, storm.fired_at) if at is not None)
    if rule.storm_ended_at is None and now - last >= limits.span("storm_over_s"):
        rule.storm_ended_at = now
        rule.save(update_fields=["storm_ended_at"])
        text = f"No new key since {last.astimezone(UTC):%H:%M} UTC: the storm is past. What is held stays held."
        services.write(storm, LogEntry.Kind.HELD, text, now=now)
    if rule.storm_ended_at is not None and newest is None:
        services.resolve(alarm=storm, now=now, why="All that was held under it is over.")
        return
    under = Held.objects.held().filter(parent=storm).order_by().values("pk")
    n = (under if counted is None else under[: counted + 1]).count()
    title = f"Storm of {storm.source}: {n:,} more"
    if n and (counted is None or n <= counted) and title[:300] != storm.title:
        Alarm.objects.filter(pk=storm.pk).update(title=title[:300], count=max(storm.count, n))


def _forget(rule: GroupRule) -> None:
    """Its storm is dealt with. A rule that nobody set goes with it, so that nothing of it is asked any more."""
    if rule.by == GroupRule.By.STAGE and rule.window_s == BY_STAGE_S:
        rule.delete()
    else:
        rule.storm = rule.storm_ended_at = None
        rule.save(update_fields=["storm", "storm_ended_at"])
