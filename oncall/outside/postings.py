"""Verbs about messages that are kept up to date outside: say what they should say, take one to send, record how it
went.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from oncall.outside.models import Posting
from oncall.troubles import services as troubles

LEASE = timedelta(seconds=30)
MOST_TRIES = 8  # of one edition; own choice: about twenty minutes
FIRST_PAUSE_S = 10
ONE_PERSONS = ("press:", "answered:")  # keys of replies to one press: nobody is called because one did not arrive
AGAIN_AFTER = timedelta(minutes=10)  # what was given up is tried once more; own choice
WORTH_TRYING = timedelta(days=1)  # for so long, and no longer; own choice
AT_A_TIME = 5  # given-up messages of a channel that a success wakes; each that is said wakes as many again
UPSERT = """
INSERT INTO outside_posting (key, channel, text, blocks, reference, edition, shown_edition, tries, next_due, error_text,
                             created_at)
VALUES (%s, %s, %s, %s::jsonb, %s, 1, 0, 0, %s, '', %s)
ON CONFLICT (key) DO UPDATE SET text = EXCLUDED.text, blocks = EXCLUDED.blocks, edition = outside_posting.edition + 1,
    tries = 0, next_due = EXCLUDED.next_due
"""


@dataclass(frozen=True)
class Claimed:
    """A message to be said by whoever holds `lease`. `reference` empty: it may not be there yet."""

    id: int
    lease: uuid.UUID
    key: str
    channel: str
    text: str
    blocks: list[Any]
    reference: str
    edition: int
    tries: int


@dataclass(frozen=True)
class Said:
    """How it went. `retry_after`: the channel asked for patience; `hopeless`: it will never be taken."""

    reference: str = ""
    error: str = ""
    retry_after: timedelta | None = None
    hopeless: bool = False


def say(*, key: str, channel: str, text: str, blocks: Sequence[object], now: datetime, reference: str = "") -> None:
    """Let the message `key` in `channel` say this; there is one message of a key, however often it changes.

    `reference`: of a message that is there already, and is changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(UPSERT, [key[:200], channel, text, json.dumps(list(blocks)), reference, now, now])


def say_once(*, key: str, channel: str, text: str, now: datetime) -> None:
    """Say this in `channel`, unless `key` was said already."""
    Posting.objects.get_or_create(
        key=key[:200], defaults={"channel": channel, "text": text, "next_due": now, "created_at": now}
    )


def anything_due(*, now: datetime) -> bool:
    return Posting.objects.filter(next_due__lte=now).exists()


@transaction.atomic
def claim(*, now: datetime) -> Claimed | None:
    """Take the message that has waited longest; nobody else has it until the lease runs out."""
    due = Posting.objects.filter(next_due__lte=now).select_for_update(skip_locked=True).order_by("next_due", "pk")
    one = due.first()
    if one is None:
        return None
    one.lease_token, one.next_due, one.tries = uuid.uuid4(), now + LEASE, one.tries + 1
    one.save(update_fields=["lease_token", "next_due", "tries"])
    return Claimed(
        one.pk, one.lease_token, one.key, one.channel, one.text, one.blocks, one.reference, one.edition, one.tries
    )


@transaction.atomic
def record(*, claimed: Claimed, said: Said, now: datetime) -> None:
    """Write how it went. What was changed meanwhile is said again; what cannot be said is given up, and said aloud."""
    one = Posting.objects.select_for_update().get(pk=claimed.id)
    if one.lease_token != claimed.lease:
        return
    one.lease_token, one.error_text = None, said.error[:300]
    one.reference = said.reference or one.reference
    if not said.error:
        one.shown_edition = claimed.edition
        one.next_due = None if one.edition == claimed.edition else now
        if not one.key.startswith(ONE_PERSONS):
            troubles.clear_trouble(kind="posting", key=one.channel, now=now)
        _wake_others(one, now=now)
    elif said.hopeless or one.tries >= MOST_TRIES:
        _give_up(one, now=now)
    else:
        pause = said.retry_after or timedelta(seconds=FIRST_PAUSE_S * 2 ** (one.tries - 1))
        one.next_due = now + pause if one.edition == claimed.edition else now + (said.retry_after or timedelta())
    one.save()


def _give_up(one: Posting, *, now: datetime) -> None:
    """Say aloud that it could not be said, once for each edition; try it again now and then while it is news."""
    lasting = not one.key.startswith(ONE_PERSONS)
    if lasting and one.tries <= MOST_TRIES:
        text = f"A message to the channel {one.channel} could not be sent: {one.error_text}"
        troubles.raise_trouble(kind="posting", key=one.channel, text=text, now=now)
    one.tries = MOST_TRIES  # the next claim counts beyond: not news any more
    one.next_due = now + AGAIN_AFTER if lasting and now - one.created_at < WORTH_TRYING else None


def _wake_others(one: Posting, *, now: datetime) -> None:
    """The channel takes messages again: what was given up there is said at once, a few at a time."""
    waiting = Posting.objects.filter(
        channel=one.channel, next_due__gt=now, tries__gte=MOST_TRIES, lease_token__isnull=True
    )
    keys = list(waiting.exclude(pk=one.pk).order_by("-created_at").values_list("pk", flat=True)[:AT_A_TIME])
    if keys:
        Posting.objects.filter(pk__in=keys, lease_token__isnull=True).update(next_due=now)
