"""The ordinary signal, in one statement: the open alarm of its key counts it, or a new alarm of a new key opens.

A storm is thousands of these. What is not ordinary (a key that was there before and is not open, one that got worse,
anything that may be held) is left to `services.hear`, which this never contradicts: where it answers nothing, it has
written nothing.
"""

import json
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction

from incidents.alarms import admission
from incidents.alarms.announcing import announce
from incidents.alarms.firing import Firing
from incidents.alarms.models import Alarm, LogEntry
from oncall import rows
from oncall.paging.wake import CHANNEL

SILENT_BEFORE = timedelta(minutes=15)  # whose first alarm since then goes before others (models.in_line)
WAKE_EVERY_S = 0.03  # of this process, while a storm comes in: who has just been woken looks again by itself (loop.py)
UPDATE = """
        UPDATE alarms_alarm SET count = count + 1, last_signal_at = %(now)s, over_due = NULL
         WHERE source_id = %(source)s AND key = %(key)s::text AND state <> 'resolved' AND severity <= %(severity)s
"""
COUNT = f"{UPDATE} RETURNING id"
TAKE = """
    WITH again AS ({update} AND ({beside}) = 0 RETURNING id), opened AS (
        {alarm}
         WHERE NOT EXISTS (SELECT 1 FROM again)
           AND NOT EXISTS (SELECT 1 FROM alarms_alarm WHERE source_id = %(source)s AND key = %(key)s::text)
           AND {ground} = 0
        ON CONFLICT DO NOTHING
        RETURNING id
    ), line AS (
        {line} FROM opened
    ), along AS (
        {along} WHERE EXISTS (SELECT 1 FROM again UNION ALL SELECT 1 FROM opened)
    )
    SELECT (SELECT id FROM again), (SELECT id FROM opened),
           (SELECT count(pg_notify('{channel}', '')) FROM opened WHERE %(wake)s::bool)
"""
LEADS = """NOT EXISTS (
    SELECT 1 FROM alarms_alarm WHERE source_id = %(source)s AND product = %(product)s::text AND fired_at > %(silent)s
)"""


@dataclass(frozen=True)
class Along:
    """What is to be written where the alarm counts or opens, and only then: an INSERT … SELECT, and its values."""

    sql: str
    values: Mapping[str, Any]


def take(
    *,
    firing: Firing,
    policy_id: UUID | None,
    plan: Mapping[str, Any],
    along: Along,
    heard_outside: bool,
    now: datetime,
) -> UUID | None:
    """Return the alarm that counted this signal, or opened for it, and write what goes along; nothing, where it is for
    `services.hear` to say.

    `heard_outside`: somebody outside wants to hear of new alarms, which is written in the same transaction.
    """
    title, key, product = firing.title[:300], firing.key[:200] or str(uuid4()), firing.product[:120]
    text = f"{firing.source} raised this as SEV-{firing.severity}."
    values: dict[str, Any] = {
        "id": uuid4(), "source": firing.source_id, "by": firing.source[:80], "key": key, "title": title,
        "severity": firing.severity, "product": product, "description": firing.description,
        "labels": json.dumps(dict(firing.labels or {})), "link": firing.link[:1000], "stage": firing.stage[:40],
        "playbook": firing.playbook[:1000], "policy": policy_id, "plan": json.dumps(plan), "now": now,
        "silent": now - SILENT_BEFORE, "text": text, "wake": _wakes(), **along.values,
    }  # fmt: skip
    try:
        with _together(heard_outside):
            ((again, opened, woke),) = rows.ask(_statement(along.sql), values)
            if opened is not None and heard_outside:
                alarm = Alarm.objects.get(pk=opened)
                announce(alarm, LogEntry(alarm=alarm, at=now, kind=LogEntry.Kind.FIRED, text=text))
    except IntegrityError:  # its policy was deleted at this moment, say
        return None
    if woke:
        _note_wake()
    found: UUID | None = again or opened
    return found


def _together(heard_outside: bool) -> AbstractContextManager[Any]:
    """One statement is a transaction by itself, unless more goes with it, or it is part of one already."""
    return transaction.atomic() if heard_outside or connection.in_atomic_block else nullcontext()


_woke = 0.0


def _wakes() -> bool:
    """Say whether a new alarm wakes the loops: the first in a while does."""
    return time.monotonic() - _woke >= WAKE_EVERY_S


def _note_wake() -> None:
    global _woke
    _woke = time.monotonic()


@cache
def _statement(along: str) -> str:
    texts = ("key", "title", "description", "product", "link", "stage", "playbook")
    alarm = rows.selecting(
        Alarm,
        {name: f"%({name})s::text" for name in texts}
        | {
            "id": "%(id)s", "source_id": "%(source)s", "source": "%(by)s::text", "severity": "%(severity)s",
            "labels": "%(labels)s::jsonb", "leads": LEADS, "fired_at": "%(now)s", "last_signal_at": "%(now)s",
            "policy_id": "%(policy)s", "plan": "%(plan)s::jsonb", "next_due": "%(now)s",
        },
    )  # fmt: skip
    line = rows.selecting(
        LogEntry,
        {
            "alarm_id": "opened.id", "cycle": "1", "version": "1", "at": "%(now)s", "kind": "'fired'",
            "text": "%(text)s::text",
        },
    )  # fmt: skip
    ground = f"({admission.GROUND})"
    return TAKE.format(
        update=UPDATE, beside=admission.BESIDE, alarm=alarm, line=line, along=along, ground=ground, channel=CHANNEL
    )
