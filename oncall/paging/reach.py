"""Questions about how somebody is reached, for the screens that show it."""

from dataclasses import dataclass
from datetime import datetime

from oncall.paging import services, wording
from oncall.paging.models import ContactMethod, NotificationRule, Urgency
from oncall.people.models import Person


@dataclass(frozen=True)
class Way:
    """What happens when a page of that urgency begins, in words, and whose rules those are."""

    urgency: str
    words: str
    rules: list[NotificationRule]
    why: str


@dataclass(frozen=True)
class Reach:
    """How a person is reached, and what is wrong with it."""

    contacts: list[ContactMethod]
    ways: list[Way]
    warnings: list[str]


def reach(person: Person, *, now: datetime) -> Reach:
    """Return how `person` is reached at `now`, by the very ladder a page would climb."""
    contacts = list(ContactMethod.objects.filter(person=person))
    rules = list(NotificationRule.objects.filter(person=person).select_related("contact"))
    names = {str(contact.pk): contact.label or contact.masked for contact in contacts}
    ways = []
    for urgency in Urgency:
        own = [rule for rule in rules if rule.urgency == urgency]
        try:
            ladder = services.ladder_for(person=person, urgency=urgency, now=now)
        except services.Unreachable:
            ladder = []
        alive = [rule for rule in own if rule.contact.disabled_at is None]
        high = [rule for rule in rules if rule.urgency == Urgency.HIGH and rule.contact.disabled_at is None]
        if alive:
            why = ""
        elif high:
            why = "No rules of their own; as for high urgency."
        else:
            why = "No rules; this is what happens without any."
        ways.append(Way(urgency.label, wording.in_words(ladder, names=names), own, why))
    return Reach(contacts, ways, _warnings(person, contacts, rules))


def _warnings(person: Person, contacts: list[ContactMethod], rules: list[NotificationRule]) -> list[str]:
    usable = [contact for contact in contacts if contact.disabled_at is None]
    phones = [contact for contact in usable if contact.kind == ContactMethod.Kind.PHONE]
    if not person.is_active:
        return [f"The account of {person.name} is closed. Pages to them go on to the next step at once."]
    if not usable:
        return [f"There is no way to reach {person.name}. Pages to them go to the next step at once. Add a number."]
    found = []
    if not phones:
        found.append(
            f"{person.name} has no telephone number in use: only mail, and nobody wakes from mail. Add a number."
        )
    elif not any(contact.confirmed_at for contact in phones):
        found.append("No number was ever confirmed by a human. Press “Page me now” and answer.")
    if rules and not any(rule.contact.disabled_at is None for rule in rules):
        found.append(
            "Every rule uses a contact that is out of use, so the usual ways are tried instead. Set the rules anew."
        )
    return found
