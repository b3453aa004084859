"""Verbs about one page: begin it, tell it more, answer it, end it; and notices beside it."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from oncall.limits import queries as limits
from oncall.paging import text as words
from oncall.paging.ladder import Rung, add_telling, rung_from_json
from oncall.paging.models import Attempt, Channel, ContactMethod, Notice, NotificationRule, Page, Urgency
from oncall.paging.wake import wake
from oncall.people.models import Person
from oncall.troubles import services as troubles

NAMESPACE = uuid.UUID("6f6e6361-6c6c-4000-8000-706167657321")


class Unreachable(Exception):
    """There is no way at all to reach somebody. The message is fit to show."""


def urgency_of(severity: int) -> str:
    """SEV-1 and SEV-2 are high urgency, the rest low (architecture.md, Words)."""
    return Urgency.HIGH if severity <= 2 else Urgency.LOW


def ladder_for(*, person: Person, urgency: str, now: datetime) -> list[Rung]:
    """Return the rungs by which `person` is paged: their own rules, else a default over all they have.

    The default: text every number at once, call after a minute, call again after three; mail at once. Rules for low
    urgency that do not exist are those for high.

    :raises Unreachable: if the person has left or has no usable contact method.
    """
    if not person.is_active:
        raise Unreachable(f"{person.name} is not active any more.")
    rules = NotificationRule.objects.filter(person=person, contact__disabled_at__isnull=True).select_related("contact")
    chosen = [rule for rule in rules if rule.urgency == urgency] or [r for r in rules if r.urgency == Urgency.HIGH]
    rungs = [
        Rung(rule.delay_s, _way(rule.contact, rule.channel), str(rule.contact_id), rule.contact.address)
        for rule in chosen
    ]
    if not rungs:
        rungs = _default_rungs(person=person, now=now)
    if not rungs:
        raise Unreachable(
            f"No telephone number and no mail address for {person.name}. Add one under Me, My contact methods."
        )
    return sorted(rungs, key=lambda rung: rung.after)


def _way(contact: ContactMethod, channel: str) -> str:
    """A number that takes no texts is called instead."""
    return Channel.VOICE.value if channel == Channel.SMS and contact.no_texts_since else str(channel)


def _default_rungs(*, person: Person, now: datetime) -> list[Rung]:
    in_force = limits.at(now)
    call, again = (float(in_force.number(name)) for name in ("default_rule_call_s", "default_rule_call_again_s"))
    rungs: list[Rung] = []
    for contact in ContactMethod.objects.usable().filter(person=person):
        if contact.kind == ContactMethod.Kind.PHONE:
            ways = [(0.0, Channel.SMS), (call, Channel.VOICE), (again, Channel.VOICE)]
        else:
            ways = [(0.0, Channel.EMAIL)]
        rungs += [Rung(after, _way(contact, way), str(contact.pk), contact.address) for after, way in ways]
    return rungs


@transaction.atomic
def page(
    *, key: str, person: Person, severity: int, title: str, text: str, url: str, answer_path: str, now: datetime
) -> Page:
    """Begin to call `person`, and go on until they answer or nothing is left to try.

    `key` says what for: the same key is the same page, however often this is asked. `answer_path` is the address,
    ending in a slash, under which whoever asks handles the answer.

    :raises Unreachable: if there is no way to reach the person; `say_unreachable` then makes a trouble of it.
    """
    page_id = uuid.uuid5(NAMESPACE, key)
    known = Page.objects.filter(pk=page_id).first()
    if known:
        return known
    urgency = urgency_of(severity)
    rungs = ladder_for(person=person, urgency=urgency, now=now)
    troubles.clear_trouble(kind="unreachable", key=str(person.pk), now=now)
    made = _insert(
        page_id,
        key=key,
        person=person,
        severity=severity,
        urgency=urgency,
        title=title[:300],
        text=text,
        url=url,
        answer_path=answer_path,
        ladder=[rung.as_json() for rung in rungs],
        next_due=now,
        created_at=now,
    )
    wake()
    return made


def say_unreachable(*, person: Person, error: Unreachable, now: datetime) -> None:
    """Say aloud that a human must give this person a way to be reached. Ends with the next page that begins for
    them.
    """
    troubles.raise_trouble(
        kind="unreachable", key=str(person.pk), text=str(error), url=f"/people/{person.pk}/", now=now
    )


def _insert(page_id: uuid.UUID, **fields: Any) -> Page:
    """Insert the page under the first of its codes that this person has never been given."""
    for nth in range(50):
        try:
            with transaction.atomic():
                return Page.objects.create(pk=page_id, reference=words.reference(page_id, nth=nth), **fields)
        except IntegrityError as error:
            if "one_reference_per_person" not in str(error):
                return Page.objects.get(pk=page_id)  # made by another at the same moment
    raise RuntimeError(f"No free code for a page to {fields['person']}.")


@transaction.atomic
def retell(*, page: Page, severity: int, title: str, text: str, now: datetime) -> Page:
    """More has joined a page that is calling: the next attempt says it, and one more text where none comes soon.

    This is the page's next edition. Who answers knows of the edition they were told, and of nothing later.
    """
    page = Page.objects.select_for_update().get(pk=page.pk)
    page.edition += 1
    page.title, page.text, page.severity = title[:300], text, min(page.severity, severity)
    share = float(limits.at(now).number("page_share_window_s"))
    begun = page.next_rung > 0  # else everybody is told by the first rung anyway
    more = add_telling(ladder=rungs(page), next_rung=page.next_rung, after=share) if begun else None
    if more:
        page.ladder = [rung.as_json() for rung in more]
        due = page.created_at + timedelta(seconds=share)
        page.next_due = max(now, min(page.next_due or due, due))
    page.save(update_fields=["edition", "title", "text", "severity", "ladder", "next_due"])
    wake()
    return page


def rungs(page: Page) -> list[Rung]:
    return [rung_from_json(row) for row in page.ladder]


@transaction.atomic
def answer(*, page: Page, attempt: Attempt | None, why: str, now: datetime) -> Page:
    """A human answered: stop calling. Doing it twice changes nothing. A pressed key or a code proves the number
    works.
    """
    if attempt is not None:
        Attempt.objects.filter(pk=attempt.pk, answered_at__isnull=True).update(answered_at=now)
        if attempt.contact_id:
            ContactMethod.objects.filter(pk=attempt.contact_id).update(confirmed_at=now)
    return end(page=page, state=Page.State.ANSWERED, why=why, now=now)


@transaction.atomic
def cancel(*, page: Page, why: str, now: datetime) -> Page:
    """It is no longer needed: somebody else answered, or it is over. A page that has ended stays as it ended."""
    return end(page=page, state=Page.State.CANCELLED, why=why, now=now)


def end(*, page: Page, state: str, why: str, now: datetime) -> Page:
    page = Page.objects.select_for_update().get(pk=page.pk)
    if page.state == Page.State.CALLING:
        page.state, page.next_due, page.ended_at, page.ended_why = state, None, now, why[:300]
        page.save(update_fields=["state", "next_due", "ended_at", "ended_why"])
    return page


@transaction.atomic
def notice(
    *, key: str, person: Person, text: str, now: datetime, channel: str = "", address: str = ""
) -> Notice | None:
    """Tell somebody something that needs no answer: by the given way, else their first text, else their first mail.

    Returns nothing where they have no way at all; a notice is not worth a trouble.
    """
    if not address:
        contacts = list(ContactMethod.objects.usable().filter(person=person).order_by("-kind", "created_at"))
        if not contacts:
            return None
        address = contacts[0].address
        channel = Channel.SMS if contacts[0].kind == ContactMethod.Kind.PHONE else Channel.EMAIL
    made, created = Notice.objects.get_or_create(
        key=key[:200],
        defaults={
            "person": person, "channel": channel, "address": address, "text": text, "next_due": now, "created_at": now,
        },
    )  # fmt: skip
    if created:
        wake()
    return made


@transaction.atomic
def disable_contact(*, contact: ContactMethod, reason: str, now: datetime) -> None:
    """Stop using a number that can no longer be reached, and say so as a trouble."""
    changed = ContactMethod.objects.filter(pk=contact.pk, disabled_at__isnull=True).update(
        disabled_at=now, disabled_reason=reason[:200]
    )
    if changed:
        troubles.raise_trouble(
            kind="contact",
            key=str(contact.pk),
            text=f"{contact.person.name}: {contact.masked} cannot be used any more. {reason}",
            url=f"/people/{contact.person_id}/",
            now=now,
        )


@transaction.atomic
def no_more_texts(*, contact: ContactMethod, reason: str, now: datetime) -> None:
    """It takes no texts: call it instead, from the next page on, and say so."""
    changed = ContactMethod.objects.filter(pk=contact.pk, no_texts_since__isnull=True).update(no_texts_since=now)
    if changed:
        text = f"{contact.person.name}: {contact.masked} takes no texts and is called instead. {reason}"
        troubles.raise_trouble(
            kind="contact", key=str(contact.pk), text=text, url=f"/people/{contact.person_id}/", now=now
        )


@transaction.atomic
def enable_contact(*, contact: ContactMethod, now: datetime) -> None:
    """Use a number again (START), and end its trouble."""
    ContactMethod.objects.filter(pk=contact.pk).update(disabled_at=None, disabled_reason="")
    troubles.clear_trouble(kind="contact", key=str(contact.pk), now=now)
