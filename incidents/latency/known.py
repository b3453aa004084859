"""What the database knows of visits that are being reported, and writing what they became: a statement each.

A batch goes down as one JSON array and is unpacked there, so that a statement has the same few parameters whatever it
holds. One item alone, which is what comes through the night, is unpacked as one row: the database plans that once and
keeps the plan (`rows.ask`). Larger batches are planned each time, by how large the tables are.

Whoever calls these holds the visits (bulk.hold), in a statement before: only a later one sees what others have just
committed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model

from incidents.latency.judging import Known, Sent
from incidents.latency.models import Delivery, Visit
from incidents.latency.reading import VisitReport, reach
from incidents.latency.verdict import Judged
from oncall import rows

HISTORY = """
    INSERT INTO latency_verdictchange (visit_id, at, was, became, text)
    SELECT visit_id, %(now)s, was, verdict, words FROM said WHERE words IS NOT NULL
"""
OF_VISITS = """
SELECT v.verdict, b.code IS NOT NULL, b.alerts_expected, d.sent, d.sent_within_limit, d.first_sent_at, d.stage, d.ended,
       d.waived, d.limit_s
  FROM {said}
  LEFT JOIN latency_visit v ON v.visit_id = said.visit_id
  LEFT JOIN latency_surveyblock b ON b.code = said.survey_block
  LEFT JOIN latency_delivery d ON d.visit_id = said.visit_id
 ORDER BY said.visit_id
"""
OF_DELIVERIES = """
SELECT d.visit_id IS NOT NULL, d.sent, d.last_sent_at, d.stage, d.ended, v.verdict, v.instrument, v.end_readout,
       v.on_sky, v.dome_open, v.expected_alerts, v.waived, b.alerts_expected
  FROM {said}
  LEFT JOIN latency_delivery d ON d.visit_id = said.visit_id
  LEFT JOIN latency_visit v ON v.visit_id = said.visit_id
  LEFT JOIN latency_surveyblock b ON b.code = v.survey_block
 ORDER BY said.visit_id
"""
WRITE_VISITS = """
WITH said AS (SELECT * FROM {said}), block AS (
    INSERT INTO latency_surveyblock (code, first_seen_at)
    SELECT DISTINCT survey_block, %(now)s::timestamptz FROM said WHERE block_is_new ORDER BY survey_block
    ON CONFLICT DO NOTHING
), history AS ({history}), wrote AS ({visits} RETURNING 1)
SELECT count(*) FROM wrote
"""
WRITE_DELIVERIES = """
WITH said AS (SELECT * FROM {said}), judged AS (
    UPDATE latency_visit v SET verdict = said.verdict, why = said.why, judged_at = %(now)s, judge_due = said.judge_due
      FROM said WHERE said.verdict IS NOT NULL AND v.visit_id = said.visit_id
), history AS ({history}), wrote AS ({deliveries} RETURNING 1)
SELECT count(*) FROM wrote
"""
KEYS = {"visit_id": "bigint", "survey_block": "text"}
JUDGED = {"verdict": "text", "why": "text", "judge_due": "timestamptz", "was": "text", "words": "text"}
VISIT = (
    "visit_id", "day_obs", "instrument", "survey_block", "band", "end_readout", "on_sky", "dome_open",
    "expected_alerts", "waived", "verdict", "why", "judge_due",
)  # fmt: skip
DELIVERY = (
    "visit_id", "sent", "sent_within_limit", "first_sent_at", "last_sent_at", "stage", "ended", "waived", "limit_s",
)  # fmt: skip


class OfVisit(NamedTuple):
    """Of a visit that is reported. `verdict` None: it is new; `alerts_expected` None: nobody has settled its block."""

    verdict: str | None
    block_is_known: bool
    alerts_expected: bool | None
    delivery: Sent | None


class OfDelivery(NamedTuple):
    """Of a delivery that is reported. `reach`: of what is known of it, None where nothing is. `visit`, `verdict` None:
    its visit was not reported yet.
    """

    is_known: bool
    reach: tuple[Any, ...] | None
    verdict: str | None
    visit: Known | None


def of_visits(reports: Sequence[VisitReport]) -> list[OfVisit]:
    """Return what is known, in the order of the reports, which is by id."""
    said = [{"visit_id": one.visit_id, "survey_block": one.survey_block} for one in reports]
    found = _ask("of_visits", said)
    return [OfVisit._make([*row[:3], None if row[3] is None else Sent._make(row[3:])]) for row in found]


def of_deliveries(visit_ids: Sequence[int]) -> list[OfDelivery]:
    """Return what is known, in the order of these ids, which ascend. Of each visit what was sent is left out."""
    found = _ask("of_deliveries", [{"visit_id": visit_id} for visit_id in visit_ids])
    return [
        OfDelivery(
            row[0],
            reach(*row[1:5]) if row[0] else None,
            row[5],
            None if row[5] is None else Known._make([visit_id, *row[6:], None]),
        )
        for visit_id, row in zip(visit_ids, found, strict=True)
    ]


def write_visits(said: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Write visits, survey blocks that nobody knew, and changes of verdict: those with `words`."""
    _ask("write_visits", said, now=now)


def write_deliveries(said: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Write deliveries, the verdicts on visits that are there (`verdict` not None), and their changes, as above."""
    _ask("write_deliveries", said, now=now)


def change(was: str, judged: Judged, words: str) -> dict[str, Any]:
    """Return the part of a row that says how its visit is judged, and what changed that, if it changed."""
    return {
        "verdict": judged.verdict,
        "why": judged.why,
        "judge_due": judged.due,
        "was": was,
        "words": words[:200] if judged.verdict != was else None,
    }


def _ask(name: str, said: Sequence[Mapping[str, Any]], **values: Any) -> list[tuple[Any, ...]]:
    if len(said) == 1:
        return rows.ask(_statement(name, True), values | {"said": _written(said[0])})
    with connection.cursor() as cursor:
        cursor.execute(_statement(name, False), values | {"said": _written(said)})
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _written(said: object) -> str:
    return json.dumps(said, default=datetime.isoformat)


@cache
def _statement(name: str, alone: bool) -> str:
    if name == "of_visits":
        return OF_VISITS.format(said=_said(KEYS, alone))
    if name == "of_deliveries":
        return OF_DELIVERIES.format(said=_said({"visit_id": "bigint"}, alone))
    if name == "write_visits":
        said = _said(_types(Visit, VISIT) | JUDGED | {"block_is_new": "boolean"}, alone)
        visits = _upsert(Visit, VISIT, ("reported_at", "judged_at"))
        return WRITE_VISITS.format(said=said, history=HISTORY, visits=visits)
    said = _said(_types(Delivery, DELIVERY) | JUDGED, alone)
    return WRITE_DELIVERIES.format(said=said, history=HISTORY, deliveries=_upsert(Delivery, DELIVERY, ("reported_at",)))


def _said(types: Mapping[str, str], alone: bool) -> str:
    columns = ", ".join(f"{name} {type}" for name, type in types.items())
    return f"json_to_record{'' if alone else 'set'}(%(said)s::json) AS said ({columns})"


def _types(model: type[Model], columns: Iterable[str]) -> dict[str, str]:
    """Texts as texts, so that none is cut off in silence."""
    types = {name: str(model._meta.get_field(name).db_type(connection)) for name in columns}
    return {name: "text" if type.startswith("varchar") else type for name, type in types.items()}


def _upsert(model: type[Model], columns: tuple[str, ...], at: tuple[str, ...]) -> str:
    """Insert rows, or put them in place of those with the same id, but for when we first heard of it. `at`: columns
    that say it was now.
    """
    table, names = model._meta.db_table, ", ".join(columns)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in (*columns[1:], *at))
    instants = ", ".join(["%(now)s::timestamptz"] * (len(at) + 1))
    return (
        f"INSERT INTO {table} ({names}, {', '.join(at)}, received_at) SELECT {names}, {instants} FROM said"  # noqa: S608  # names of our own models
        f" ON CONFLICT (visit_id) DO UPDATE SET {changes}"
    )
