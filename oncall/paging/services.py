"""Verbs about one page: begin it, tell it more, answer it, end it; and notices beside it."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction

from oncall import rows
from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import text as words
from oncall.paging.ladder import Rung, add_telling, rung_from_json
from oncall.paging.models import (
    Attempt,
    Channel,
    ContactMethod,
    Lane,
    Notice,
    NotificationRule,
    Page,
    QuietHours,
    Urgency,
)
from oncall.paging.quiet import LOUD, Hours, hush
from oncall.paging.rules import prefer_proved
from oncall.paging.slack_over import take_buttons
from oncall.paging.throttle import LOOK_BACK
from oncall.paging.wake import wake
from oncall.paging.wording import waits_until
from oncall.people.models import Person
from oncall.troubles import services as troubles

NAMESPACE = uuid.UUID("6f6e6361-6c6c-4000-8000-706167657321")
RETOLD = ["edition", "title", "text", "severity", "leads", "ladder", "next_due"]  # columns that a retelling changes


class Unreachable(Exception):
    """There is no way at all to reach somebody. The message is fit to show."""


def urgency_of(severity: int) -> str:
    """SEV-1 and SEV-2 are high urgency, the rest low (architecture.md, Words)."""
    return Urgency.HIGH if severity <= 2 else Urgency.LOW


def ladder_for(*, person: Person, urgency: str, now: datetime, in_force: Limits | None = None) -> list[Rung]:
    """Return the rungs by which `person` is paged: their own rules, else a default over all they have.

    The default: text every number at once, call after a minute, call again after three; mail, Slack and browsers at
    once. Rules for low urgency that do not exist are those for high. Turns of a contact that nobody has proved go to a
    proved one of the same channel (rules.py). Quiet hours are not in it: they depend on when a page begins.

    :raises Unreachable: if the person has left or has no usable contact method.
    """
    if not person.is_active:
        raise Unreachable(f"{person.name} is not active any more.")
    contacts = ContactMethod.objects.usable().filter(person=person)
    rules = NotificationRule.objects.filter(person=person).select_related("contact")
    in_force = in_force or limits.at(now)
    rungs = ladder_of(contacts=list(contacts), rules=list(rules), urgency=urgency, limits=in_force)
    if not rungs:
        raise Unreachable(
            f"No telephone number and no mail address for {person.name}. Add one under Me, My contact methods."
        )
    return rungs


def ladder_of(
    *, contacts: Sequence[ContactMethod], rules: Iterable[NotificationRule], urgency: str, limits: Limits
) -> list[Rung]:
    """Return the rungs that these rules of one person come to, as `ladder_for` does; `contacts` are those in use."""
    alive = [rule for rule in rules if rule.contact.disabled_at is None]
    chosen = [rule for rule in alive if rule.urgency == urgency] or [r for r in alive if r.urgency == Urgency.HIGH]
    rungs = [
        Rung(rule.delay_s, _way(rule.contact, rule.channel), str(rule.contact_id), rule.contact.address)
        for rule in chosen
    ]
    proved = {str(contact.pk) for contact in contacts if contact.proved}
    return prefer_proved(rungs or usual_rungs(contacts, limits=limits), proved=proved)


def _way(contact: ContactMethod, channel: str) -> str:
    """A number that takes no texts is called instead."""
    return Channel.VOICE.value if channel == Channel.SMS and contact.no_texts_since else str(channel)


def usual_rungs(contacts: Iterable[ContactMethod], *, limits: Limits) -> list[Rung]:
    """Return what happens without rules: each number texted at once and called twice, all that is quiet at once."""
    call, again = (float(limits.number(name)) for name in ("default_rule_call_s", "default_rule_call_again_s"))
    phone = [(0.0, Channel.SMS), (call, Channel.VOICE), (again, Channel.VOICE)]
    ways = {
        ContactMethod.Kind.PHONE: phone,
        ContactMethod.Kind.EMAIL: [(0.0, Channel.EMAIL)],
        ContactMethod.Kind.SLACK: [(0.0, Channel.SLACK)],
        ContactMethod.Kind.PUSH: [(0.0, Channel.PUSH)],
    }
    return [
        Rung(after, _way(contact, way), str(contact.pk), contact.address)
        for contact in contacts
        for after, way in ways[ContactMethod.Kind(contact.kind)]
    ]


def hours_of(person: Person) -> Hours | None:
    """Return the person's quiet hours on the clock of their own zone; nothing where they keep none."""
    row = QuietHours.objects.filter(person=person).first()
    return Hours(row.starts, row.ends, person.time_zone) if row else None


def page(
    *,
    key: str,
    person: Person,
    severity: int,
    title: str,
    text: str,
    url: str,
    answer_path: str,
    now: datetime,
    only: ContactMethod | None = None,
    leads: bool = False,
    in_force: Limits | None = None,
) -> Page:
    """Begin to call `person`, and go on until they answer or nothing is left to try.

    `key` says what for: the same key is the same page, however often this is asked. `answer_path` is the address,
    ending in a slash, under which whoever asks handles the answer. `only`: by this contact alone, to try it out.
    `leads`: it is the first from where it comes in a while, and goes before others (claims.py). A page of
    low urgency keeps the person's quiet hours; `quiet_until` says so. `in_force`: the limits, where they are known.

    :raises Unreachable: if there is no way to reach the person; `say_unreachable` then makes a trouble of it.
    """
    page_id = uuid.uuid5(NAMESPACE, key)
    known, last = _before(page_id, person=person, now=now)
    if known:
        return Page.objects.get(pk=page_id)
    urgency = urgency_of(severity)
    in_force = in_force or limits.at(now)
    if only:
        rungs = usual_rungs([only], limits=in_force)
    else:
        rungs = ladder_for(person=person, urgency=urgency, now=now, in_force=in_force)
    hours = hours_of(person) if urgency == Urgency.LOW else None  # never for SEV-1 and SEV-2
    made = draft(
        key=key,
        person=person,
        severity=severity,
        title=title,
        text=text,
        url=url,
        answer_path=answer_path,
        rungs=rungs,
        hours=hours,
        leads=leads,
        last=last,
        now=now,
    )
    with transaction.atomic(savepoint=False):  # nothing in here is expected to fail
        troubles.clear_trouble(kind="unreachable", key=str(person.pk), now=now)
        made = _insert(made)
        wake()
    return made


def draft(
    *,
    key: str,
    person: Person,
    severity: int,
    title: str,
    text: str,
    url: str,
    answer_path: str,
    rungs: list[Rung],
    hours: Hours | None,
    leads: bool,
    last: datetime | None,
    now: datetime,
) -> Page:
    """Return a page as it begins, not written yet, under the first of its codes. `last`: when the one before began."""
    quiet_until = None
    if hours:
        rungs, quiet_until = hush(rungs, begins_at=now, hours=hours)
    if hours and quiet_until:
        text = f"{text}\n\n{waits_until(quiet_until, zone=hours.zone)}".strip()
    page_id = uuid.uuid5(NAMESPACE, key)
    return Page(
        pk=page_id,
        reference=words.reference(page_id, nth=0),
        key=key,
        person=person,
        severity=severity,
        urgency=urgency_of(severity),
        title=title[:300],
        text=text,
        url=url,
        answer_path=answer_path,
        ladder=[rung.as_json() for rung in rungs],
        next_due=now + timedelta(seconds=rungs[0].after),
        quiet_until=quiet_until,
        created_at=now,
        leads=leads,
        paged_before_at=last,
    )


def say_unreachable(*, person: Person, error: Unreachable, now: datetime) -> None:
    """Say aloud that a human must give this person a way to be reached. Ends with the next page that begins for
    them.
    """
    troubles.raise_trouble(
        kind="unreachable", key=str(person.pk), text=str(error), url=f"/people/{person.pk}/", now=now
    )


def _insert(made: Page) -> Page:
    """Insert the page under the first of its codes that this person has never been given."""
    for nth in range(50):
        made.reference = words.reference(made.pk, nth=nth)
        if rows.insert(made, unless_taken=True):
            return made
        same = Page.objects.filter(pk=made.pk).first()
        if same is not None:  # made by another at the same moment
            return same
    raise RuntimeError(f"No free code for a page to {made.person}.")


def _before(page_id: uuid.UUID, *, person: Person, now: datetime) -> tuple[bool, datetime | None]:
    """Return whether this very page is there already, and when the person's last one began, if lately."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM paging_page WHERE id = %s),"
            " (SELECT max(created_at) FROM paging_page WHERE person_id = %s AND created_at > %s)",
            [page_id, person.pk, now - LOOK_BACK],
        )
        there, last = cursor.fetchone()
    return there, last


@transaction.atomic
def retell(
    *,
    page: Page,
    severity: int,
    title: str,
    text: str,
    now: datetime,
    leads: bool = False,
    in_force: Limits | None = None,
) -> Page:
    """More has joined a page that is calling: the next attempt says it, and one more text where none comes soon.

    This is the page's next edition. Who answers knows of the edition they were told, and of nothing later. `leads`:
    what joined is the first of its source, and lets a page that has not begun go before others. A page that a throttle
    holds says it when it goes on.
    """
    page = Page.objects.select_for_update().get(pk=page.pk)
    page.edition += 1
    retold(page, severity=severity, title=title, text=text, leads=leads, limits=in_force or limits.at(now), now=now)
    page.save(update_fields=RETOLD)
    wake()
    return page


def retold(page: Page, *, severity: int, title: str, text: str, leads: bool, limits: Limits, now: datetime) -> None:
    """Change a page that the caller holds as `retell` does, but for its edition, without writing it."""
    page.title, page.text, page.severity = title[:300], text, min(page.severity, severity)
    share = float(limits.number("page_share_window_s"))
    page.leads = page.leads or leads
    told_later = page.next_rung == 0 or page.held_until is not None  # by the first rung anyway, or by the one held
    if told_later or page.next_due is None:
        return
    at = max(now, page.created_at + timedelta(seconds=share))
    asleep = page.quiet_until is not None and page.quiet_until > at  # what would wake them is told in the morning
    course = add_telling(
        ladder=rungs(page),
        next_rung=page.next_rung,
        next_due=page.next_due,
        begun=page.created_at,
        at=at,
        never_by=LOUD if asleep else (),
    )
    if course is not None:
        page.ladder, page.next_due = [rung.as_json() for rung in course.ladder], max(now, course.next_due)


def rungs(page: Page) -> list[Rung]:
    return [rung_from_json(row) for row in page.ladder]


@transaction.atomic
def answer(*, page: Page, attempt: Attempt | None, why: str, now: datetime) -> Page:
    """A human answered: stop calling. Doing it twice changes nothing. A pressed key or a code proves the number
    works.
    """
    Page.objects.select_for_update(of=("self",)).get(pk=page.pk)  # before the attempt, as everybody does
    if attempt is not None:
        Attempt.objects.filter(pk=attempt.pk, answered_at__isnull=True).update(answered_at=now)
        if attempt.contact_id:
            ContactMethod.objects.filter(pk=attempt.contact_id).update(confirmed_at=now, suspect_since=None)
            troubles.clear_trouble(kind="suspect", key=str(attempt.contact_id), now=now)
    return end(page=page, state=Page.State.ANSWERED, why=why, now=now)


@transaction.atomic
def cancel(*, page: Page, why: str, now: datetime) -> Page:
    """It is no longer needed: somebody else answered, or it is over. A page that has ended stays as it ended."""
    return end(page=page, state=Page.State.CANCELLED, why=why, now=now)


def end(*, page: Page, state: str, why: str, now: datetime) -> Page:
    page = Page.objects.select_for_update().get(pk=page.pk)
    if page.state == Page.State.CALLING:
        page.state, page.next_due, page.ended_at, page.ended_why = state, None, now, why[:300]
        page.held_until, page.held_why = None, ""
        page.save(update_fields=["state", "next_due", "ended_at", "ended_why", "held_until", "held_why"])
        take_buttons(page, now=now)
    return page


@transaction.atomic
def notice(
    *,
    key: str,
    person: Person,
    text: str,
    now: datetime,
    channel: str = "",
    address: str = "",
    lane: str = Lane.NOTICE,
) -> Notice | None:
    """Tell somebody something that needs no answer: by the given way, else their first text, else their first mail.

    `lane`: a reply or a code, which somebody waits for, goes before other notices and has no throttle (throttle.py).
    Returns nothing where they have no way at all; a notice is not worth a trouble.
    """
    if not address:
        contacts = list(ContactMethod.objects.usable().filter(person=person).order_by("-kind", "created_at"))
        if not contacts:
            return None
        address, kind = contacts[0].address, contacts[0].kind
        channel = Channel.SMS.value if kind == ContactMethod.Kind.PHONE else kind  # the others are called alike
    made, created = Notice.objects.get_or_create(
        key=key[:200],
        defaults={
            "person": person, "channel": channel, "lane": lane, "address": address, "text": text,
            "next_due": now, "created_at": now,
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


def opted_out(word: str) -> str:
    """Return the reason why a number is out of use whose owner sent STOP, or a word like it."""
    return f"Its owner sent {word}; START turns it on again."


def is_opted_out(contact: ContactMethod) -> bool:
    """Whether a number is out of use because its owner said so, to us or to the provider; START revives no other."""
    return contact.disabled_at is not None and contact.disabled_reason.casefold().startswith("its owner sent ")


@transaction.atomic
def enable_contact(*, contact: ContactMethod, now: datetime) -> None:
    """Use a number again (START), and end its trouble."""
    ContactMethod.objects.filter(pk=contact.pk).update(disabled_at=None, disabled_reason="")
    troubles.clear_trouble(kind="contact", key=str(contact.pk), now=now)
