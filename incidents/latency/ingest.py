"""Take what other programs report of visits: in batches, in any order, late or twice, each item by itself.

An item that is wrong is rejected with its place and the reason and stands in nobody's way; the others are committed
together, and judged in the same transaction. A report about what is there already is *updated*, also where it says
nothing new, and then leaves no history. A later report takes the place of an earlier one by when it arrives; of two
with one id in a batch the last wins and both count. Every batch costs the same few queries. Source: api.md, row R17.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from incidents.latency import bulk, judging, known
from incidents.latency.judging import Known, Sent
from incidents.latency.models import NextVisit, Verdict
from incidents.latency.reading import (
    DeliveryReport,
    Errors,
    NextVisitReport,
    Refused,
    VisitReport,
    read_delivery,
    read_next_visit,
    read_visit,
)
from oncall.limits.queries import Limits

AT_MOST = 1000  # items of a batch
T = TypeVar("T")

NEXT_VISIT = ("group_id", "instrument", "survey_block", "announced_at", "visit_id", "received_at")


class TooMany(ValueError):
    """More items than one batch takes. The message is fit to show."""


@dataclass(frozen=True)
class Rejection:
    """The item at `index` of the batch was not taken; why, by field."""

    index: int
    errors: Errors


@dataclass
class Receipt:
    """What came of a batch. `accepted`: items about something new; `updated`: about what was there, or came twice."""

    accepted: int = 0
    updated: int = 0
    rejected: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class _Batch:
    """The items that can be read, by what they are about, in the order of its ids; of several the last that counts."""

    reports: dict[Any, Any]
    readable: int
    rejected: list[Rejection]

    def receipt(self, new: int) -> Receipt:
        return Receipt(accepted=new, updated=self.readable - new, rejected=self.rejected)


def take_visits(*, items: Sequence[object], now: datetime, limits: Limits) -> Receipt:
    """Take visits of the public shape and judge them. Survey blocks that nobody knew become unsettled ones.

    :raises TooMany: if there are more than 1,000; nothing is taken then.
    """
    batch = _read(items, read_visit, lambda report: report.visit_id, now=now, limits=limits)
    new = _write_visits(list(batch.reports.values()), now=now, limits=limits) if batch.reports else 0
    return batch.receipt(new)


@transaction.atomic
def _write_visits(reports: list[VisitReport], *, now: datetime, limits: Limits) -> int:
    bulk.hold(report.visit_id for report in reports)
    found = known.of_visits(reports)
    visits = [
        Known(
            visit_id=report.visit_id,
            instrument=report.instrument,
            end_readout=report.end_readout,
            on_sky=report.on_sky,
            dome_open=report.dome_open,
            expected_alerts=report.expected_alerts,
            waived=report.waived,
            alerts_expected=of.alerts_expected,
            delivery=of.delivery,
        )
        for report, of in zip(reports, found, strict=True)
    ]
    judged = judging.verdicts(visits, now=now, limits=limits)
    said = [
        _fields(report)
        | {"block_is_new": not of.block_is_known}
        | known.change(of.verdict or Verdict.PENDING.value, one, _visit_words(visit, of.verdict is None))
        for report, of, visit, one in zip(reports, found, visits, judged, strict=True)
    ]
    known.write_visits(said, now=now)
    return sum(of.verdict is None for of in found)


def _visit_words(visit: Known, is_new: bool) -> str:
    return f"The visit was reported{'' if is_new else ' anew'}; {judging.in_words(visit.delivery)}."


def take_deliveries(*, items: Sequence[object], now: datetime, limits: Limits) -> Receipt:
    """Take deliveries of the public shape, and judge the visits that are known; the others wait for their visit.

    A later report replaces an earlier one; one that comes late and goes less far than what is known is counted as
    updated and changes nothing (reading.reach).

    :raises TooMany: if there are more than 1,000; nothing is taken then.
    """
    batch = _read(items, read_delivery, lambda report: report.visit_id, now=now, limits=limits, newer=_goes_as_far)
    new = _write_deliveries(list(batch.reports.values()), now=now, limits=limits) if batch.reports else 0
    return batch.receipt(new)


@transaction.atomic
def _write_deliveries(reports: list[DeliveryReport], *, now: datetime, limits: Limits) -> int:
    limit_s = limits.count("visit_reporting_limit_s")
    ids = [report.visit_id for report in reports]
    bulk.hold(ids)
    before = known.of_deliveries(ids)
    fresh = [
        (report, of) for report, of in zip(reports, before, strict=True) if of.reach is None or report.reach >= of.reach
    ]
    reports, found = [report for report, _ in fresh], [of for _, of in fresh]
    said = [_fields(report) | {"limit_s": limit_s if report.limit_s is None else report.limit_s} for report in reports]
    there = [
        (row, of.visit._replace(delivery=Sent(*(row[name] for name in Sent._fields))), of.verdict)
        for row, of in zip(said, found, strict=True)
        if of.visit and of.verdict
    ]
    judged = judging.verdicts([visit for _, visit, _ in there], now=now, limits=limits)
    for (row, visit, was), one in zip(there, judged, strict=True):
        row.update(known.change(was, one, _delivery_words(visit)))
    if said:
        known.write_deliveries(said, now=now)
    return sum(not of.is_known for of in before)


def _goes_as_far(report: DeliveryReport, before: DeliveryReport) -> bool:
    return report.reach >= before.reach


def _delivery_words(visit: Known) -> str:
    return f"A delivery was reported: {judging.in_words(visit.delivery)}."


def take_next_visits(*, items: Sequence[object], now: datetime, limits: Limits) -> Receipt:
    """Take nextVisits of the public shape, each known by its `group_id`.

    :raises TooMany: if there are more than 1,000; nothing is taken then.
    """
    batch = _read(items, read_next_visit, lambda report: report.group_id, now=now, limits=limits)
    if not batch.reports:
        return batch.receipt(0)
    rows = [(*_fields(report).values(), now) for report in batch.reports.values()]
    return batch.receipt(len(bulk.upsert(NextVisit, NEXT_VISIT, rows, keep=("received_at",))))


def _read(
    items: Sequence[object],
    read: Callable[..., T],
    key: Callable[[T], Any],
    *,
    now: datetime,
    limits: Limits,
    newer: Callable[[T, T], bool] = lambda _report, _before: True,
) -> _Batch:
    if len(items) > AT_MOST:
        raise TooMany(f"There are {len(items)} items. Send {AT_MOST} at most, and the others in further requests.")
    latest = now + limits.span("visit_ahead_s")
    found: dict[Any, T] = {}
    rejected, readable = [], 0
    for index, item in enumerate(items):
        try:
            report = read(item, latest=latest)
        except Refused as refused:
            rejected.append(Rejection(index, refused.errors))
        else:
            readable += 1
            before = found.get(key(report))
            if before is None or newer(report, before):
                found[key(report)] = report
    return _Batch(dict(sorted(found.items())), readable, rejected)


def _fields(report: VisitReport | DeliveryReport | NextVisitReport) -> dict[str, Any]:
    """Return the fields of a report in their order; `asdict` would copy each."""
    return {name: getattr(report, name) for name in report.__slots__}
