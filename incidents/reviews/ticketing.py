"""Make the tickets that actions want elsewhere: claim, commit, ask, record. Never two for one action.

That we are about to ask is committed before we ask. From then on, unless the answer is clear, the ticket is only looked
for and never asked for again; what is not found in the end is given up, and says that somebody must look.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction

from incidents.command.assigning import title_of
from incidents.reviews import trackers
from incidents.reviews.models import ActionItem, TicketRequest
from incidents.reviews.trackers import NotMade, Ticket, Unclear, Wanted
from incidents.reviews.writing import tell
from oncall import clock
from oncall.limits.queries import Limits
from oncall.outside.lane import Lane
from oncall.work import services as work
from oncall.work.models import WorkItem

LANE = Lane("tickets", at_most=1)
AT_ONCE = 10  # tickets of one piece of work
LEASE = timedelta(seconds=60)  # longer than two questions may last
MOST_TRIES = 6  # own choice: over about half an hour
FIRST_PAUSE = timedelta(seconds=60)
GIVEN_UP = "We asked for it and heard nothing clear, and it is not to be found. Look there before you ask again."


@dataclass(frozen=True)
class Claimed:
    """A ticket to be made, or only to be looked for, by whoever holds `lease`."""

    id: uuid.UUID
    lease: uuid.UUID
    tracker: str
    only_look: bool
    wanted: Wanted


def send_due(*, now: datetime, limits: Limits) -> None:
    """Each half minute: if any ticket is wanted, make it, beside the loop."""
    if TicketRequest.objects.filter(next_due__lte=now).exists():
        LANE.start(make_due)


def make_due() -> int:
    """Make what is due, one after the other; returns how many."""
    for count in range(AT_ONCE):
        claimed = claim(now=clock.now())
        if claimed is None:
            return count
        ticket, error, again, unclear = None, "", False, claimed.only_look
        try:
            ticket = trackers.look_for(claimed.tracker, claimed.wanted)
            if ticket is None and not claimed.only_look:
                ticket = trackers.make(claimed.tracker, claimed.wanted)
        except NotMade as reason:
            error, again = str(reason), reason.again
        except Unclear as reason:
            error, again, unclear = str(reason), True, True
        record(claimed=claimed, ticket=ticket, error=error, again=again or unclear, unclear=unclear, now=clock.now())
    return AT_ONCE


@transaction.atomic
def claim(*, now: datetime) -> Claimed | None:
    """Take the request that has waited longest; nobody else has it until the lease runs out. What nobody needs any
    more, or is not to go out, is dropped.
    """
    due = TicketRequest.objects.filter(next_due__lte=now).select_for_update(skip_locked=True, of=("self",))
    due = due.select_related("action__review__incident", "action__owner", "action__team", "action__work").order_by(
        "next_due"
    )
    while (one := due.first()) is not None and (why := _needless(one.action)):
        one.error_text = f"{why} {GIVEN_UP if one.asked_at is not None else ''}".strip()[:300]
        one.state, one.next_due, one.lease_token = TicketRequest.State.DROPPED, None, None
        one.save()
    if one is None:
        return None
    only_look = one.asked_at is not None
    one.lease_token, one.tries, one.next_due = uuid.uuid4(), one.tries + 1, now + LEASE
    one.asked_at = one.asked_at or now
    one.save(update_fields=["lease_token", "tries", "next_due", "asked_at"])
    return Claimed(one.pk, one.lease_token, one.tracker, only_look, _wanted(one.action, since=one.wanted_at))


def _needless(action: ActionItem) -> str:
    """Say why no ticket is to be made any more; "" if one is."""
    if action.review.incident.restricted:
        return "The incident became restricted. Make the ticket by hand, where only they can read it."
    if action.ticket:
        return f"Somebody linked {action.ticket_name} instead."
    return "The action was done before." if action.is_done else ""


def _wanted(action: ActionItem, *, since: datetime) -> Wanted:
    review = action.review
    link = urljoin(settings.PUBLIC_BASE_URL, review.path)
    text = (
        f"An action of the review of {title_of(review.incident)}: {link}\n"
        f"For {action.whose}, due {action.due_on:%Y-%m-%d}, {action.get_kind_display()}."
    )
    return Wanted(action.title, text, f"oncall-{action.pk.hex}", since - timedelta(minutes=5))


@transaction.atomic
def record(*, claimed: Claimed, ticket: Ticket | None, error: str, again: bool, unclear: bool, now: datetime) -> None:
    """Write how it went. Nothing is written by whoever lost the lease.

    `again`: it may be tried, or looked for, once more; `unclear`: it may be there, so it is never asked for again.
    """
    known = TicketRequest.objects.select_related("action__review__incident").get(pk=claimed.id)
    incident = known.action.review.incident
    incident = type(incident).objects.select_for_update(no_key=True).get(pk=incident.pk)
    one = TicketRequest.objects.select_for_update().get(pk=claimed.id)
    if one.lease_token != claimed.lease:
        return
    one.lease_token, one.error_text = None, error[:300]
    if ticket is not None:
        text = f"Ticket {ticket.name} for: {known.action.title}"
        if kept := _made(one, ticket, now=now):
            text = f"{text}. It has {kept} already, which stays: close one of the two."
        tell(incident, text, now=now, by=None, url=known.action.review.path)
    elif again and one.tries < MOST_TRIES:
        one.next_due = now + FIRST_PAUSE * 2 ** (one.tries - 1)
        one.asked_at = one.asked_at if unclear else None
    else:
        one.state, one.next_due = TicketRequest.State.FAILED, None
        one.error_text = f"{error} {GIVEN_UP}".strip()[:300] if unclear else error[:300]
    one.save()


def _made(one: TicketRequest, ticket: Ticket, *, now: datetime) -> str:
    """Link it, unless somebody has linked another meanwhile; returns the name of that."""
    one.state, one.next_due, one.error_text = TicketRequest.State.MADE, None, ""
    action = ActionItem.objects.select_for_update(of=("self",)).select_related("work").get(pk=one.action_id)
    if action.ticket and action.ticket != ticket.url:
        one.error_text = f"{ticket.name} was made too: {ticket.url}"[:300]
        return action.ticket_name
    action.ticket, action.ticket_name = ticket.url, ticket.name[:80]
    action.save(update_fields=["ticket", "ticket_name"])
    item = action.work
    if item is not None and item.state == WorkItem.State.OPEN:
        work.change(id=item.pk, now=now, team=item.team, due=item.due_at, ticket=ticket.name)
    return ""
