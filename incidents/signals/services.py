"""Verbs about sources and what they send: receive, replay, make a source, change its URL."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from incidents.alarms import holding
from incidents.alarms import services as alarms
from incidents.alarms.evidence import lock_leave
from incidents.alarms.models import Alarm
from incidents.escalation.models import EscalationPolicy
from incidents.signals import ordinary, routing
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads import alertmanager, generic, grafana, kapacitor, mail, mapping
from incidents.signals.payloads.items import Item, Parsed, Rejected, Unreadable, clean
from oncall import rows
from oncall.people.services import digest
from oncall.troubles import services as troubles

PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    Source.Kind.ALERTMANAGER: alertmanager.parse,
    Source.Kind.GRAFANA: grafana.parse,
    Source.Kind.KAPACITOR: kapacitor.parse,
    Source.Kind.JSON: generic.parse,
    Source.Kind.MAIL: mail.parse,
}
LISTS = {Source.Kind.ALERTMANAGER: {"items": "alerts"}, Source.Kind.GRAFANA: {"items": "alerts"}}
KEPT = 64 * 1024  # characters of a payload, or of an item, that nobody could read
SEEN_EVERY = timedelta(seconds=5)  # how often `last_seen_at` is written, so that a storm does not fight for one row


@dataclass(frozen=True)
class Receipt:
    """What came of a signal: the alarms its readable items concern, and the items that could not be read."""

    accepted: int
    alarms: list[UUID]
    rejected: list[Rejected]


class AlreadySettled(Exception):
    """Somebody dealt with it before. The message says when and how, and is fit to show."""


def parse(source: Source, body: bytes) -> Parsed:
    """Return what this source means by `body`.

    :raises Unreadable: if nothing can be read.
    """
    if source.kind == Source.Kind.MAPPED:
        return mapping.parse(body, source.mapping)
    return PARSERS[source.kind](body)


def source_of(token: str) -> Source | None:
    """Return the enabled source whose secret this is, or nothing."""
    found = Source.objects.raw("SELECT * FROM signals_source WHERE token_digest = %s AND is_enabled", [digest(token)])
    return next(iter(found), None)


def receive(
    *, source: Source, body: bytes, now: datetime, replay_of: Signal | None = None, heard_outside: bool = True
) -> Receipt:
    """Keep what came, and turn every readable item into an alarm. When this commits, nothing of it can be lost.

    Items beside unreadable ones are accepted all the same; what was rejected is kept with its reasons, also where it
    is all there was. `heard_outside`: somebody outside may want to hear of a new alarm.

    :raises Unreadable: if it holds no items, readable or not. Nothing is kept then: see `keep_unreadable`.
    """
    parsed = parse(source, body)
    if replay_of is None:  # what a person sends again is no sign of life of its sender
        _seen(source, now=now)
    if replay_of is None and not parsed.rejected and len(parsed.items) == 1 and parsed.items[0].firing:
        item = parsed.items[0]
        alarm = ordinary.take(item=item, source=source, body=body, heard_outside=heard_outside, now=now)
        if alarm is not None:
            return Receipt(1, [alarm], [])
    return _receive(parsed, source=source, body=body, now=now, replay_of=replay_of)


@transaction.atomic
def _receive(parsed: Parsed, *, source: Source, body: bytes, now: datetime, replay_of: Signal | None) -> Receipt:
    signal = Signal(
        source=source,
        received_at=now,
        body=clean(body.decode("utf-8")),
        accepted=len(parsed.items),
        rejected=len(parsed.rejected),
        replay_of=replay_of,
    )
    rows.insert(signal)
    if len(parsed.items) > 1 or not all(item.firing for item in parsed.items):
        _lock(parsed.items, source=source)
    in_order = sorted(range(len(parsed.items)), key=lambda n: parsed.items[n].key)  # one order of locks for everybody
    found = {n: _apply(parsed.items[n], source=source, now=now) for n in in_order}
    _keep_rejected(signal, parsed.rejected, now=now)
    ids = [alarm for n in range(len(parsed.items)) if (alarm := found[n]) is not None]
    return Receipt(len(parsed.items), ids, parsed.rejected)


def _lock(items: list[Item], *, source: Source) -> None:
    """Lock every alarm these items may concern: for each key the open one and the last one, in the order of their ids.

    An answer to a shared page locks its alarms in that order too. Locked one by one as the items come, a group that
    resolves would wait for an answer that waits for it.
    """
    about = Alarm.objects.filter(source_id=source.pk, key__in={item.key for item in items if item.key})
    last = about.order_by("key", "-fired_at").distinct("key").values("pk")
    concerned = about.filter(~Q(state=Alarm.State.RESOLVED) | Q(pk__in=last))
    alarms = list(concerned.select_for_update().order_by("pk"))
    if not all(item.firing for item in items):
        lock_leave(alarms)


def _seen(source: Source, *, now: datetime) -> None:
    if source.last_seen_at is None or now - source.last_seen_at > SEEN_EVERY:
        Source.objects.filter(pk=source.pk).update(last_seen_at=now)


def _apply(item: Item, *, source: Source, now: datetime) -> UUID | None:
    """Fire or resolve what one item is about. A resolve of something that is not open changes nothing."""
    if not item.firing:
        return holding.hear_over(source_id=source.pk, key=item.key, now=now)
    routed = routing.route(ordinary.firing_of(item, source=source), source=source, now=now)
    return alarms.hear(firing=routed.firing, policy_id=routed.policy_id, now=now)


def _keep_rejected(signal: Signal, rejected: list[Rejected], *, now: datetime) -> None:
    if not rejected:
        return
    texts = [clean(json.dumps(one.raw)) for one in rejected]
    Rejection.objects.bulk_create(
        Rejection(signal=signal, index=one.index, errors=one.errors, raw=text[:KEPT], is_cut=len(text) > KEPT)
        for one, text in zip(rejected, texts, strict=True)
    )
    _say_trouble(signal.source, now=now)


def _say_trouble(source: Source, *, now: datetime) -> None:
    text = f"{source.name} sends what we cannot read. See what is wrong and replay it on its page."
    troubles.raise_trouble(kind="rejected", key=str(source.pk), text=text, url=f"/sources/{source.pk}/", now=now)


@transaction.atomic
def keep_unreadable(
    *, source: Source, body: bytes, errors: dict[str, list[str]], now: datetime, is_cut: bool = False
) -> Signal:
    """Keep a payload of which nothing could be read, with the reasons, and say that a human is needed.

    `is_cut`: `body` is only the beginning of what came.
    """
    _seen(source, now=now)
    text = clean(body.decode("utf-8", "replace"))
    signal = Signal.objects.create(source=source, received_at=now, body=text[:KEPT], rejected=1)
    Rejection.objects.create(signal=signal, index=-1, errors=errors, raw=text[:KEPT], is_cut=is_cut or len(text) > KEPT)
    _say_trouble(source, now=now)
    return signal


@transaction.atomic
def replay(*, rejection: Rejection, body: str, now: datetime) -> Receipt:
    """Send a rejected payload or item again, as it was or mended by hand. What of it can be read becomes alarms; of a
    payload of several the rest is kept as rejected anew, by itself.

    :raises Unreadable: if it still cannot be read, or only its beginning was kept; it stays as it is.
    :raises AlreadySettled: if it was replayed or set aside before.
    """
    rejection = _unsettled(rejection)
    source = rejection.signal.source
    unchanged = body.split() == rejection.raw.split()  # a browser sends other line ends than it was given
    if rejection.is_cut and unchanged and rejection.index < 0 and len(rejection.signal.body) > KEPT:
        body = rejection.signal.body  # kept whole
    elif rejection.is_cut and unchanged:
        raise Unreadable(
            {"body": [f"Only its first {KEPT // 1024} KiB were kept. Make it whole here, or have it sent again."]}
        )
    if rejection.index >= 0:
        body = wrap(source, body, whole=rejection.signal.body)
    receipt = receive(source=source, body=body.encode(), now=now, replay_of=rejection.signal)
    if not receipt.accepted:
        raise Unreadable(receipt.rejected[0].errors)
    _settle(rejection, how="replayed", now=now)
    return receipt


def wrap(source: Source, item: str, *, whole: str) -> str:
    """Return one item as a payload of its source's kind, in its place in the payload that it came in."""
    shape = source.mapping if source.kind == Source.Kind.MAPPED else LISTS.get(Source.Kind(source.kind), {})
    try:
        return mapping.wrap(item, whole=whole, mapping=shape)
    except ValueError:  # mended into no JSON: let the parser say so
        return item


@transaction.atomic
def settle(*, rejection: Rejection, how: str, now: datetime) -> None:
    """Mark a rejection as dealt with; when none is left, the source's trouble is over.

    :raises AlreadySettled: if it was replayed or set aside before.
    """
    _settle(_unsettled(rejection), how=how, now=now)


def _unsettled(rejection: Rejection) -> Rejection:
    """Return it locked, so that of two people who press a button one is told about the other.

    :raises AlreadySettled: if it was replayed or set aside before.
    """
    locked = Rejection.objects.select_for_update(of=("self",)).select_related("signal__source").get(pk=rejection.pk)
    if locked.settled_at:
        raise AlreadySettled(
            f"This was {locked.settled_how} on {locked.settled_at:%d %b at %H:%M} UTC. Nothing more was done."
        )
    return locked


def _settle(rejection: Rejection, *, how: str, now: datetime) -> None:
    Rejection.objects.filter(pk=rejection.pk).update(settled_at=now, settled_how=how[:120])
    source = rejection.signal.source
    if not Rejection.objects.filter(signal__source=source, settled_at__isnull=True).exists():
        troubles.clear_trouble(kind="rejected", key=str(source.pk), now=now)


def new_secret(kind: str) -> str:
    """Return a secret of 192 bits. That of a mail address is in small letters: mail servers may change the others."""
    return secrets.token_hex(24) if kind == Source.Kind.MAIL else secrets.token_urlsafe(24)


@transaction.atomic
def create_source(
    *, name: str, kind: str, policy: EscalationPolicy | None, severity: int, now: datetime
) -> tuple[Source, str]:
    """Make a source and return it with its secret, which is never shown again."""
    secret = new_secret(kind)
    source = Source.objects.create(
        name=name, kind=kind, policy=policy, severity=severity, token_digest=digest(secret), created_at=now
    )
    return source, secret


@transaction.atomic
def renew_secret(*, source: Source) -> str:
    """Give the source a new URL; the old one stops working at once."""
    secret = new_secret(source.kind)
    Source.objects.filter(pk=source.pk).update(token_digest=digest(secret))
    return secret
