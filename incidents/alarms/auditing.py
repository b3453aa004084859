"""What must always be true of alarms; each is one query over an index (docs/paging.md 4).

Open alarms are asked about through the partial indexes of what is open, the rest only for the last hour. Each question
about lines of a log bounds them by an instant or a version, so that the whole log is never read to answer it. I9 covers
what changes an alarm; configuration has no history of its own yet.
"""

from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery

from incidents.alarms import queries
from incidents.alarms.models import CALLED_IN, HANDED_OVER, Alarm, AlarmPage, LogEntry
from oncall.limits.queries import Limits
from oncall.paging.models import Page
from oncall.troubles.invariants import Invariant, Rows

LATELY = timedelta(hours=1)
AT_ONCE = timedelta(seconds=15)  # two transactions at once: the later commit may carry the earlier `now`
ENDED_WITHIN = timedelta(seconds=30)  # a page, after the last of its alarms was answered
CALLS = [LogEntry.Kind.PAGED, LogEntry.Kind.CALLED_IN, LogEntry.Kind.HANDOFF]  # each says that a page was made
FREED = [
    LogEntry.Kind.LAPSED,
    LogEntry.Kind.WOKE,
    LogEntry.Kind.REASSIGNED,
    LogEntry.Kind.ESCALATED,
    LogEntry.Kind.UNDONE,
]  # after which somebody else may acknowledge within the same cycle
GIVEN = [LogEntry.Kind.ACKNOWLEDGED, LogEntry.Kind.REASSIGNED, LogEntry.Kind.SNOOZED]


def late_alarms(now: datetime, limits: Limits) -> Rows:
    """I1: the next step of an open alarm, or the look at who is on call, is taken when it is due.

    Indexes alarm_due, alarm_cover_due.
    """
    return (
        queries.late(now=now, after=limits.span("page_late_after_s")).order_by("next_due").values_list("pk", flat=True)
    )


def silent_steps(now: datetime, limits: Limits) -> Rows:
    """I2: the step that an alarm took last has paged somebody, or the log says that it reached nobody.

    A line alone pages nobody: where it speaks of a page, one is linked to this cycle. Firing alarms alone; indexes
    log_by_alarm and one_link_each for each.
    """
    lines = LogEntry.objects.filter(alarm=OuterRef("pk"), cycle=OuterRef("cycle"), at__gte=OuterRef("stepped_at"))
    linked = AlarmPage.objects.filter(alarm=OuterRef("pk"), cycle=OuterRef("cycle"))
    called = Exists(lines.filter(kind__in=CALLS)) & Exists(linked)
    nobody = Exists(lines.filter(kind=LogEntry.Kind.NOBODY))
    fired = Alarm.objects.open().filter(state=Alarm.State.FIRING, stepped_at__isnull=False)
    return fired.exclude(called | nobody).order_by().values_list("pk", flat=True)


def paged_after_answer(now: datetime, limits: Limits) -> Rows:
    """I6: nobody is paged for a cycle after it was acknowledged or resolved, but by a human hand.

    Acknowledged alarms and those resolved within the hour; index one_link_each for each.
    """
    links = AlarmPage.objects.filter(alarm=OuterRef("pk"), cycle=OuterRef("cycle")).exclude(step=CALLED_IN)
    held = Q(state=Alarm.State.ACKNOWLEDGED) & Exists(links.filter(linked_at__gt=OuterRef("acknowledged_at") + AT_ONCE))
    over = Q(resolved_at__gt=now - LATELY) & Exists(links.filter(linked_at__gt=OuterRef("resolved_at") + AT_ONCE))
    return _lately(now).filter(held | over).order_by().values_list("pk", flat=True)


def calls_after_answer(now: datetime, limits: Limits) -> Rows:
    """I6: a page ends when none of its alarms needs it any more: each is acknowledged, snoozed or resolved.

    Who was called in or handed an alarm is wanted still. Pages that call, which are few: index page_due.
    """
    before = now - ENDED_WITHIN
    answered = Q(alarm__state=Alarm.State.ACKNOWLEDGED, alarm__acknowledged_at__lt=before)
    over = answered | Q(alarm__state=Alarm.State.RESOLVED, alarm__resolved_at__lt=before)
    by_hand = Q(step__in=[CALLED_IN, HANDED_OVER])
    needed = AlarmPage.objects.filter(page=OuterRef("page")).filter(by_hand | ~over)
    calling = AlarmPage.objects.filter(page__state=Page.State.CALLING, page__next_due__isnull=False)
    return calling.filter(~Exists(needed)).order_by().values_list("alarm", flat=True)


def versions_without_line(now: datetime, limits: Limits) -> Rows:
    """I7: each change of an alarm's state is one line, which carries its version: none unwritten, none left out.

    That two lines carry one version the database refuses (one_line_per_version). Lines of before versions were written
    have none, so it is counted from the first that has one. Index one_line_per_version for each alarm.
    """
    each = LogEntry.objects.filter(alarm=OuterRef("pk"), version__isnull=False).order_by().values("alarm")
    changed = _lately(now).annotate(
        lines=Subquery(each.annotate(n=Count("pk")).values("n")),
        first=Subquery(each.annotate(n=Min("version")).values("n")),
        last=Subquery(each.annotate(n=Max("version")).values("n")),
    )
    left_out = ~Q(last=F("version")) | ~Q(lines=F("last") - F("first") + 1)
    return changed.filter(left_out, lines__isnull=False).order_by().values_list("pk", flat=True)


def two_winners(now: datetime, limits: Limits) -> Rows:
    """I7: of two who acknowledge one cycle one wins, unless it was let go, woken or handed on in between.

    Index one_line_per_version for each alarm.
    """
    lines = LogEntry.objects.filter(alarm=OuterRef("alarm"), cycle=OuterRef("cycle"))
    freed = LogEntry.objects.filter(
        alarm=OuterRef("alarm"),
        kind__in=FREED,
        version__lt=OuterRef("version"),
        version__gt=OuterRef(OuterRef("version")),
    )
    other = lines.filter(
        ~Q(person=OuterRef("person")), ~Exists(freed), kind=LogEntry.Kind.ACKNOWLEDGED, version__gt=OuterRef("version")
    )
    first = LogEntry.objects.filter(Exists(other), kind=LogEntry.Kind.ACKNOWLEDGED, version__isnull=False)
    return first.filter(alarm__in=_lately(now).values("pk")).order_by().values_list("alarm", flat=True)


def changes_without_actor(now: datetime, limits: Limits) -> Rows:
    """I9: whoever has an alarm is in its log as having taken it, and an end is in it too."""
    lines = LogEntry.objects.filter(alarm=OuterRef("pk"), cycle=OuterRef("cycle"))
    given = lines.filter(kind__in=GIVEN, person=OuterRef("acknowledged_by"), at__gte=OuterRef("acknowledged_at"))
    held = Q(state=Alarm.State.ACKNOWLEDGED) & ~Exists(given)
    over = Q(resolved_at__gt=now - LATELY) & ~Exists(
        lines.filter(kind=LogEntry.Kind.RESOLVED, at__gte=OuterRef("resolved_at"))
    )
    return _lately(now).filter(held | over).order_by().values_list("pk", flat=True)


def _lately(now: datetime) -> QuerySet[Alarm]:
    """What is open, or was until an hour ago. Indexes alarm_due, alarm_resolved."""
    return Alarm.objects.filter(~Q(state=Alarm.State.RESOLVED) | Q(resolved_at__gt=now - LATELY))


ALARM = "/alarms/{}/"
INVARIANTS = [
    Invariant("I1", "The next step of an open alarm is not late by a minute", late_alarms, ALARM),
    Invariant("I2", "A step that was taken has paged somebody, or says that it reached nobody", silent_steps, ALARM),
    Invariant("I6", "Nobody is paged for what is acknowledged or resolved", paged_after_answer, ALARM),
    Invariant("I6 calls", "A page ends when each of its alarms is answered", calls_after_answer, ALARM),
    Invariant("I7", "Each change of an alarm has one line", versions_without_line, ALARM),
    Invariant("I7 winner", "Of two who acknowledge at once one has won", two_winners, ALARM),
    Invariant("I9", "The log says who has an alarm, and who ended it", changes_without_actor, ALARM),
]
