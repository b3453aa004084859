"""Verbs about how somebody is reached: add and remove a number or address, set the rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

import phonenumbers
from django.conf import settings
from django.db import transaction

from oncall.paging import services
from oncall.paging.accounts import accounts
from oncall.paging.models import ContactMethod, NotificationRule, QuietHours
from oncall.paging.rules import KIND_OF
from oncall.people.models import Person
from oncall.troubles import services as troubles

MOST_RULES = 12  # of one urgency; own choice: more rungs than that are a mistake
LONGEST_DELAY_S = 3600
COSTLY = {
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
    phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.PAGER,
}


class BadNumber(Exception):
    """It is no telephone number that we can call. The message says what would be, and is fit to show."""


class AlreadyThere(Exception):
    """The person has this already. The message is fit to show."""


class BadRule(Exception):
    """The rule cannot be kept. The message says why, and is fit to show."""


@dataclass(frozen=True)
class Rule:
    """So many seconds after a page began, by this channel, to this contact."""

    delay_s: int
    channel: str
    contact: ContactMethod


def e164(text: str, *, country: str = "") -> str:
    """Return a telephone number as +56912345678. Without a country code it is read as one of `country` (ISO 3166).

    A length that the country does not have is refused; a range that we do not know is not, since countries open new
    ones faster than our list of them grows, and a refused number is a person nobody can page.

    :raises BadNumber: if it cannot be a number, or is one that costs the caller extra (security.md S23).
    """
    example = "Write it with its country code, such as +56 9 8765 4321 or +1 650 253 0000."
    try:
        number = phonenumbers.parse(text, country.upper() or None)
    except phonenumbers.NumberParseException:
        raise BadNumber(f"“{text}” is not a telephone number we can read. {example}") from None
    if not phonenumbers.is_possible_number(number):
        few = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.TOO_SHORT
        problem = "has too few digits" if few else "does not have the right number of digits"
        raise BadNumber(f"“{text}” {problem} for +{number.country_code}. {example}")
    if number.extension:
        raise BadNumber(f"“{text}” has an extension, and no call can dial it. Give a direct line.")
    if phonenumbers.number_type(number) in COSTLY:
        raise BadNumber(f"“{text}” costs its callers extra, so we do not call it. Give an ordinary or mobile number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_known_range(address: str) -> bool:
    """Whether the country's numbering plan, as far as we know it, has such a number."""
    return phonenumbers.is_valid_number(phonenumbers.parse(address))


@transaction.atomic
def add(*, person: Person, kind: str, address: str, label: str, now: datetime) -> ContactMethod:
    """Add a way to reach `person`; one that was out of use is used again.

    :raises AlreadyThere: if they have it already, and it is in use.
    """
    contact, created = ContactMethod.objects.select_for_update().get_or_create(
        person=person, kind=kind, address=address, defaults={"label": label, "created_at": now}
    )
    if not created:
        if contact.disabled_at is None:
            raise AlreadyThere(f"{address} is among the contacts of {person.name} already.")
        services.enable_contact(contact=contact, now=now)
        contact.refresh_from_db()
    troubles.clear_trouble(kind="unreachable", key=str(person.pk), now=now)
    return contact


@transaction.atomic
def remove(*, contact: ContactMethod, now: datetime) -> bool:
    """Remove a contact and the rules that use it. Return whether `person` can still be reached by any other.

    Attempts made by it stay on record with their address.
    """
    person = contact.person
    troubles.clear_trouble(kind="contact", key=str(contact.pk), now=now)
    contact.delete()
    return ContactMethod.objects.usable().filter(person=person).exists()


def check_rule(rule: Rule, *, person: Person) -> None:
    """Refuse what cannot be done.

    :raises BadRule: if the contact is somebody else's, out of use or of the wrong kind, or the delay is too long.
    """
    if rule.contact.person_id != person.pk:
        raise BadRule(f"{rule.contact.masked} is not a contact of {person.name}.")
    if rule.contact.disabled_at is not None:
        raise BadRule(f"{rule.contact.masked} is out of use: {rule.contact.disabled_reason}")
    if KIND_OF.get(rule.channel) != rule.contact.kind:
        raise BadRule(
            "Texts and calls need a telephone number, mail needs an e-mail address; Slack and push go to their own."
        )
    if not 0 <= rule.delay_s <= LONGEST_DELAY_S:
        raise BadRule("A rule may wait an hour at most.")


@transaction.atomic
def set_rules(*, person: Person, urgency: str, rules: Sequence[Rule]) -> None:
    """Let these be all the rules of `person` for that urgency. Pages that have begun keep the rules they began with.

    :raises BadRule: if one cannot be kept, there are too many, or two are the same; then nothing is changed.
    """
    for rule in rules:
        check_rule(rule, person=person)
    if len(rules) > MOST_RULES:
        raise BadRule(f"{len(rules)} rules are too many; {MOST_RULES} is the most.")
    if len({(rule.delay_s, rule.channel, rule.contact.pk) for rule in rules}) < len(rules):
        raise BadRule("Two of these rules are the same. Leave one of them out.")
    Person.objects.select_for_update().get(pk=person.pk)  # of two at once the later wins whole: no mixture, no error
    NotificationRule.objects.filter(person=person, urgency=urgency).delete()
    NotificationRule.objects.bulk_create(
        NotificationRule(
            person=person, urgency=urgency, delay_s=rule.delay_s, channel=rule.channel, contact=rule.contact
        )
        for rule in rules
    )


@transaction.atomic
def set_quiet_hours(*, person: Person, starts: time, ends: time) -> QuietHours:
    """Let calls and texts of low urgency wait between these wall times, in the person's own zone.

    Pages that have begun keep what they began with.
    """
    hours, _ = QuietHours.objects.update_or_create(person=person, defaults={"starts": starts, "ends": ends})
    return hours


@transaction.atomic
def no_quiet_hours(*, person: Person) -> None:
    """Ring for low urgency at any time. Twice changes nothing."""
    QuietHours.objects.filter(person=person).delete()


def our_numbers() -> list[str]:
    """Return the numbers that call and text people, each once: of the first account, of the second, and any others."""
    known = [account.number for account in accounts().values()] + list(settings.PAGING_NUMBERS)
    return list(dict.fromkeys(number for number in known if number))
