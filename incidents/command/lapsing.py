"""What waits too long in an incident: an offer of command that nobody answers, a role of somebody who has left."""

from datetime import datetime

from django.db import transaction

from incidents.command import assigning, evidence, queries
from incidents.command.assigning import address, title_of
from incidents.command.labels import label
from incidents.command.lifecycle import LIVE
from incidents.command.models import CommandOffer, Entry, RoleAssignment
from incidents.command.writing import lock, write
from oncall.limits.queries import Limits
from oncall.paging import services as paging


def keep(*, now: datetime, limits: Limits, at_most: int = 20) -> int:
    """Every half minute: remind who is offered command after 3 min, let the offer lapse after 10 (limits); let nobody
    keep a role whose account is closed. Returns how many were due. Two queries where nothing is.
    """
    waits = CommandOffer.objects.filter(
        answered_at__isnull=True, asked_at__lte=now - limits.span("command_offer_remind_s")
    )
    offers = list(waits.select_related("incident", "to", "giver").order_by("asked_at")[:at_most])
    for offer in offers:
        if offer.asked_at <= now - limits.span("command_offer_lapse_s"):
            _lapse(offer, now=now)
        else:
            text = f"You are asked to take command of {title_of(offer.incident)}, and it waits for your yes or no:"
            key = f"command:{offer.pk}:waits:{offer.to_id}"
            paging.notice(key=key, person=offer.to, text=f"{text} {address(offer.incident)}", now=now)
    gone = RoleAssignment.objects.filter(ends_at__isnull=True, person__is_active=False, incident__state__in=LIVE)
    left = list(gone.select_related("incident", "person").order_by("starts_at")[:at_most])
    for held in left:
        _let_go(held, now=now)
    return len(offers) + len(left)


@transaction.atomic
def _lapse(offer: CommandOffer, *, now: datetime) -> None:
    """Nobody said yes: command stays where it is, and whoever asked hears that."""
    current = lock(offer.incident)
    if not current.command_offers.filter(pk=offer.pk, answered_at__isnull=True).update(answered_at=now):
        return
    minutes = int((now - offer.asked_at).total_seconds() // 60)
    stays = f"Command stays with {offer.giver.name}." if offer.giver else "Nobody has command."
    text = f"{offer.to.name} has not answered for {minutes} min: the offer of command lapsed. {stays}"
    said = {"offer": str(offer.pk), "was": str(offer.giver_id) if offer.giver_id else None, "accepted": None}
    write(current, Entry.Kind.ROLE, text, now=now, said=said)
    asked_by = queries.asked_by(offer)
    if asked_by is not None:
        still = "you still have command" if offer.giver else "nobody has command"
        told = f"{offer.to.name} has not answered for {minutes} min: {still} of {title_of(current)}."
        asks = f"{told} Ask somebody else: {address(current)}"
        paging.notice(key=f"command:{offer.pk}:lapsed:{asked_by.pk}", person=asked_by, text=asks, now=now)


@transaction.atomic
def _let_go(held: RoleAssignment, *, now: datetime) -> None:
    current = lock(held.incident)
    mine = current.assignments.filter(pk=held.pk, ends_at__isnull=True).select_related("person").first()
    if mine is None or current.state not in LIVE:
        return
    evidence.lock([mine.person])
    assigning.end(current, mine, handed_over=False, now=now)
    text = f"{mine.person.name} is not here any more, and so not {label(mine.role).lower()}."
    said = {"role": mine.role, "was": str(mine.person_id), "is": None}
    write(current, Entry.Kind.ROLE, text, now=now, said=said)
