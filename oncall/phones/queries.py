"""Questions about on-call phones: whose are visible, what lies between a person and not being reached at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from oncall.paging.models import ContactMethod, NotificationRule, Urgency
from oncall.paging.quiet import LOUD
from oncall.people import access
from oncall.people.models import Person, RoleTerm
from oncall.people.queries import administrators
from oncall.phones.models import Loan, LoanQuerySet
from oncall.phones.states import Side


@dataclass(frozen=True)
class Ring:
    """Whether an issued phone rings: its contact, if there is one, and what is wrong with it, if anything."""

    contact: ContactMethod | None
    problem: str


def side_of(actor: Person, loan: Loan, *, now: datetime) -> Side | None:
    """Return on which side of this loan `actor` stands; nothing if it is none of theirs."""
    if actor.pk == loan.person_id:
        return Side.OWNER
    return Side.ISSUER if access.may_issue_phones(actor, owner_id=loan.person_id, now=now) else None


def visible_to(actor: Person, *, now: datetime) -> LoanQuerySet:
    """One's own, and those of the people whom `actor` may issue phones to."""
    people = access.people_whose_leave_is_visible(actor, now=now)  # a manager's people: the same ones
    return Loan.objects.filter(person__in=people.values("pk"))


def deciders(person: Person, *, now: datetime) -> list[Person]:
    """Return who is asked to decide: managers of the person's teams, else of everybody, else administrators."""
    terms = RoleTerm.objects.at(now).filter(role=RoleTerm.Role.MANAGER).exclude(person=person)
    people = Person.objects.active()
    near = people.filter(role_terms__in=terms.filter(team__memberships__person=person))
    far = people.filter(role_terms__in=terms.filter(team__isnull=True))
    for group in (near, far, administrators().exclude(pk=person.pk)):
        found = list(group.order_by("pk").distinct())
        if found:
            return found
    return []


def contact_of(loan: Loan) -> ContactMethod | None:
    """Return the contact that the number of this phone is, if its person still has it.

    A lost phone's number that is issued to them again, as with a new card, is the new phone's alone.
    """
    if Loan.objects.issued().filter(person=loan.person_id, number=loan.number).exclude(pk=loan.pk).exists():
        return None
    mine = ContactMethod.objects.filter(person=loan.person_id, kind=ContactMethod.Kind.PHONE)
    return mine.filter(address=loan.number).first()


def ring(loan: Loan) -> Ring:
    """Return whether pages ring this phone, and what its person can do where they do not."""
    contact = contact_of(loan)
    if contact is None:
        return Ring(None, "It is not among the contact methods, so no page rings it. Add its number there again.")
    if contact.disabled_at is not None:
        return Ring(contact, f"Its number is out of use, so no page rings it: {contact.disabled_reason}")
    high = NotificationRule.objects.filter(person=loan.person_id, urgency=Urgency.HIGH, contact__disabled_at=None)
    if high.exists() and not high.filter(contact=contact, channel__in=LOUD).exists():
        return Ring(contact, "No rule for high urgency uses it, so no such page rings it. Add one.")
    return Ring(contact, "")


def other_ways(person: Person, *, but: str) -> QuerySet[ContactMethod]:
    """Return by what `person` can be reached without this number."""
    return ContactMethod.objects.usable().filter(person=person).exclude(kind=ContactMethod.Kind.PHONE, address=but)


def duties(person: Person, *, now: datetime) -> list[str]:
    """Return in words where `person` is on call at `now`.

    Rotations lie in a house above, which this one does not know: a model there that points at people says so by a class
    method `duties_of(person, now)` (as in oncall/people/leaving.py).
    """
    models = {relation.related_model._meta.label: relation.related_model for relation in Person._meta.related_objects}
    found: list[str] = []
    for label in sorted(models):
        ask = getattr(models[label], "duties_of", None)
        if ask is not None:
            found += ask(person, now)
    return found


def objections(loan: Loan, *, now: datetime) -> list[str]:
    """Return, in words, why this phone should not be taken back at `now`; empty: nothing speaks against it."""
    person, found = loan.person, []
    others = other_ways(person, but=loan.number)
    kinds = set(others.values_list("kind", flat=True))
    mine = contact_of(loan)
    if mine is None or mine.disabled_at is not None:
        return []  # it rings nobody now: nothing changes
    if not kinds:
        found.append(f"It is the only way to reach {person.name}: without it nobody can page them.")
    elif kinds <= {ContactMethod.Kind.EMAIL, ContactMethod.Kind.PUSH}:
        found.append(f"Without it {person.name} has only mail or a browser, and nobody wakes from these.")
    on = duties(person, now=now)
    if on:
        found.append(f"{person.name} is on call now: {', '.join(on)}.")
    return found
