"""Questions about how somebody is reached, for the screens that show it."""

from dataclasses import dataclass, field
from datetime import datetime

from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import services, wording
from oncall.paging.ladder import Rung
from oncall.paging.models import ContactMethod, NotificationRule, QuietHours, Urgency
from oncall.paging.quiet import LOUD
from oncall.paging.rules import Turn, too_late
from oncall.people.models import Person

QUIET_WAYS = (ContactMethod.Kind.EMAIL, ContactMethod.Kind.PUSH)  # nobody wakes from them: no second way


@dataclass(frozen=True)
class Way:
    """What happens when a page of that urgency begins, in words, and whose rules those are. `key`: high or low."""

    key: str
    urgency: str
    words: str
    rules: list[NotificationRule]
    why: str
    ladder: list[Rung]


@dataclass(frozen=True)
class Reach:
    """How a person is reached, and what is wrong with it. `then`: who is called after them."""

    contacts: list[ContactMethod]
    ways: list[Way]
    warnings: list[str]
    quiet: QuietHours | None = None
    then: str = ""
    turns: list[Turn] = field(default_factory=list)


def reach(person: Person, *, now: datetime) -> Reach:
    """Return how `person` is reached at `now`, by the very ladder a page would climb."""
    contacts, in_force = list(ContactMethod.objects.filter(person=person)), limits.at(now)
    rules = list(NotificationRule.objects.filter(person=person).select_related("contact"))
    usable = [contact for contact in contacts if contact.disabled_at is None] if person.is_active else []
    names = names_of(contacts)
    ways = []
    for urgency in Urgency:
        own = [rule for rule in rules if rule.urgency == urgency]
        ladder = services.ladder_of(contacts=usable, rules=rules if usable else [], urgency=urgency, limits=in_force)
        ways.append(
            Way(
                key=urgency.value,
                urgency=urgency.label,
                words=wording.in_words(ladder, names=names),
                rules=own,
                why=_why(own, rules),
                ladder=ladder,
            )
        )
    turns = turns_of(person, now=now)
    warnings = _warnings(person, contacts, rules, ways, turns, now=now, limits=in_force)
    quiet = QuietHours.objects.filter(person=person).first()
    return Reach(contacts, ways, warnings, quiet, wording.then_policy(turns), turns)


def names_of(contacts: list[ContactMethod]) -> dict[str, str]:
    return {str(contact.pk): contact.label or contact.masked for contact in contacts}


def turns_of(person: Person, *, now: datetime) -> list[Turn]:
    """Return the steps of policies that can call `person`, now or when they are on call.

    Policies lie in a room above, which this one does not know: a model there that points at people says so by a class
    method `turns_of(person, now)` (as in oncall/people/leaving.py).
    """
    models = {relation.related_model._meta.label: relation.related_model for relation in Person._meta.related_objects}
    found: list[Turn] = []
    for label in sorted(models):
        ask = getattr(models[label], "turns_of", None)
        if ask is not None:
            found += ask(person, now)
    return found


def _why(own: list[NotificationRule], rules: list[NotificationRule]) -> str:
    if any(rule.contact.disabled_at is None for rule in own):
        return ""
    if any(rule.urgency == Urgency.HIGH and rule.contact.disabled_at is None for rule in rules):
        return "No rules of their own; as for high urgency."
    return "No rules; this is what happens without any."


def _warnings(
    person: Person,
    contacts: list[ContactMethod],
    rules: list[NotificationRule],
    ways: list[Way],
    turns: list[Turn],
    *,
    now: datetime,
    limits: Limits,
) -> list[str]:
    usable = [contact for contact in contacts if contact.disabled_at is None]
    if not person.is_active:
        return [f"The account of {person.name} is closed. Pages to them go on to the next step at once."]
    if not usable:
        return [f"There is no way to reach {person.name}. Pages to them go to the next step at once. Add a number."]
    found = _about_contacts(person, usable, now=now, limits=limits)
    if rules and not any(rule.contact.disabled_at is None for rule in rules):
        found.append(
            "Every rule uses a contact that is out of use, so the usual ways are tried instead. Set the rules anew."
        )
    found += passed_over(usable, rules)
    high = next(way for way in ways if way.key == Urgency.HIGH)
    has_phone = any(contact.kind == ContactMethod.Kind.PHONE for contact in usable)
    if has_phone and not any(rung.channel in LOUD for rung in high.ladder):
        found.append("The rules for high urgency make no noise: no call and no text. Nobody wakes from the rest.")
    for way in ways:
        if way.key == Urgency.LOW and way.ladder == high.ladder:
            continue  # said already
        late = too_late((rung.after for rung in way.ladder), turns=turns)
        found += [f"{way.urgency}: {wording.overtaken(delay, missed)}" for delay, missed in late.items()]
    return found


def _about_contacts(person: Person, usable: list[ContactMethod], *, now: datetime, limits: Limits) -> list[str]:
    """What is wrong with the numbers and addresses in use (paging.md I12, security.md S24)."""
    found = []
    phones = [contact for contact in usable if contact.kind == ContactMethod.Kind.PHONE]
    proved = [contact for contact in usable if contact.proved and contact.kind not in QUIET_WAYS]
    if not phones:
        found.append(
            f"{person.name} has no telephone number in use: only mail, and nobody wakes from mail. Add a number."
        )
    elif not any(contact.proved for contact in phones):
        found.append("No number is confirmed yet. Send it a code and type it here, or answer a page there.")
    elif len(proved) < limits.count("ways_each"):
        found.append(
            f"Only one confirmed way beside mail and browsers leads to {person.name}. "
            "Confirm a second: telephones break and get lost."
        )
    for contact in usable:
        if contact.suspect_since is not None:
            found.append(
                f"{contact.masked} may not be theirs any more: texts to it find no telephone. Confirm it with a code."
            )
        elif contact.proved_at is not None and now - contact.proved_at > limits.span("verify_again_after_s"):
            found.append(
                f"{contact.masked} was confirmed more than 12 months ago, and numbers change hands. Confirm it again."
            )
    return found


def passed_over(usable: list[ContactMethod], rules: list[NotificationRule]) -> list[str]:
    """Which contacts in rules are passed over for a confirmed one (rules.py)."""
    channels = {rule.channel for rule in rules if rule.contact.proved and rule.contact.disabled_at is None}
    waiting = {
        rule.contact_id for rule in rules
        if rule.channel in channels and not rule.contact.proved and rule.contact.disabled_at is None
    }  # fmt: skip
    return [
        f"{contact.masked} is not confirmed, so a confirmed one is used in its place. Confirm it with a code."
        for contact in usable
        if contact.pk in waiting and contact.suspect_since is None
    ]
