"""Verbs about on-call phones: ask, decide, issue, lose, take back. What an issued phone means for pages happens here.

An issued phone is a confirmed contact method of its person and rings like any other; when it is back, it is none (R35).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from oncall.limits import queries as limits
from oncall.paging import contacts
from oncall.paging import services as paging
from oncall.paging.models import Channel, ContactMethod, NotificationRule, Urgency
from oncall.paging.quiet import LOUD
from oncall.people.models import Person
from oncall.phones import queries, states
from oncall.phones.models import Loan, Step
from oncall.phones.states import Move, State
from oncall.troubles import services as troubles

LABEL = "On-call phone"


class Refused(Exception):
    """It cannot be done. The message says why and what to do, and is fit to show; `field`: what it is about, if any."""

    field = ""


class AlreadyAsked(Refused):
    """A request of the person is open."""


class WordsMissing(Refused):
    """Somebody deserves a reason."""

    field = "words"


class NumberTaken(Refused):
    """The number rings somebody already."""

    field = "number"


class NeedsConfirmation(Exception):
    """It can be done, but somebody would be harder to reach. The message says how, and is fit to show."""

    def __init__(self, objections: Sequence[str]) -> None:
        super().__init__(" ".join(objections))
        self.objections = list(objections)


@dataclass(frozen=True)
class Issued:
    """A phone that was issued, and what to know about it. Empty `warnings`: it rings as it should."""

    loan: Loan
    warnings: list[str]


@transaction.atomic
def ask(*, person: Person, why: str, special: str, now: datetime) -> Loan:
    """Ask for a phone, and tell those who decide.

    :raises AlreadyAsked: if the person has asked already and nobody has issued or refused it.
    :raises WordsMissing: if no reason is given.
    """
    if not why.strip():
        error = WordsMissing("Why: say what the phone is for, so that somebody can decide.")
        error.field = "why"
        raise error
    try:
        with transaction.atomic():
            loan = Loan.objects.create(person=person, why=why, special=special, asked_at=now)
    except IntegrityError:
        raise AlreadyAsked(
            "You have asked for a phone already, and it is not issued yet. Withdraw that request to make another."
        ) from None
    _note(loan, by=person, words=why, now=now)
    for decider in queries.deciders(person, now=now):
        paging.notice(
            key=f"phone:{loan.pk}:requested:{decider.pk}",
            person=decider,
            text=f"{person.name} asks for an on-call phone. Decide under Phones.",
            now=now,
        )
    return loan


@transaction.atomic
def decide(*, loan: Loan, by: Person, approve: bool, words: str, now: datetime) -> Loan:
    """Approve the request or refuse it; what was approved may be refused until it is issued.

    :raises states.NotTheirs: if it is `by`'s own, or not a person of theirs.
    :raises states.Impossible: if the phone has moved on.
    :raises WordsMissing: if it is refused without a reason.
    """
    loan = _move(loan, Move.APPROVE if approve else Move.REFUSE, by=by, now=now)
    if not approve and not words.strip():
        raise WordsMissing("Words: say why not, so that they know what to do instead.")
    loan.decided_by, loan.decided_at = by, now
    loan.save(update_fields=["state", "decided_by", "decided_at"])
    _note(loan, by=by, words=words, now=now)
    said = f": {words}" if words else "."
    _tell(loan, f"{by.name} has {loan.state} your on-call phone{said}", now=now)
    return loan


@transaction.atomic
def withdraw(*, loan: Loan, by: Person, now: datetime) -> Loan:
    """The person does not want it any more.

    :raises states.NotTheirs: if it is not `by`'s own.
    :raises states.Impossible: if the phone is issued, or its request is over.
    """
    loan = _move(loan, Move.WITHDRAW, by=by, now=now)
    loan.save(update_fields=["state"])
    _note(loan, by=by, words="", now=now)
    return loan


@transaction.atomic
def issue(*, loan: Loan, by: Person, device: str, number: str, now: datetime) -> Issued:
    """Hand the phone over: from now on pages ring it, after the ways its person has chosen themselves.

    `number` as somebody types it; without a country code it is one of the person's own country.

    :raises states.NotTheirs: if it is `by`'s own, or not a person of theirs.
    :raises states.Impossible: if it is not approved.
    :raises contacts.BadNumber: if it is no number that we can call.
    :raises NumberTaken: if it is issued to somebody, is a contact already, be it theirs, or is one we call from.
    """
    loan = _move(loan, Move.ISSUE, by=by, now=now)
    address = contacts.e164(number, country=loan.person.country)
    _refuse_taken(address, person=loan.person)
    loan.device, loan.number, loan.issued_by, loan.issued_at = device, address, by, now
    try:
        with transaction.atomic():
            loan.save(update_fields=["state", "device", "number", "issued_by", "issued_at"])
    except IntegrityError:
        raise NumberTaken(
            f"Number: {address} is issued to somebody already. Take that phone back first, or correct the number."
        ) from None
    _note(loan, by=by, words=device, now=now)
    contact = _contact(loan, now=now)
    warnings = _ring(contact, now=now)
    if not contacts.is_known_range(address):
        warnings.append(f"We know no numbers like {address} in its country. Look again.")
    _tell(loan, f"{by.name} has issued you the on-call phone {device}. Pages ring it from now on.", now=now)
    return Issued(loan, warnings)


@transaction.atomic
def lose(*, loan: Loan, by: Person, words: str, now: datetime) -> bool:
    """The phone is lost: no page goes there from this moment. Return whether its person can be reached otherwise.

    Pages that are calling go on by their other ways. Where none is left, that is a trouble.

    :raises states.NotTheirs: if it is not `by`'s own, nor of a person of theirs.
    :raises states.Impossible: if it is not issued.
    """
    loan = _move(loan, Move.LOSE, by=by, now=now)
    loan.lost_at = now
    loan.save(update_fields=["state", "lost_at"])
    _note(loan, by=by, words=words, now=now)
    theirs = ContactMethod.objects.usable().filter(person=loan.person, kind="phone", address=loan.number)
    theirs.update(disabled_at=now, disabled_reason=f"Reported lost by {by.name}."[:200])  # START does not revive it
    reachable = queries.other_ways(loan.person, but=loan.number).exists()
    if not reachable:
        _nobody_can_reach(loan, why="their on-call phone is lost", now=now)
    _tell(
        loan, f"Your on-call phone {loan.masked} is reported lost by {by.name}. Pages do not ring it any more.", now=now
    )
    if loan.issued_by is not None and loan.issued_by != by:
        text = f"The on-call phone {loan.device} of {loan.person.name} is lost: {loan.masked}. Have its number blocked."
        paging.notice(key=f"phone:{loan.pk}:lost:{loan.issued_by.pk}", person=loan.issued_by, text=text, now=now)
    return reachable


@transaction.atomic
def take_back(*, loan: Loan, by: Person, words: str, confirmed: bool, now: datetime) -> bool:
    """The phone is back, and its number no contact of its person any more. Return whether they can still be reached.

    Pages that are calling go on by their other ways, and what was sent to it stays on record.

    :raises states.NotTheirs: if it is `by`'s own, or not a person of theirs.
    :raises states.Impossible: if it is with nobody.
    :raises NeedsConfirmation: if they are on call or would be harder to reach, and `confirmed` is false.
    """
    loan = _move(loan, Move.TAKE_BACK, by=by, now=now)
    against = queries.objections(loan, now=now)
    if against and not confirmed:
        raise NeedsConfirmation(against)
    loan.returned_at = now
    loan.save(update_fields=["state", "returned_at"])
    _note(loan, by=by, words=words, now=now)
    contact = queries.contact_of(loan)
    if contact is not None:
        contacts.remove(contact=contact, now=now)
    reachable = ContactMethod.objects.usable().filter(person=loan.person).exists()
    if not reachable:
        _nobody_can_reach(loan, why="their on-call phone was taken back", now=now)
    _tell(loan, f"{by.name} has taken back the on-call phone {loan.device}. Pages do not ring it any more.", now=now)
    return reachable


def _move(loan: Loan, move: Move, *, by: Person, now: datetime) -> Loan:
    """Lock the loan and set its next state, without writing it."""
    loan = Loan.objects.select_for_update(of=("self",)).select_related("person", "issued_by").get(pk=loan.pk)
    side = queries.side_of(by, loan, now=now)
    if side is None:
        raise states.NotTheirs(f"{by.name} looks after no phone of {loan.person.name}. A manager of theirs does.")
    loan.state = states.after(State(loan.state), move, side=side)
    return loan


def _note(loan: Loan, *, by: Person, words: str, now: datetime) -> None:
    Step.objects.create(loan=loan, state=loan.state, by=by, at=now, words=words[:500])


def _refuse_taken(address: str, *, person: Person) -> None:
    """Refuse a number that rings somebody else: their pages would ring on this phone, and its person would answer.

    Also one that is the person's own already: it would go when the phone does, and they with it be out of reach. One of
    a phone of theirs that is lost is none of their own.
    """
    if address in contacts.our_numbers():
        raise NumberTaken(f"Number: {address} is one that we call from. Give the phone's own.")
    same = ContactMethod.objects.filter(kind="phone", address=address)
    other = same.usable().exclude(person=person).first()
    if other is not None:
        raise NumberTaken(
            f"Number: {address} is among the contacts of {other.person.name}, whose pages would ring on this phone. "
            "They or an administrator must remove it there first."
        )
    lost = Loan.objects.filter(person=person, number=address, state=State.LOST)
    if same.filter(person=person).exists() and not lost.exists():
        raise NumberTaken(
            f"Number: {address} is a contact of {person.name} already, and would be removed when the phone is back. "
            "Correct the number; if it is this phone's, they remove it from their contacts first, and issuing adds it."
        )


def _contact(loan: Loan, *, now: datetime) -> ContactMethod:
    """Make the number a contact of its person, proved: whoever hands a phone over knows whose it is."""
    try:
        contact = contacts.add(person=loan.person, kind="phone", address=loan.number, label=LABEL, now=now)
    except contacts.AlreadyThere:  # added again after it was lost, or in this moment
        contact = ContactMethod.objects.get(person=loan.person, kind="phone", address=loan.number)
    contact.verified_at, contact.suspect_since, contact.label = now, None, contact.label or LABEL
    contact.save(update_fields=["verified_at", "suspect_since", "label"])
    troubles.clear_trouble(kind="suspect", key=str(contact.pk), now=now)
    return contact


def _ring(contact: ContactMethod, *, now: datetime) -> list[str]:
    """Let pages of high urgency ring it after the person's own ways; return what to know about that.

    Without rules of theirs every number is texted and called anyway. Own choice: the text goes with their last rule,
    the call as long after it as a call follows a text by default; they may put it elsewhere.
    """
    person = Person.objects.select_for_update().get(pk=contact.person_id)  # as everybody who changes rules
    own = list(NotificationRule.objects.filter(person=person, urgency=Urgency.HIGH).select_related("contact"))
    if not any(rule.contact.disabled_at is None for rule in own):
        return []
    if any(rule.contact_id == contact.pk and rule.channel in LOUD for rule in own):
        return []
    last = max(rule.delay_s for rule in own)
    call_after = last + limits.at(now).count("default_rule_call_s")
    wanted = [(call_after, Channel.VOICE), (last, Channel.SMS)]
    room = contacts.MOST_RULES - len(own)
    for delay_s, channel in wanted[: max(0, room)]:
        NotificationRule.objects.create(
            person=person,
            urgency=Urgency.HIGH,
            delay_s=min(delay_s, contacts.LONGEST_DELAY_S),
            channel=channel,
            contact=contact,
        )
    if room <= 0:
        return [f"{person.name} has {len(own)} rules, which is the most, so none uses the phone. They must change one."]
    return []


def _tell(loan: Loan, text: str, *, now: datetime) -> None:
    """A notice to the phone's person, by any way but the phone; by the mail of the account where there is no other."""
    key, person = f"phone:{loan.pk}:{loan.state}", loan.person
    other = queries.other_ways(person, but=loan.number).order_by("-kind", "created_at").first()
    if other is not None:
        channel = Channel.SMS.value if other.kind == ContactMethod.Kind.PHONE else other.kind
        paging.notice(key=key, person=person, text=text, now=now, channel=channel, address=other.address)
    elif person.email:
        paging.notice(key=key, person=person, text=text, now=now, channel=Channel.EMAIL, address=person.email)
    elif loan.state == State.ISSUED:
        paging.notice(key=key, person=person, text=text, now=now)


def _nobody_can_reach(loan: Loan, *, why: str, now: datetime) -> None:
    error = paging.Unreachable(
        f"Nobody can page {loan.person.name}: {why}, and there is no other way. Add a number on their page."
    )
    paging.say_unreachable(person=loan.person, error=error, now=now)
