"""An edge: one request to Slack at a time for a channel that is claimed, and what came of it.

Whoever holds the claim commits before it asks, asks without a lock, and records after. Here alone is the sender loaded.
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from incidents.mirror.models import Mirror
from oncall import clock

if TYPE_CHECKING:
    from oncall.paging.slack_channels import Answer

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=60)  # longer than any one request may last
HARMLESS = frozenset({"already_in_channel", "already_archived", "not_archived", "message_not_found"})
BUSY = "429"  # Outcome.code of who was asked too fast
ARCHIVED = "is_archived"
ARCHIVED_BY_HAND = "The channel is archived in Slack. Unarchive it there, or stop the mirror here."
NOBODY: frozenset[str] = frozenset()


class Lost(Exception):
    """Somebody else has the channel now, or it was stopped: whoever had it leaves all as it is."""


class Failed(Exception):
    """Slack did not do it. The message is fit to show. `word`: Slack's own, where it was heard and refused."""

    def __init__(self, text: str, *, word: str = "", retry_after: timedelta | None = None) -> None:
        super().__init__(text)
        self.word, self.retry_after = word, retry_after


@dataclass(frozen=True)
class Claim:
    """A channel to be worked on by whoever holds `lease`."""

    id: uuid.UUID
    lease: uuid.UUID


@transaction.atomic
def take(*, now: datetime) -> Claim | None:
    """Take the channel that has waited longest; nobody else has it until the lease runs out."""
    one = Mirror.objects.due(now).select_for_update(skip_locked=True).order_by("next_due").first()
    if one is None:
        return None
    one.lease_token, one.next_due = uuid.uuid4(), now + LEASE
    one.save(update_fields=["lease_token", "next_due"])
    return Claim(one.pk, one.lease_token)


def keep(claim: Claim, **fields: object) -> None:
    """Write this, and go on for another lease.

    :raises Lost: where the channel is not ours any more.
    """
    mine = Mirror.objects.filter(pk=claim.id, lease_token=claim.lease)
    if not mine.update(next_due=clock.now() + LEASE, **fields):
        raise Lost


def ask(claim: Claim, request: Callable[[Any], "Answer"], *, allowed: frozenset[str] = HARMLESS) -> "Answer":
    """Make one request, holding no lock. A refusal whose word is `allowed` is an answer.

    :raises Failed: if Slack did not do it, or did not say so.
    :raises Lost: where the channel is not ours any more.
    """
    from oncall.paging import slack_channels  # noqa: PLC0415 -- 7 MB, for processes that send alone

    keep(claim)
    answer = request(slack_channels)
    if answer.failed is None or answer.word in allowed:
        return answer
    text = ARCHIVED_BY_HAND if answer.word == ARCHIVED else answer.error
    raise Failed(text, word=answer.word, retry_after=answer.retry_after if answer.failed.code == BUSY else None)


def ask_in_vain(claim: Claim, request: Callable[[Any], "Answer"]) -> None:
    """Make a request that the lines need not wait for: what Slack refuses in so many words is left undone.

    :raises Failed: if Slack could not be asked.
    """
    try:
        ask(claim, request)
    except Failed as failed:
        if not failed.word:
            raise
        log.warning("Slack refused: %s", failed.word)


def is_about_the_channel(failed: Failed) -> bool:
    """Whether nothing could be said there, whatever it is."""
    from oncall.paging import slack  # noqa: PLC0415 -- 7 MB, for processes that send alone

    return failed.word in slack.DEAD | slack.MISCONFIGURED
