"""A chore: runs end with what they were about, and one that everybody left asks what was missing."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from incidents.alarms.models import Alarm
from incidents.following import queries, services
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from playbooks.runs.models import Run

log = logging.getLogger(__name__)
OVER = ("resolved", "closed", "false_alarm", "merged")


def keep(*, now: datetime, limits: Limits, at_most: int = 10) -> int:
    """Every half minute: end as solved what is marked so and whose alarm or incident is over; close what was left.

    Returns how many runs ended. Three queries where nothing is due. A run that another one goes on for is not left.
    """
    _mind(now=now, at_most=at_most)
    over = Q(tie__alarm__state=Alarm.State.RESOLVED) | Q(tie__incident__state__in=OVER)
    solved = Run.objects.open().filter(over, solved_step__isnull=False).order_by("touched_at")[:at_most]
    left = Run.objects.open().filter(touched_at__lte=now - limits.span("run_left_s"))
    left = left.exclude(Exists(Run.objects.open().filter(parent=OuterRef("pk")))).order_by("touched_at")[:at_most]
    done = 0
    for how, rows in (("solved", solved), ("left", left)):
        for run in rows.select_related("playbook", "revision", "started_by"):
            try:
                with transaction.atomic():
                    services.end(run=run, how=how, by=None, now=now)
                    if how == "left":
                        _ask(run, now=now)
                done += 1
            except services.Overtaken:
                log.info("run %s was ended by somebody meanwhile", run.pk)
            except Exception:  # one that breaks holds up no other
                log.exception("ending run %s", run.pk)
    return done


def _mind(*, now: datetime, at_most: int) -> None:
    """Follow alarms that became part of a restricted incident, or no longer are (R43): nobody tells this room."""
    secret = queries.secret().values("pk")
    wrong = Run.objects.filter(Q(restricted=False, pk__in=secret) | Q(restricted=True) & ~Q(pk__in=secret))
    for run in wrong[:at_most]:
        services.mind(run, now=now)


def _ask(run: Run, *, now: datetime) -> None:
    """Ask whoever was at it last what became of it; nobody of practice, nor of what led to another that was left."""
    if not run.subject or run.children.filter(end="left").exists():
        return
    last = run.outcomes.select_related("by").order_by("-nth").first()
    person = last.by if last else run.started_by
    link = f"{settings.PUBLIC_BASE_URL}{run.path}"
    text = f"You followed “{run.playbook.title[:120]}” and left it. Did it help? If not, say what was missing: {link}"
    paging.notice(key=f"run-left:{run.pk}", person=person, text=text, now=now)
