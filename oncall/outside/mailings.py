"""Verbs of the outbox of mails: write them down, take one, record how it went, send one again that failed.

As with webhooks: the row is committed with what it tells of; claim, commit, hand over, record. A mail goes out at most
once unless a person says otherwise: whoever mails the public twice is not read the third time.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.module_loading import import_string

from oncall.limits.queries import Limits
from oncall.outside.mailing_models import Mailing

LONGEST_PAUSE = timedelta(minutes=15)
NEVER_SAID = "Whoever sent it stopped before the mail server's answer was written down."
State = Mailing.State
Kind = Literal["taken", "later", "refused", "unsure"]


class BadAddresses(Exception):
    """An address that cannot be mailed. The message names it and is fit to show."""


@dataclass(frozen=True)
class Claimed:
    """A mail to be handed over by whoever holds `lease`."""

    id: uuid.UUID
    lease: uuid.UUID
    address: str
    subject: str
    body: str
    thread: str


@dataclass(frozen=True)
class Handed:
    """How it went. `later`: it was not taken, and may be yet; `refused`: it never will be; `unsure`: nobody knows."""

    kind: Kind
    error: str = ""


def addresses_in(text: str) -> list[str]:
    """Return the addresses in `text`, one on a line or between commas, each once, whatever its capitals.

    :raises BadAddresses: naming the first that is none.
    """
    found: dict[str, str] = {}
    for part in text.replace(",", "\n").replace(";", "\n").splitlines():
        address = part.strip()
        if not address:
            continue
        try:
            validate_email(address)
        except ValidationError:
            raise BadAddresses(
                f"“{address[:80]}” is no mail address. Write them as name@example.org, one on a line."
            ) from None
        if len(address) > 254 or not address.isascii():
            raise BadAddresses(f"“{address[:80]}” is longer than 254 characters, or has letters beyond ASCII.")
        found.setdefault(address.lower(), address)
    return list(found.values())


def enqueue(*, about: str, addresses: Iterable[str], subject: str, body: str, thread: str, now: datetime) -> None:
    """Write down a mail for each address; one that was written down about the same is left as it is."""
    rows = [
        Mailing(
            about=about, address=address, subject=subject, body=body, thread=thread, next_due=now, created_at=now
        )
        for address in addresses
    ]  # fmt: skip
    Mailing.objects.bulk_create(rows, ignore_conflicts=True)


def why_not(about: str) -> str:
    """Say why a mail about this must not go any more, in words fit to keep; empty: it may. `settings.MAILING_STOPS`
    names who is asked, for what mails are about is known in rooms above.
    """
    return next((why for name in settings.MAILING_STOPS if (why := str(import_string(name)(about)))), "")


def anything_due(*, now: datetime) -> bool:
    return Mailing.objects.filter(next_due__lte=now).exists()


@transaction.atomic
def claim(*, now: datetime, limits: Limits) -> Claimed | None:
    """Take the mail that has waited longest. One whose sender never said how it went is not taken again: it may have
    arrived; nor is one that must not go any more, which is given up.
    """
    due = Mailing.objects.filter(next_due__lte=now).order_by("next_due").select_for_update(skip_locked=True)
    for one in due[:20]:
        if one.lease_token is not None:
            _end(
                one, State.UNSURE, "Whoever sent it stopped before the mail server's answer was written down.", now=now
            )
            continue
        if stopped := why_not(one.about):
            _end(one, State.GIVEN_UP, stopped, now=now)
            continue
        one.lease_token, one.tries = uuid.uuid4(), one.tries + 1
        one.next_due = now + limits.span("mailing_lease_s")
        one.save(update_fields=["lease_token", "tries", "next_due"])
        return Claimed(one.pk, one.lease_token, one.address, one.subject, one.body, one.thread)
    return None


def _end(one: Mailing, state: str, why: str, *, now: datetime) -> None:
    one.state, one.next_due, one.ended_at, one.error_text = state, None, now, why[:300]
    one.save(update_fields=["state", "next_due", "ended_at", "error_text"])


@transaction.atomic
def record(*, claimed: Claimed, handed: Handed, now: datetime, limits: Limits) -> None:
    """Write how it went. What was not taken is tried again, each time after twice as long, and in the end given up."""
    one = Mailing.objects.select_for_update().get(pk=claimed.id)
    if one.lease_token != claimed.lease:
        return
    one.lease_token, one.error_text = None, handed.error[:300]
    if handed.kind == "later" and one.tries < limits.count("mailing_tries"):
        pause = limits.span("mailing_retry_s") * 2 ** (one.tries - 1)
        one.state, one.ended_at, one.next_due = State.WAITING, None, now + min(pause, LONGEST_PAUSE)
    else:
        one.state = {"taken": State.SENT, "unsure": State.UNSURE}.get(handed.kind, State.GIVEN_UP)
        one.next_due, one.ended_at = None, now
    one.save()


@transaction.atomic
def send_again(*, mailing: Mailing, now: datetime) -> bool:
    """Send one that failed, or may have, once more. False: it is on its way, or arrived."""
    one = Mailing.objects.select_for_update().get(pk=mailing.pk)
    if one.state not in (State.GIVEN_UP, State.UNSURE):
        return False
    one.state, one.next_due, one.ended_at, one.lease_token = State.WAITING, now, None, None
    one.tries, one.told_at, one.error_text = 0, None, ""
    one.save()
    return True
