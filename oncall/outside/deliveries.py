"""Verbs of the webhooks' outbox: write an event down, take a delivery, record how it went, forget old ones.

As with pages: the row is committed with what it tells of; claim, commit, post, record.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from oncall.limits.queries import Limits
from oncall.outside.models import Delivery, Webhook
from oncall.troubles import services as troubles

# One statement, whoever listens, also nobody: it stands in the way of every alarm.
ENQUEUE = """
INSERT INTO outside_delivery (id, webhook_id, event, payload, state, tries, next_due, error_text, created_at)
SELECT gen_random_uuid(), id, %s, %s::jsonb, 'waiting', 0, %s, '', %s
FROM outside_webhook WHERE enabled AND events @> ARRAY[%s]::varchar[]
"""
# SQL: some webhook wants to hear of new alarms.
LISTENS = "EXISTS (SELECT 1 FROM outside_webhook WHERE enabled AND events @> ARRAY['alarm.fired']::varchar[])"
FORGOTTEN_AT_ONCE = 500  # rows
LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True)
class Claimed:
    """A delivery to be posted by whoever holds `lease`."""

    id: uuid.UUID
    lease: uuid.UUID
    url: str
    secrets: list[str]
    body: bytes


def tell(*, event: str, data: Mapping[str, Any], now: datetime) -> None:
    """Write down that this happened, for each webhook that wants to hear it."""
    payload = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    with connection.cursor() as cursor:
        cursor.execute(ENQUEUE, [event, json.dumps(payload), now, now, event])


def tell_one(*, webhook: Webhook, event: str, data: Mapping[str, Any], now: datetime) -> Delivery:
    """Write it down for one webhook, whatever it wants to hear."""
    payload = {"type": event, "timestamp": now.isoformat(), "data": dict(data)}
    return Delivery.objects.create(webhook=webhook, event=event, payload=payload, next_due=now, created_at=now)


def anything_due(*, now: datetime) -> bool:
    return Delivery.objects.filter(next_due__lte=now).exists()


@transaction.atomic
def claim(*, now: datetime, limits: Limits) -> Claimed | None:
    """Take the delivery that has waited longest. One at a time for each webhook: who is slow delays only themselves."""
    busy = Delivery.objects.filter(lease_token__isnull=False, next_due__gt=now).values("webhook")
    due = Delivery.objects.filter(next_due__lte=now).exclude(webhook__in=busy).order_by("next_due")
    one = due.select_for_update(skip_locked=True, of=("self",)).select_related("webhook").first()
    if one is None:
        return None
    one.lease_token, one.tries = uuid.uuid4(), one.tries + 1
    one.next_due = now + limits.span("webhook_lease_s")
    one.save(update_fields=["lease_token", "tries", "next_due"])
    body = json.dumps(one.payload, separators=(",", ":"), sort_keys=True).encode()
    return Claimed(one.pk, one.lease_token, one.webhook.url, one.webhook.secrets_at(now), body)


@transaction.atomic
def record(
    *,
    claimed: Claimed,
    status: int | None,
    error: str,
    hopeless: bool,
    now: datetime,
    limits: Limits,
) -> None:
    """Write how it went: a 2xx is delivered; anything else is tried again, each time after twice as long, and in the
    end given up and said aloud. Nothing is written by whoever lost the lease.
    """
    one = Delivery.objects.select_for_update(of=("self",)).select_related("webhook").get(pk=claimed.id)
    if one.lease_token != claimed.lease:
        return
    one.lease_token, one.status_code, one.error_text = None, status, error[:300]
    if one.state != Delivery.State.WAITING:
        one.save(update_fields=["lease_token", "status_code", "error_text"])  # given up meanwhile
        return
    if status is not None and 200 <= status < 300:
        one.state, one.next_due, one.ended_at = Delivery.State.DELIVERED, None, now
        troubles.clear_trouble(kind="webhook", key=str(one.webhook_id), now=now)
    elif hopeless or one.tries >= limits.count("webhook_tries"):
        one.state, one.next_due, one.ended_at = Delivery.State.GIVEN_UP, None, now
        text = f"The webhook {one.webhook.name} was not told of {one.event}: {_why(one)} Look at its deliveries."
        url = f"/webhooks/{one.webhook_id}/"
        troubles.raise_trouble(kind="webhook", key=str(one.webhook_id), text=text, url=url, now=now)
    else:
        pause = limits.span("webhook_retry_s") * 2 ** (one.tries - 1)
        one.next_due = now + min(pause, LONGEST_PAUSE)
    one.save()


def _why(one: Delivery) -> str:
    return one.error_text or f"It answered {one.status_code}."


def give_up_waiting(*, webhook: Webhook, why: str, now: datetime) -> int:
    """Post nothing more of what waits for this webhook. Returns how many that were."""
    waiting = Delivery.objects.filter(webhook=webhook, state=Delivery.State.WAITING)
    return waiting.update(state=Delivery.State.GIVEN_UP, next_due=None, ended_at=now, error_text=why[:300])


def forget_old(*, now: datetime, limits: Limits) -> int:
    """Remove deliveries that ended longer ago than they are kept; a part of them at a time."""
    before = now - limits.span("webhook_keep_s")
    old = Delivery.objects.filter(ended_at__lt=before).values("pk")[:FORGOTTEN_AT_ONCE]
    return Delivery.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
