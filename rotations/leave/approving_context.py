"""What the approval box of a call-out shows to one viewer, and what they may say."""

from dataclasses import dataclass
from datetime import datetime

from oncall.people import access
from oncall.people.models import Person
from rotations.leave import accounts
from rotations.leave.accounts import Standing
from rotations.leave.models import CallOut, LedgerEntry


@dataclass(frozen=True)
class Box:
    """Where a call-out stands, both sides' words in order, and which words are the viewer's to say."""

    call_out: CallOut
    standing: Standing
    words: list[LedgerEntry]
    may_confirm: bool
    must_answer: bool  # asked back: confirming wants words
    may_dispute: bool
    may_approve: bool
    must_say_why: bool  # disputed, or of somebody who left: approving wants words
    may_ask_back: bool
    lacks_s: int = 0  # by how much more would be taken than is approved, were its approval taken away
    error: str = ""
    said: str = ""  # what was refused, so that nothing typed is lost
    typed: str = ""


def box(
    call_out: CallOut, viewer: Person, *, now: datetime, error: str = "", said: str = "", typed: str = ""
) -> Box | None:
    """Return the box of `call_out` for somebody who may see it; None where there is nothing to say of it yet."""
    stands = accounts.standing(call_out)
    words = list(accounts.words_of(call_out))
    if call_out.merged_into_id or stands.state == "open" or (stands.is_nothing and not words):
        return None
    mine = viewer.pk == call_out.person_id
    manages = access.may_approve_leave(viewer, owner_id=call_out.person_id, now=now)
    unconfirmed = stands.state in {"to_confirm", "changed", "asked_back"}
    return Box(
        call_out=call_out,
        standing=stands,
        words=words,
        may_confirm=mine and (unconfirmed or stands.state == "disputed"),
        must_answer=stands.state == "asked_back",
        may_dispute=mine,
        may_approve=manages
        and (stands.state in {"confirmed", "disputed"} or (unconfirmed and not call_out.person.is_active)),
        must_say_why=stands.state != "confirmed",
        may_ask_back=manages,
        lacks_s=max(0, stands.approved_s - accounts.balance(call_out.person).available_s) if stands.approved_s else 0,
        error=error,
        said=said,
        typed=typed,
    )
