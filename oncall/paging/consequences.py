"""Verbs about everything else that follows from a code: the number, our configuration, the provider's queue.

Source: paging.md 2.9.
"""

import logging
from datetime import datetime

from oncall.limits.queries import Limits
from oncall.paging import health, services
from oncall.paging.channels import Outcome, Verdict
from oncall.paging.codes import BY_CODE, TABLE, Fault, Number, Row
from oncall.paging.models import Attempt, Channel, ContactMethod
from oncall.paging.throttle import Hold
from oncall.troubles import services as troubles

log = logging.getLogger(__name__)


def follow(attempt: Attempt, row: Row, *, code: str, reason: str, now: datetime, limits: Limits) -> None:
    """Do what the table says about the number and about us. `reason`: the provider's words, or the table's."""
    if not row.known:
        log.error("attempt %s: code %s is in no list of ours: %s", attempt.pk, code, reason)
    if attempt.contact is not None:
        _number(attempt, attempt.contact, row, code=code, reason=reason, now=now, limits=limits)
    if row.crowded and attempt.provider:
        health.crowd(provider=attempt.provider, now=now, limits=limits)
    if row.fault is Fault.PROVIDER and not row.opens_breaker:
        health.complain(provider=attempt.provider or attempt.channel, code=code, text=_both(row, reason), now=now)
    if row.fault is Fault.REPEATED:
        _filtered(attempt, row, code=code, now=now, limits=limits)


def in_report(attempt: Attempt, row: Row, *, code: str, now: datetime, limits: Limits) -> None:
    """As `follow`, for a code that came with a status report: there is no answer of HTTP that told the breaker."""
    follow(attempt, row, code=code, reason=row.means, now=now, limits=limits)
    if row.opens_breaker:
        said = Outcome(Verdict.REFUSED, code=code, text=row.means, row=row)
        health.note(provider=attempt.provider, outcome=said, now=now, limits=limits, reported=True)


def _both(row: Row, reason: str) -> str:
    return row.means if reason == row.means else f"{row.means} ({reason})"


def _number(
    attempt: Attempt, contact: ContactMethod, row: Row, *, code: str, reason: str, now: datetime, limits: Limits
) -> None:
    if row.number in (Number.DEAD, Number.OPTED_OUT):
        out_of_use(contact, reason=reason, now=now)
    elif row.number is Number.NO_TEXTS:
        services.no_more_texts(contact=contact, reason=f"The provider says: {reason}", now=now)
    elif row.number is Number.SUSPECT:
        since = now - limits.span("suspect_within_s")
        earlier = Attempt.objects.filter(address=contact.address, error_code=code, started_at__gte=since)
        if earlier.exclude(pk=attempt.pk).exists():
            _suspect(contact, reason=reason, now=now)


def out_of_use(contact: ContactMethod, *, reason: str, now: datetime) -> None:
    """Stop using a number, and tell its owner by another path: the next page to it would reach nobody."""
    used = ContactMethod.objects.filter(pk=contact.pk, disabled_at__isnull=True).exists()
    services.disable_contact(contact=contact, reason=reason, now=now)
    if used:
        text = f"Your {contact.masked} is not paged any more. {reason} Look at My contact methods."
        _tell(contact, key=f"out-of-use:{contact.pk}:{now.isoformat()}", text=text, now=now)


def _suspect(contact: ContactMethod, *, reason: str, now: datetime) -> None:
    """Ask for the number to be verified anew; it is paged all the same until then."""
    if not ContactMethod.objects.filter(pk=contact.pk, suspect_since__isnull=True).update(suspect_since=now):
        return
    text = f"{contact.person.name}: {contact.masked} may have changed hands ({reason}, twice in a day). Verify it anew."
    url = f"/people/{contact.person_id}/"
    troubles.raise_trouble(kind="suspect", key=str(contact.pk), text=text, url=url, now=now)
    words = f"Texts to your {contact.masked} do not arrive: {reason}. Verify it anew under My contact methods."
    _tell(contact, key=f"suspect:{contact.pk}:{now.isoformat()}", text=words, now=now)


def _tell(contact: ContactMethod, *, key: str, text: str, now: datetime) -> None:
    """A notice by any contact but this one; by the mail address of the account where there is no other."""
    person = contact.person
    other = ContactMethod.objects.usable().filter(person=person).exclude(pk=contact.pk)
    mail = other.filter(kind=ContactMethod.Kind.EMAIL).first()
    address = mail.address if mail is not None else person.email
    if address:
        services.notice(key=key, person=person, text=text, now=now, channel=Channel.EMAIL, address=address)
    elif other.exists():
        services.notice(key=key, person=person, text=text, now=now)


def _filtered(attempt: Attempt, row: Row, *, code: str, now: datetime, limits: Limits) -> None:
    """One blocked text is bad luck; several in an hour are our words or our number."""
    since = now - limits.span("filtered_within_s")
    earlier = Attempt.objects.filter(error_code__in=row.codes, started_at__gte=since).exclude(pk=attempt.pk).count()
    if earlier + 1 >= limits.count("filtered_many"):
        text = f"{row.means}: {earlier + 1} in {since:%H:%M} to {now:%H:%M} UTC. Look at our words and our sender."
        health.complain(provider=attempt.provider or attempt.channel, code=code, text=text, now=now)


def complaint(*, provider: str, code: str, text: str, level: str, now: datetime) -> None:
    """The provider could not reach us, or could not read us (11200, 12100 ...): calls are silent until it is mended.

    A warning of its, or a code that is no trouble of ours, is left in its own log.
    """
    row = BY_CODE.get(code)
    if row is not None and row.fault is Fault.PROVIDER:
        health.complain(provider=provider, code=code, text=_both(row, text) if text else row.means, now=now)
    else:
        log.warning("%s reports %s %s: %s", provider, level[:20], code, text)


def loop_guard(*, address: str, now: datetime, limits: Limits) -> Hold | None:
    """Return until when nothing more is replied to a number that the provider saw us going in circles with (14107)."""
    span = limits.span("loop_guard_s")
    codes = [code for row in TABLE if row.silence for code in row.codes]
    caught = Attempt.objects.filter(address=address, error_code__in=codes, ended_at__gt=now - span)
    last = caught.order_by("-ended_at").values_list("ended_at", flat=True).first()
    return Hold(last + span, "too many texts back and forth with this number") if last is not None else None
