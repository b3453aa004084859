"""Verbs that take what is due of notices. They never hold a page: not its threads, and not its throttles."""

import uuid
from datetime import datetime

from django.db import transaction
from django.db.models import Case, IntegerField, Value, When

from oncall.limits.queries import Limits
from oncall.paging import spending
from oncall.paging import text as words
from oncall.paging.channels import Order
from oncall.paging.consequences import loop_guard
from oncall.paging.holds import Past, Rate, take_turns
from oncall.paging.lanes import Room
from oncall.paging.models import Attempt, Channel, ContactMethod, Lane, Notice
from oncall.paging.orders import order_for
from oncall.paging.providers import Board, names
from oncall.paging.spending import SILENT
from oncall.paging.throttle import NAMES, Hold


@transaction.atomic
def claim_notices(
    *, now: datetime, limits: Limits, at_most: int, room: Room | None = None
) -> list[tuple[Attempt, Order]]:
    """Take up to `at_most` due notices: replies and codes first. They have threads of their own: no page waits for one.

    A notice whose number has had enough waits, and says until when and why.
    """
    room = room or Room.any()
    replies = Case(When(lane=Lane.REPLY, then=Value(0)), default=Value(1), output_field=IntegerField())
    due = Notice.objects.filter(next_due__lte=now).select_for_update(skip_locked=True).order_by(replies, "next_due")
    due = due.exclude(channel__in=[channel for channel in Channel.values if not room.left(channel, Lane.NOTICE)])
    notes = list(due[:at_most])
    if not notes:
        return []
    rate = Rate(limits=limits, now=now)
    turns = take_turns({note.address for note in notes if note.channel in NAMES and note.lane != Lane.REPLY})
    past = Past(limits=limits, now=now)
    past.read(turns)
    cap = spending.capped(now=now)
    board = Board(limits=limits, now=now)
    claimed = []
    for note in notes:
        if note.channel in NAMES and note.lane != Lane.REPLY:
            if note.address not in turns:
                continue  # another loop decides about this number at this moment
            hold = _hold_notice(note, past=past, cap=cap)
        else:
            hold = loop_guard(address=note.address, now=now, limits=limits) if note.channel == Channel.SMS else None
        hold = hold or (rate.hold(note.channel, held_for=note.held_why) if note.channel in NAMES else None)
        if hold is not None:
            note.next_due, note.held_why = hold.until, hold.why
        elif room.left(note.channel, Lane.NOTICE):
            room.take(note.channel, Lane.NOTICE)
            past.add(address=note.address, channel=note.channel, lane=note.lane)
            rate.take(note.channel)
            claimed.append((note, _notify(note, board=board, now=now, limits=limits)))
            note.next_due, note.held_why = None, ""
        note.save(update_fields=["next_due", "held_why", "channel", "address"])
    return [(attempt, order_for(attempt, page=None, limits=limits)) for _, attempt in claimed]


def _hold_notice(note: Notice, *, past: Past, cap: Hold | None) -> Hold | None:
    """Return until when this notice waits and why. Past a spending cap it goes by a way that costs nothing, if any."""
    if cap is not None:
        theirs = ContactMethod.objects.usable().filter(person=note.person_id, kind__in=SILENT)
        found = {one.kind: one for one in theirs}
        for kind, channel in SILENT.items():
            if kind in found:
                note.channel, note.address = channel.value, found[kind].address
                return None
        return cap
    return past.hold(address=note.address, channel=note.channel, lane=note.lane, first=False)


def _notify(note: Notice, *, board: Board, now: datetime, limits: Limits) -> Attempt:
    return Attempt.objects.create(
        notice=note,
        n=note.attempts.count() + 1,
        channel=note.channel,
        lane=note.lane,
        provider=board.choose(note.channel) or names(note.channel)[0],
        address=note.address,
        body=words.cut(words.gsm(note.text), words.SEGMENT * 3) if note.channel == "sms" else note.text,
        started_at=now,
        told_at=now,
        look_at=now + limits.span("attempt_lease_s"),
        lease_token=uuid.uuid4(),
    )
