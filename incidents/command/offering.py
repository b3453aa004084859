"""Command passes: it is offered, the other says yes or no, and everybody with a role hears of it (domain.md 3.1)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from incidents.command import assigning, evidence, queries
from incidents.command.assigning import Assigned, address, title_of
from incidents.command.lifecycle import LIVE, WORDS
from incidents.command.models import CommandOffer, Entry, Incident
from incidents.command.writing import Refused, because, lock, state_of, write
from oncall.paging import services as paging
from oncall.people.models import Person

LONGEST_BRIEF = 4000


class Answered(Exception):
    """The offer waits no more: answered, taken back, or the incident is over. The message is fit to show."""


@transaction.atomic
def offer(*, incident: Incident, to: Person, by: Person, now: datetime, why: str = "", brief: str = "") -> CommandOffer:
    """Ask somebody to take command. Whoever has it keeps it until the other says yes. Twice is once.

    Offered by whoever has command; while nobody has it, by anybody. An offer to somebody else is taken back by that.

    :raises Refused: naming the field: the incident is over, command is somebody else's, or `to` is not here.
    """
    current = lock(incident)
    if current.state not in LIVE:
        raise Refused("to", f"{current} is {WORDS[state_of(current)]}: it has no commander. Reopen it first.")
    has = queries.command_of(current)
    if has is not None and has.person_id != by.pk:
        raise Refused("to", f"{has.person.name} has command and alone may offer it. Ask them.")
    if to.pk == by.pk:
        raise Refused("to", "That is you. Choose somebody else, or take command yourself.")
    if len(brief) > LONGEST_BRIEF or len(why) > assigning.LONGEST_WHY:
        raise Refused("brief", f"Keep the brief under {LONGEST_BRIEF} characters, and the reason under 200.")
    waits = queries.open_offer(current)
    if waits is not None and waits.to_id == to.pk:
        return waits
    said = assigning.check(current, "commander", to, itself=False, now=now)
    current.command_offers.filter(answered_at__isnull=True).update(answered_at=now)
    row = CommandOffer.objects.create(
        incident=current, giver=has.person if has else None, to=to, why=why.strip(), brief=brief.strip(), asked_at=now
    )
    text = because(because(f"{by.name} asks {to.name} to take command.", why), " ".join(said))
    write(current, Entry.Kind.ROLE, text, now=now, person=by, said={"offer": str(row.pk), "to": str(to.pk)})
    asks = f"{by.name} asks you to take command of {title_of(current)}, SEV-{current.severity}."
    _tell(row, [to], f"{asks} Say yes or no: {address(current)}", now=now, what="asked")
    return row


@transaction.atomic
def answer(*, offer: CommandOffer, by: Person, accept: bool, now: datetime) -> Assigned | None:
    """Say yes or no to an offer of command. With a yes it passes at once; with a no it stays where it is.

    :raises Answered: if it waits no more.
    :raises Refused: if it was offered to somebody else, or they may not have command beside another role.
    """
    current = lock(offer.incident)
    row = CommandOffer.objects.select_for_update(of=("self",)).select_related("giver", "to").get(pk=offer.pk)
    if row.to_id != by.pk:
        raise Refused("offer", f"Command was offered to {row.to.name}, who alone can answer.")
    if row.answered_at is not None:
        if row.accepted == accept and row.accepted is not None:
            return None  # twice is once
        raise Answered("This offer waits for no answer any more. Look who has command now.")
    if not accept:
        row.answered_at, row.accepted = now, False
        row.save(update_fields=["answered_at", "accepted"])
        write(current, Entry.Kind.ROLE, f"{by.name} does not take command.", now=now, person=by, said=_said(row))
        asked_by = queries.asked_by(row)
        if asked_by is not None:
            stays = "it stays with you." if row.giver else f"nobody has it. Ask somebody else: {address(current)}"
            no = f"{by.name} does not take command of {title_of(current)}: {stays}"
            _tell(row, [asked_by], no, now=now, what="no")
        return None
    said = assigning.check(current, "commander", by, itself=True, now=now)
    has = queries.command_of(current)
    evidence.lock([by, *([has.person] if has else [])])
    row.answered_at, row.accepted = now, True
    row.save(update_fields=["answered_at", "accepted"])
    if has is not None:
        assigning.end(current, has, handed_over=True, now=now)
    assignment = assigning.begin(current, "commander", by, by=row.giver, now=now, why=row.why)
    before = f" {has.person.name} hands over." if has else ""
    text = because(f"{by.name} has command.{before}", " ".join(said))
    write(current, Entry.Kind.ROLE, text, now=now, person=by, said=_said(row) | {"role": "commander", "warnings": said})
    hears = {one.pk: one for one in [*assigning.holders(current), *([has.person] if has else [])] if one.pk != by.pk}
    announced = f"{by.name} has command of {title_of(current)} from now on.{before} {address(current)}"
    _tell(row, hears.values(), announced, now=now, what="passed")
    return Assigned(assignment, tuple(said))


@transaction.atomic
def take_back(*, offer: CommandOffer, by: Person, now: datetime) -> CommandOffer:
    """Take back an offer that waits: by whoever has command, or made it while nobody had. Twice is once.

    :raises Refused: if somebody else has command.
    """
    current = lock(offer.incident)
    has = queries.command_of(current)
    if has is not None and has.person_id != by.pk:
        raise Refused("offer", f"{has.person.name} has command and alone may take the offer back.")
    row = CommandOffer.objects.select_related("to").get(pk=offer.pk)
    if row.answered_at is None:
        row.answered_at = now
        row.save(update_fields=["answered_at"])
        text = f"{by.name} took back the offer of command to {row.to.name}."
        write(current, Entry.Kind.ROLE, text, now=now, person=by, said=_said(row))
    return row


def _said(row: CommandOffer) -> dict[str, object]:
    was = str(row.giver_id) if row.giver_id else None
    return {"offer": str(row.pk), "was": was, "is": str(row.to_id), "accepted": row.accepted}


def _tell(row: CommandOffer, people: Iterable[Person], text: str, *, now: datetime, what: str) -> None:
    for person in people:
        paging.notice(key=f"command:{row.pk}:{what}:{person.pk}", person=person, text=text, now=now)
