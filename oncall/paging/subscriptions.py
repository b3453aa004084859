"""Verbs about what is not a number: a browser agrees to notifications and takes it back; a Slack account is named."""

import hashlib
import re
from datetime import datetime

from django.conf import settings
from django.db import transaction

from oncall.outside.encoding import unbase64url
from oncall.paging import contacts, services
from oncall.paging.answer_links import owner_of
from oncall.paging.models import Attempt, Channel, ContactMethod, Lane
from oncall.paging.push_hosts import is_push_service
from oncall.people.models import Person
from oncall.troubles import services as troubles

MOST_BROWSERS = 10  # of one person; own choice
SLACK_USER = re.compile(r"^[UW][A-Z0-9]{2,20}$")
FIRST_WORDS = "Notifications work: this browser shows your pages from now on."
PUBLIC_KEY_BYTES, AUTH_BYTES = 65, 16  # RFC 8291


class NotOffered(Exception):
    """The site has no keys, or no token, for it. The message is fit to show."""


class BadSubscription(Exception):
    """What the browser sent cannot be used. The message is fit to show."""


def digest(endpoint: str) -> str:
    """Return how a browser's agreement is named in rows and screens: its address is a secret."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


@transaction.atomic
def subscribe(*, person: Person, endpoint: str, p256dh: str, auth: str, label: str, now: datetime) -> ContactMethod:
    """Let this browser show `person`'s pages. Who shared it before is paged there no more. Twice changes nothing.

    It is proved once it says that it has shown a first notification, which is sent to it now: a browser that agreed may
    still show nothing (a closed lid, a system that hides what it is sent).

    :raises NotOffered: if this site does not push.
    :raises BadSubscription: if the address is no push service's, or the keys are none.
    """
    if not settings.PUSH:
        raise NotOffered("This site sends no notifications to browsers: it has no keys for it.")
    if not is_push_service(endpoint, further=settings.PUSH_HOSTS):
        raise BadSubscription("This browser's push service is none that we know. Use Chrome, Edge, Firefox or Safari.")
    for name, value, length in (("p256dh", p256dh, PUBLIC_KEY_BYTES), ("auth", auth, AUTH_BYTES)):
        if len(unbase64url(value) or b"") != length:
            raise BadSubscription(f"The browser's key “{name}” cannot be used. Turn notifications off and on again.")
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two at once must not both take the last place
    address = digest(endpoint)
    for other in ContactMethod.objects.filter(kind=ContactMethod.Kind.PUSH, address=address).exclude(person=person):
        contacts.remove(contact=other, now=now)
    mine = ContactMethod.objects.filter(person=person, kind=ContactMethod.Kind.PUSH)
    if not mine.filter(address=address).exists() and mine.usable().count() >= MOST_BROWSERS:
        raise BadSubscription(f"You have {MOST_BROWSERS} browsers already, which is the most. Remove one first.")
    contact, created = ContactMethod.objects.get_or_create(
        person=person, kind=ContactMethod.Kind.PUSH, address=address, defaults={"created_at": now, "label": label[:40]}
    )
    contact.details = {"endpoint": endpoint, "p256dh": p256dh, "auth": auth}
    if contact.disabled_at is not None:
        contact.verified_at = contact.confirmed_at = None  # it was silent once: it shows anew that it is not
    contact.save(update_fields=["details", "verified_at", "confirmed_at"])
    if not created and contact.disabled_at is not None:
        services.enable_contact(contact=contact, now=now)
    troubles.clear_trouble(kind="unreachable", key=str(person.pk), now=now)
    contact.refresh_from_db()
    if not contact.proved:
        _try_out(contact, now=now)
    return contact


def _try_out(contact: ContactMethod, *, now: datetime) -> None:
    """Send the browser its first notification; once a minute, however often it is asked."""
    services.notice(
        key=f"push:{contact.pk}:{now:%Y%m%d%H%M}",
        person=contact.person,
        text=FIRST_WORDS,
        channel=Channel.PUSH,
        lane=Lane.REPLY,  # somebody waits for it
        address=contact.address,
        now=now,
    )


def shown(*, attempt: Attempt, now: datetime) -> None:
    """A browser says that it showed a notification: from the first on, it is proved."""
    contacts_of = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.PUSH, person=owner_of(attempt))
    contacts_of.filter(address=attempt.address, verified_at__isnull=True).update(verified_at=now)


@transaction.atomic
def unsubscribe(*, person: Person, endpoint: str, now: datetime) -> bool:
    """Show nothing in this browser any more. False if it showed nothing of theirs."""
    contact = ContactMethod.objects.filter(
        person=person, kind=ContactMethod.Kind.PUSH, address=digest(endpoint)
    ).first()
    if contact is None:
        return False
    contacts.remove(contact=contact, now=now)
    return True


def slack_user(text: str) -> str:
    """Return a Slack member id as Slack writes it.

    :raises NotOffered: if this site does not speak with Slack.
    :raises BadSubscription: if it is none.
    """
    if not settings.SLACK:
        raise NotOffered("This site does not page by Slack: it has no token for it.")
    word = text.strip().upper()
    if not SLACK_USER.match(word):
        raise BadSubscription(
            "That is no Slack member ID. In Slack open your profile, press the three dots, “Copy member ID”: U012AB3CD."
        )
    return word
