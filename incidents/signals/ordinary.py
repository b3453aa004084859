"""The ordinary delivery: one readable item that fires. Three statements, of which one writes.

The rows are what `services.receive` writes, which takes whatever is not ordinary.
"""

from datetime import datetime
from functools import cache
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection

from incidents.alarms import opening
from incidents.alarms.firing import Firing
from incidents.alarms.models import ITSELF
from incidents.escalation import queries as policies
from incidents.signals import routing
from incidents.signals.models import Signal, Source
from incidents.signals.payloads.items import Item, clean
from oncall import clock, rows
from oncall.outside.deliveries import LISTENS
from oncall.people.services import digest

ODD_FOR_S = 1.0  # how long a source whose signal was not ordinary is taken the long way at once: it may be in a storm
_odd: dict[UUID, float] = {}  # until when, by source, of this process


def arrival(token: str) -> tuple[datetime, Source | None, bool]:
    """Return the instant at which something arrives, the enabled source whose secret this is, or nothing, and whether
    anybody outside wants to hear of new alarms.
    """
    ((reading, heard_outside, *values),) = rows.first(_arrival(), [digest(token)])
    source = None if values[0] is None else _source(values)
    return clock.travelled(reading), source, heard_outside or bool(settings.SLACK and settings.SLACK_CHANNEL)


def _source(values: list[Any]) -> Source:
    fields = Source._meta.concrete_fields
    read = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, values, strict=True)
    ]
    return Source.from_db("default", [field.attname for field in fields], read)


@cache
def _arrival() -> str:
    columns = ", ".join(f's."{field.column}"' for field in Source._meta.concrete_fields)
    return (
        f"SELECT clock_timestamp(), {LISTENS}, {columns} FROM (VALUES (1)) AS one"  # noqa: S608  # our own names
        " LEFT JOIN signals_source s ON s.token_digest = %s AND s.is_enabled"
    )


def firing_of(item: Item, *, source: Source) -> Firing:
    """Return what an item says is wrong; what it does not say, its source does."""
    return Firing(
        title=item.title,
        severity=item.severity or source.severity,
        source_id=source.pk,
        source=source.name,
        key=item.key,
        description=item.description,
        labels=item.labels,
        link=item.link,
        product=item.product,
    )


def take(*, item: Item, source: Source, body: bytes, heard_outside: bool, now: datetime) -> UUID | None:
    """Keep the signal and return its alarm; nothing, and nothing is written, where this is not ordinary."""
    if _odd.get(source.pk, 0.0) > monotonic():
        return None
    routed = routing.route(firing_of(item, source=source), source=source, now=now)
    if routed.firing.plan is not None or routed.firing.hold_until is not None or source.pk == ITSELF:
        return None
    chosen = policies.snapshot(routed.policy_id, product=routed.firing.product)
    if chosen is None:
        return None
    policy_id, plan = chosen
    kept = {"signal": uuid4(), "body": clean(body.decode())}
    taken = opening.take(
        firing=routed.firing,
        policy_id=policy_id,
        plan=plan,
        along=opening.Along(_kept(), kept),
        heard_outside=heard_outside,
        now=now,
    )
    if taken is None:
        _odd[source.pk] = monotonic() + ODD_FOR_S
    return taken


@cache
def _kept() -> str:
    return rows.selecting(
        Signal,
        {
            "id": "%(signal)s", "source_id": "%(source)s", "received_at": "%(now)s", "body": "%(body)s::text",
            "accepted": "1", "rejected": "0",
        },
    )  # fmt: skip
