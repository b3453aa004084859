"""Verbs about mails that sources of the kind `mail` send: which source an address means, and taking a mail in."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from incidents.alarms.models import Alarm, Held
from incidents.signals import services
from incidents.signals.models import Rejection, Signal, Source
from incidents.signals.payloads import mail, mime
from incidents.signals.payloads.items import Rejected, Unreadable, clean, load
from incidents.signals.payloads.mail import Unwanted
from incidents.signals.services import Receipt

READ_OF_LARGE = 1024 * 1024  # bytes of one that is larger; its words come before what is attached
LARGEST = (
    10 * 1024 * 1024
)  # bytes of a mail with all that is attached; own choice, most servers send no more than 25 MiB


def address(secret: str) -> str:
    """Return the mail address of the source whose secret this is."""
    return f"{secret}@{settings.MAIL_IN_DOMAIN or 'the-domain-of-your-mail-server'}"


def source_at(address: str) -> Source | None:
    """Return the open source of kind `mail` that `address` means, or nothing.

    Its local part is the secret, or ends with it behind a plus. Mail servers may write it in capitals.
    """
    if not address.isascii():  # no secret is; it may not even be text
        return None
    local, _, domain = address.strip("<> ").rpartition("@")
    if settings.MAIL_IN_DOMAIN and domain.lower() != settings.MAIL_IN_DOMAIN.lower():
        return None
    source = services.source_of(local.lower().rsplit("+", 1)[-1])
    return source if source is not None and source.kind == Source.Kind.MAIL else None


@transaction.atomic
def receive(*, source: Source, body: bytes, now: datetime) -> Receipt:
    """Keep a mail, as the JSON that its parts were written into, and do what it says. Whatever it is, it is kept.

    An automatic reply, a bounce or a page of our own raises no alarm and calls nobody: it would come back for ever.
    What cannot be read is said as a trouble of its source. The end of what never began here is an alarm: its subject
    may only look like an end.
    """
    try:
        return services.receive(source=source, body=_or_unbegun(source, body), now=now)
    except Unwanted as error:
        _keep_unwanted(source, body, error, now=now)
    except Unreadable as error:
        services.keep_unreadable(source=source, body=body, errors=error.errors, now=now)
        return Receipt(0, [], [Rejected(-1, error.errors)])
    return Receipt(0, [], [])


def _or_unbegun(source: Source, body: bytes) -> bytes:
    """Return a mail, marked where it reads as the end of something that neither an alarm nor anything held was about.

    Own choice: what a human resolved before its monitor says so has begun here, and calls nobody again.

    :raises Unreadable: as `mail.parse` does.
    """
    (item,) = mail.parse(body).items
    about = {"source_id": source.pk, "key": item.key}
    if item.firing or Alarm.objects.filter(**about).exists() or Held.objects.filter(**about).exists():
        return body
    return mime.written(load(body) | {"unbegun": True})


def _keep_unwanted(source: Source, body: bytes, error: Unwanted, *, now: datetime) -> None:
    text = clean(body.decode("utf-8", "replace"))[: services.KEPT]
    signal = Signal.objects.create(source=source, received_at=now, body=text, rejected=1)
    Source.objects.filter(pk=source.pk).update(last_seen_at=now)
    Rejection.objects.create(
        signal=signal,
        index=-1,
        errors=error.errors,
        raw=text,
        settled_at=now,
        settled_how="kept; no alarm, by what it is",
    )


def keep_too_large(*, source: Source, beginning: bytes, now: datetime, why: str = "") -> None:
    """Keep the beginning of a mail that is larger than we take, and say that a human is needed. `why`: in which way."""
    too_large = f"Larger than {LARGEST // 1024 // 1024} MiB. Have it sent without what is attached."
    errors = {"body": [why or too_large]}
    services.keep_unreadable(source=source, body=beginning, errors=errors, now=now, is_cut=True)
