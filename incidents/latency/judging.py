"""Judge visits by what is known of them, keep every change of verdict, and judge again what time or a block changed.

`verdict.py` decides; this asks for what it must know, for a thousand visits in as many queries as for one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from incidents.latency import bulk
from incidents.latency.models import SurveyBlock, Verdict, VerdictChange, Visit
from incidents.latency.verdict import Judged, Told, judge
from oncall import rows
from oncall.limits.queries import Limits

AT_ONCE = 500  # visits of one turn of the chore
NEWEST = 9_223_372_036_854_775_807  # above every visit_id


class Sent(NamedTuple):
    """What a delivery said, as far as it matters to a verdict."""

    sent: int
    sent_within_limit: int
    first_sent_at: datetime | None
    stage: str
    ended: str
    waived: str
    limit_s: int


class Known(NamedTuple):
    """A visit and what was sent for it; `alerts_expected` of its block, None where nobody has settled it."""

    visit_id: int
    instrument: str
    end_readout: datetime
    on_sky: bool
    dome_open: bool
    expected_alerts: int | None
    waived: str
    alerts_expected: bool | None
    delivery: Sent | None


@dataclass(frozen=True)
class Bounds:
    """The limits by which visits are judged."""

    alerts_at_most: int
    share: Decimal
    failed_after: timedelta
    listening: timedelta

    @classmethod
    def of(cls, limits: Limits) -> "Bounds":
        return cls(
            alerts_at_most=limits.count("visit_alerts_at_most"),
            share=limits.number("visit_in_time_share"),
            failed_after=limits.span("visit_failed_after_s"),
            listening=limits.span("visit_listening_s"),
        )

    def judge(self, told: Told, *, now: datetime) -> Judged:
        return judge(told, now=now, most_alerts=self.alerts_at_most, share=self.share, failed_after=self.failed_after)


def verdicts(known: Sequence[Known], *, now: datetime, limits: Limits) -> list[Judged]:
    """Judge visits, in their order. Asks for heartbeats only where they decide, once for all."""
    bounds = Bounds.of(limits)
    told = [_told(one) for one in known]
    found = [bounds.judge(one, now=now) for one in told]
    unheard = [number for number, one in enumerate(found) if one.verdict == Verdict.UNKNOWN]
    if unheard:
        instants = [told[number].end_readout for number in unheard]
        heard = _heard(min(instants), max(instants) + bounds.listening)
        for number in unheard:
            starts = told[number].end_readout
            if any(start <= starts and starts + bounds.listening < end for start, end in heard):
                found[number] = bounds.judge(replace(told[number], listening=True), now=now)
    return found


def _told(one: Known) -> Told:
    sent = one.delivery
    return Told(
        instrument=one.instrument,
        end_readout=one.end_readout,
        on_sky=one.on_sky,
        dome_open=one.dome_open,
        alerts_expected=one.alerts_expected is not False,
        expected_alerts=one.expected_alerts,
        waived=one.waived or (sent.waived if sent else ""),
        reported=sent is not None,
        sent=sent.sent if sent else 0,
        sent_within_limit=sent.sent_within_limit if sent else 0,
        first_sent_at=sent.first_sent_at if sent else None,
        stage=sent.stage if sent else "none",
        ended=sent.ended if sent else "",
        listening=sent is not None,
    )


def _heard(starts: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
    """Return the stretches in which heartbeats that watch the observing were heard without a break, of those that touch
    this span; as `incidents.signals.heartbeats.heard_between` counts them, for many spans at once.
    """
    spans = rows.ask(HEARD, {"starts": starts, "ends": ends})
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


HEARD = """
SELECT s.started_at, s.counts_until
  FROM signals_heartbeatspan s JOIN signals_heartbeat h ON h.id = s.heartbeat_id
 WHERE h.watches_observing AND s.started_at <= %(ends)s AND s.counts_until >= %(starts)s
UNION ALL
SELECT heard_since, last_beat_at + make_interval(secs => every_s + grace_s)
  FROM signals_heartbeat WHERE watches_observing AND heard_since <= %(ends)s
"""


def in_words(sent: Sent | None) -> str:
    """Say what was sent, for the history of a verdict."""
    if sent is None:
        return "nothing is known of its alerts"
    if sent.sent:
        return f"{sent.sent_within_limit} of {sent.sent} alerts within {sent.limit_s} s"
    return f"no alerts, pipeline {sent.ended} at {sent.stage}" + (f", waived: {sent.waived}" if sent.waived else "")


def keep_changes(changes: Sequence[tuple[int, str, str, str]], *, now: datetime) -> None:
    """Keep each change: visit_id, the verdict before, the verdict since, and what changed it."""
    if changes:
        lines = [(visit_id, now, was, became, text[:200]) for visit_id, was, became, text in changes]
        bulk.insert(VerdictChange, ("visit_id", "at", "was", "became", "text"), lines)


def known_visits(visit_ids: Sequence[int]) -> list[tuple[Known, str]]:
    """Return visits, each with what is known of it and its verdict so far, by id; one query."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(visit_ids)])
        found = cursor.fetchall()
    return [(Known._make([*row[:8], None if row[9] is None else Sent._make(row[9:])]), row[8]) for row in found]


KNOWN = """
SELECT v.visit_id, v.instrument, v.end_readout, v.on_sky, v.dome_open, v.expected_alerts, v.waived, b.alerts_expected,
       v.verdict, d.sent, d.sent_within_limit, d.first_sent_at, d.stage, d.ended, d.waived, d.limit_s
  FROM latency_visit v
  LEFT JOIN latency_surveyblock b ON b.code = v.survey_block
  LEFT JOIN latency_delivery d ON d.visit_id = v.visit_id
 WHERE v.visit_id = ANY(%s) ORDER BY v.visit_id
"""


def judge_anew(
    visit_ids: Sequence[int], *, because: Callable[[Known], str], now: datetime, limits: Limits
) -> list[Judged]:
    """Judge visits that are there by what is known now. The caller holds them. At most three queries, and one more."""
    found = known_visits(visit_ids)
    if not found:
        return []
    judged = verdicts([known for known, _ in found], now=now, limits=limits)
    write_verdicts([known.visit_id for known, _ in found], judged, now=now)
    changes = [
        (known.visit_id, was, one.verdict, because(known))
        for (known, was), one in zip(found, judged, strict=True)
        if one.verdict != was
    ]
    keep_changes(changes, now=now)
    return judged


def write_verdicts(visit_ids: Sequence[int], judged: Sequence[Judged], *, now: datetime) -> None:
    said = [(id, one.verdict, one.why, now, one.due) for id, one in zip(visit_ids, judged, strict=True)]
    bulk.update(Visit, ("visit_id", "verdict", "why", "judged_at", "judge_due"), said)


def keep(*, now: datetime, limits: Limits) -> None:
    """Every second: judge what time may have changed, and visits of a block that was settled the other way."""
    judge_due(now=now, limits=limits)
    judge_settled(now=now, limits=limits)


@transaction.atomic
def judge_due(*, now: datetime, limits: Limits) -> int:
    """Judge visits that time may have changed by now, the oldest first; return how many. Index visit_judge_due."""
    due = Visit.objects.filter(judge_due__lte=now).order_by("judge_due").values_list("visit_id", flat=True)
    if not due[:1] or not bulk.is_mine():
        return 0
    ids = list(due[:AT_ONCE])
    bulk.hold(ids)
    hours = limits.span("visit_failed_after_s") / timedelta(hours=1)
    still = list(Visit.objects.filter(visit_id__in=ids, judge_due__lte=now).values_list("visit_id", flat=True))
    judge_anew(still, because=lambda one: f"{hours:g} h have passed; {in_words(one.delivery)}.", now=now, limits=limits)
    return len(still)


@transaction.atomic
def judge_settled(*, now: datetime, limits: Limits) -> int:
    """Judge some more visits of blocks that were settled the other way, the newest first; return how many."""
    if not SurveyBlock.objects.filter(judge_below__isnull=False).exists() or not bulk.is_mine():
        return 0
    bulk.hold(range(bulk.STRIPES))
    block = SurveyBlock.objects.filter(judge_below__isnull=False).order_by("settled_at", "code").first()
    return judge_block(block, now=now, limits=limits) if block else 0


def judge_block(block: SurveyBlock, *, now: datetime, limits: Limits) -> int:
    """Judge the newest visits of a block that are still to be judged by how it was settled. The caller holds all."""
    visits = Visit.objects.filter(survey_block=block.code, visit_id__lt=block.judge_below or 0)
    ids = list(visits.order_by("-visit_id").values_list("visit_id", flat=True)[:AT_ONCE])
    text = f"{block.code} was settled: {'' if block.alerts_expected else 'no '}alerts are expected."
    judge_anew(ids, because=lambda one: text, now=now, limits=limits)
    below = ids[-1] if len(ids) == AT_ONCE else None
    SurveyBlock.objects.filter(pk=block.pk).update(judge_below=below)
    block.judge_below = below
    return len(ids)
