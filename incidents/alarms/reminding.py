"""Chore: remind whoever has an alarm that their acknowledgement is about to lapse, with one press to keep it."""

from datetime import datetime
from urllib.parse import urljoin

from django.conf import settings

from incidents.alarms.models import Alarm, AlarmPage
from oncall.limits.queries import Limits
from oncall.paging import queries as paging
from oncall.paging import services
from oncall.paging.models import Notice


def remind_due(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Remind the holders of alarms that fire again within minutes (a limit). Returns how many notices.

    Once for each lapse; whoever renews it is reminded of the next one. A snooze needs none: its holder chose its end.
    """
    lapse = limits.span("acknowledgement_lapse_s")
    ahead = min(limits.span("acknowledgement_remind_s"), lapse / 2)
    soon = Alarm.objects.filter(
        state=Alarm.State.ACKNOWLEDGED, snoozed_until__isnull=True, next_due__gt=now, next_due__lte=now + ahead
    ).select_related("acknowledged_by")
    rows = {f"lapse:{alarm.pk}:{_stamp(alarm)}": alarm for alarm in soon.order_by("next_due")}
    known = set(Notice.objects.filter(key__in=rows).values_list("key", flat=True)) if rows else set()
    told = 0
    for key in [key for key in rows if key not in known][:at_most]:
        alarm = rows[key]
        holder = alarm.acknowledged_by
        assert holder is not None  # an acknowledged alarm has one: the database says so
        told += services.notice(key=key, person=holder, text=_words(alarm, now=now), now=now) is not None
    return told


def _stamp(alarm: Alarm) -> str:
    assert alarm.next_due is not None  # it is open
    return f"{alarm.next_due.timestamp():.0f}"


def _words(alarm: Alarm, *, now: datetime) -> str:
    assert alarm.next_due is not None
    minutes = max(1, round((alarm.next_due - now).total_seconds() / 60))
    code = _code(alarm)
    keep = f"Reply {code} A to keep it, or press there: " if code else "Press there to keep it: "
    return (
        f"You have “{alarm.title[:80]}”. In {minutes} min it calls everybody anew. {keep}"
        f"{urljoin(settings.PUBLIC_BASE_URL, alarm.path)}"
    )


def _code(alarm: Alarm) -> str:
    """Return the code of the last page that told the holder by text in this cycle; a reply to it renews. Or nothing."""
    links = AlarmPage.objects.filter(alarm=alarm, cycle=alarm.cycle, page__person=alarm.acknowledged_by_id)
    for link in links.select_related("page").order_by("-linked_at", "-pk"):
        if paging.last_told(link.page, channel="sms") is not None:
            return link.page.reference
    return ""
