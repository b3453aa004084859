"""What the rules go by, asked of the database: a few indexed queries about this night, however many years there are.

A rehearsal gathers the same facts from a file (`rehearsal.py`); a test holds the two against each other.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from incidents.latency.facts import (
    AHEAD,
    LINK,
    MARGIN,
    Announced,
    Facts,
    Numbers,
    Seen,
    Span,
    Terms,
    first_heard,
    recent,
)
from incidents.latency.models import NextVisit, Rule
from incidents.latency.standing import Memory, awake
from incidents.latency.verdict import CAMERA, Told
from incidents.signals.heartbeats import last_watching_beat
from incidents.signals.heartbeats_models import Heartbeat
from oncall.limits.queries import Limits
from oncall.people.queries import NoObservingSite, observing_site
from rotations.night import sun

# What was told only ahead of its time was a rehearsal (facts.first_heard)
TAKEN = "v.reported_at >= v.end_readout - %(ahead)s"
SENT_SO = "d.reported_at >= greatest(d.first_sent_at, v.end_readout) - %(ahead)s"

VISITS = f"""
SELECT v.visit_id, v.instrument, v.end_readout, v.on_sky, v.dome_open, coalesce(b.alerts_expected, true),
       v.expected_alerts, v.waived, v.received_at, v.reported_at, d.visit_id IS NOT NULL, coalesce(d.sent, 0),
       coalesce(d.sent_within_limit, 0), d.first_sent_at, coalesce(d.stage, 'none'), coalesce(d.ended, ''), d.waived,
       least(d.last_sent_at, d.reported_at)
  FROM latency_visit v
  LEFT JOIN latency_surveyblock b ON b.code = v.survey_block
  LEFT JOIN latency_delivery d ON d.visit_id = v.visit_id AND {SENT_SO}
 WHERE v.end_readout >= greatest(%(noon)s, (
           SELECT max(v.end_readout) - %(recent)s FROM latency_visit v
            WHERE v.end_readout >= %(noon)s AND v.end_readout < %(end)s AND {TAKEN}))
   AND v.end_readout < %(end)s AND {TAKEN}
 ORDER BY v.end_readout, v.visit_id
"""  # noqa: S608  # conditions of ours

SENT = f"""
SELECT coalesce(sum(d.sent), 0), count(*)
  FROM latency_visit v JOIN latency_delivery d ON d.visit_id = v.visit_id
 WHERE v.end_readout >= %(sunset)s AND v.end_readout < %(end)s AND v.instrument = %(camera)s AND d.sent > 0
   AND {TAKEN} AND {SENT_SO}
"""  # noqa: S608  # as above

SENT_BY_NIGHT = f"""
SELECT sum(d.sent)::numeric / count(*)
  FROM latency_visit v JOIN latency_delivery d ON d.visit_id = v.visit_id
 WHERE v.end_readout >= %(begins)s AND v.end_readout < %(noon)s AND v.instrument = %(camera)s AND d.sent > 0
   AND {TAKEN} AND {SENT_SO}
 GROUP BY date_trunc('day', v.end_readout - interval '12 hours', 'UTC')
"""  # noqa: S608  # as above


def numbers_of(limits: Limits) -> Numbers:
    """Return what all rules share, as it is in force."""
    return Numbers(
        most_alerts=limits.count("visit_alerts_at_most"),
        share=limits.number("visit_in_time_share"),
        overdue=limits.span("latency_overdue_s"),
        good_visits=limits.count("latency_good_visits"),
        catch_up=limits.span("latency_catch_up_s"),
        parted=limits.span("latency_parted_s"),
        feed=limits.span("latency_feed_s"),
        settle=limits.span("latency_settle_s"),
        away=limits.span("latency_away_s"),
        back=limits.span("latency_back_s"),
        data_old=limits.span("latency_data_old_s"),
    )


def terms_of(rule: Rule) -> Terms:
    """Return a rule's row as the arithmetic takes it."""
    usual = Terms(rule.kind, rule.visits, rule.window, rule.severity)
    return Terms(
        kind=rule.kind,
        visits=rule.visits,
        window=rule.window,
        severity=rule.severity,
        share=usual.share if rule.share is None else rule.share,
        alerts=usual.alerts if rule.alerts is None else rule.alerts,
        factor=usual.factor if rule.factor is None else rule.factor,
        worse=rule.worse_severity,
        worse_after=None if rule.worse_after_s is None else timedelta(seconds=rule.worse_after_s),
        stage=rule.stage,
    )


def facts_at(
    now: datetime, memory: Memory, *, terms: Sequence[Terms], numbers: Numbers, usual: Decimal | None
) -> Facts:
    """Return what is known at `now` (UTC) that rules of these `terms` go by.

    By day none fires, and nothing is asked but whether a link that was lost is back.
    """
    night, dark = spans_of_night(now)
    base = Facts(now, night, dark, awake(memory, now, numbers), spans=memory.spans(now), over=memory.over())
    if night is None:
        return base
    if not night[0] <= now < night[1]:
        if not memory.of(LINK).is_open:
            return base
        return replace(base, announced=_newest(now, numbers), beat_at=last_watching_beat(now))
    noon = sun.noon_of(sun.day_obs(now))
    end = min(noon + sun.DAY, now + AHEAD)
    named: dict[str, Any] = {"noon": noon, "sunset": night[0], "end": end, "recent": recent(terms)}
    named |= {"camera": CAMERA, "ahead": AHEAD}
    with connection.cursor() as cursor:
        cursor.execute(VISITS, named)
        visits = tuple(_seen(row) for row in cursor.fetchall())
        alerts, with_alerts = 0, 0
        if visits and usual is not None:
            cursor.execute(SENT, named)
            alerts, with_alerts = cursor.fetchone()
    said = Heartbeat.objects.filter(is_enabled=True, dome_said_at__range=(noon, now)).order_by("-dome_said_at")
    dome, dome_at = said.values_list("dome_open", "dome_said_at").first() or (None, None)
    return Facts(
        now=now,
        night=night,
        dark=dark,
        awake_since=base.awake_since,
        visits=visits,
        next_visits=_announced(visits, noon, end),
        announced=_newest(now, numbers),
        beat_at=last_watching_beat(now),
        dome=dome,
        dome_at=dome_at,
        spans=base.spans,
        over=base.over,
        alerts=int(alerts),
        with_alerts=int(with_alerts),
        usual=usual,
    )


def _announced(visits: tuple[Seen, ...], noon: datetime, end: datetime) -> tuple[Announced, ...]:
    if not visits:
        return ()
    since = max(noon, visits[0].told.end_readout - MARGIN)
    rows = _next_visits().filter(announced_at__gte=since, announced_at__lt=end)
    return tuple(Announced(*row) for row in rows.values_list("announced_at", "received_at", "visit_id"))


def _next_visits() -> QuerySet[NextVisit]:
    return NextVisit.objects.filter(instrument=CAMERA, received_at__gte=F("announced_at") - AHEAD)


def _newest(now: datetime, numbers: Numbers) -> Announced | None:
    lately = _next_visits().filter(announced_at__range=(now - numbers.feed, now + AHEAD))
    rows = lately.order_by("-announced_at", "-received_at", "-visit_id", "pk")
    row = rows.values_list("announced_at", "received_at", "visit_id").first()
    return Announced(*row) if row else None


def spans_of_night(now: datetime) -> tuple[Span | None, Span | None]:
    """Return sunset to sunrise and the observing minutes of the night of `now`; nothing where no site observes."""
    try:
        found = sun.night_at(sun.day_obs(now), observing_site())
    except NoObservingSite:
        return None, None
    night = (found.sunset, found.sunrise) if found.sunset and found.sunrise else None
    return night, found.observing


def usual_before(now: datetime, *, nights: int) -> Decimal | None:
    """Return the alerts for a visit of the median of the last `nights` nights before this one; nothing if there were
    none. A sum over a month: asked for once a night.
    """
    noon = sun.noon_of(sun.day_obs(now))
    named: dict[str, Any] = {"begins": noon - nights * sun.DAY, "noon": noon, "camera": CAMERA, "ahead": AHEAD}
    with connection.cursor() as cursor:
        cursor.execute(SENT_BY_NIGHT, named)
        rates = [Decimal(rate) for (rate,) in cursor.fetchall()]
    return median(rates).quantize(Decimal("0.01")) if rates else None


def _seen(row: tuple[Any, ...]) -> Seen:
    """Return a row of VISITS as the rules take it."""
    id, camera, end_readout, on_sky, dome_open, wanted, expected, waived, received_at, reported_at, *delivery = row
    reported, sent, within, first_sent_at, stage, ended, also_waived, last_sent_at = delivery
    told = Told(
        instrument=camera,
        end_readout=end_readout,
        on_sky=on_sky,
        dome_open=dome_open,
        alerts_expected=wanted,
        expected_alerts=expected,
        waived=waived or also_waived or "",
        reported=reported,
        sent=sent,
        sent_within_limit=within,
        first_sent_at=first_sent_at,
        stage=stage,
        ended=ended,
    )
    heard_at = first_heard(end_readout, received_at, reported_at)
    return Seen(id, told, heard_at or reported_at, last_sent_at)
