"""What a way of reaching people must be able to do, and what it may answer. Neutral: no provider is named here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from oncall.paging.codes import Row


class Verdict(StrEnum):
    """What is known after a request (paging.md 2.2)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # surely not accepted
    UNKNOWN = "unknown"  # may have been accepted: look before sending again


@dataclass(frozen=True)
class Order:
    """What to send: the attempt's id goes into every callback URL, `reference` into the words.

    `provider` is by whom; `others` are the provider's ids of what else went out for the same page, which a lookup must
    not take for this.
    """

    attempt_id: UUID
    channel: str
    address: str
    subject: str
    body: str
    reference: str
    answer_path: str
    started_at: datetime
    valid_for: timedelta
    ring_for: timedelta
    talk_for: timedelta
    provider: str = ""
    callbacks: bool = True  # false: the provider refused our callback address; it is asked instead
    others: frozenset[str] = frozenset()
    alone: bool = True  # false: another request to this address by this way is under way at this moment


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    sid: str = ""
    status: str = ""
    code: str = ""
    text: str = ""
    retry_after: timedelta | None = None  # set: the provider asked for patience, try the same way again
    misconfigured: bool = False  # the provider will refuse everybody, not just this one
    dead_address: str = ""  # set: why this address must not be used again
    no_texts: bool = False  # a landline, or a number that takes no texts: call it instead
    row: Row | None = None  # what its code means, where there is a table of codes; else the words above say it all


@dataclass(frozen=True)
class Report:
    """Where a message or call is, by the provider's own word. `rank` orders the words; 90 is the end."""

    sid: str
    status: str
    rank: int
    sequence: int = -1
    code: str = ""


class LookupFailed(Exception):
    """The provider could not be asked."""


@dataclass(frozen=True)
class Prompt:
    """What a caller hears. `ask_path`: where the `digits` pressed keys go; none: we hang up after speaking, or, with a
    `then_path`, go on there unasked. Where no key comes, `unheard` is said, and we hang up or go on at `unheard_path`.
    """

    say: Sequence[str] = field(default_factory=tuple)
    ask_path: str = ""
    then_path: str = ""
    repeat: int = 1
    digits: int = 1
    unheard: str = "I heard no key. This page is not answered. Good bye."
    unheard_path: str = ""


class Channel(Protocol):
    """One way to reach people, through one provider."""

    def send(self, order: Order) -> Outcome:
        """Hand it over. Never raises: what went wrong is in the outcome."""

    def find(self, order: Order) -> Report | None:
        """Return what the provider has of this attempt, or nothing if it has not heard of it.

        :raises LookupFailed: if the provider could not be asked.
        """

    def poll(self, sid: str) -> Report:
        """Return where it is now.

        :raises LookupFailed: if the provider could not be asked.
        """
