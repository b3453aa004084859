"""Verbs by which somebody proves that a number or address is theirs: a code of ours goes there, and they type it.

The code travels as a notice, so through the same provider, sender and threads as a page: what it proves is the paging
path itself, which a provider's own verification product would not (paging.md 2.10). It is drawn anew for each send, may
be typed for ten minutes, and only a keyed hash of it is kept; the words that carry it are wiped when they have arrived.
Sends and tries are counted in PostgreSQL under a lock, so they hold over every process (security.md S13, S24).
"""

import secrets
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils.crypto import constant_time_compare, salted_hmac

from oncall.limits import queries as limits
from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging.models import Attempt, Channel, ContactMethod, Lane, Notice, Verification
from oncall.troubles import services as troubles

HOUR = timedelta(hours=1)
KEY = "verify:"  # how the keys of such notices begin
WIPED = "A code, wiped once it had arrived."
WAYS = {
    ContactMethod.Kind.PHONE: [Channel.SMS, Channel.VOICE],
    ContactMethod.Kind.EMAIL: [Channel.EMAIL],
    ContactMethod.Kind.SLACK: [Channel.SLACK],
    ContactMethod.Kind.PUSH: [],  # a browser that subscribes is the one its person sits at
}


class CannotSend(Exception):
    """No code can go there now. The message says why and what to do, and is fit to show."""


class WrongCode(Exception):
    """It is not the code, or no longer. The message says what to do, and is fit to show."""


def ways_to_verify(contact: ContactMethod) -> list[Channel]:
    """Return by which channels a code can go to this contact, the usual first. A landline is called."""
    ways = WAYS[ContactMethod.Kind(contact.kind)]
    return [way for way in ways if not (way == Channel.SMS and contact.no_texts_since)]


def send_code(*, contact: ContactMethod, channel: str, now: datetime) -> Verification:
    """Send a new code to the contact; one sent before is good no longer.

    :raises CannotSend: if the contact is out of use, takes no code by that channel, or had its codes of this hour.
    """
    with transaction.atomic():
        contact = ContactMethod.objects.select_for_update(of=("self",)).select_related("person").get(pk=contact.pk)
        if contact.disabled_at is not None:
            raise CannotSend(f"{contact.masked} is out of use, so no code can reach it: {contact.disabled_reason}")
        if channel not in ways_to_verify(contact):
            raise CannotSend(f"{contact.masked} takes no code that way. Choose another.")
        in_force, digest = limits.at(now), _digest(contact.address)
        _count(contact, digest, now=now, limits=in_force)
        _close(contact, why="replaced", now=now)
        code = f"{secrets.randbelow(10**6):06}"
        made = Verification(
            contact=contact,
            person=contact.person,
            address_digest=digest,
            channel=channel,
            sent_at=now,
            expires_at=now + in_force.span("verify_code_valid_s"),
        )
        made.code_hash = _hash(made, code)
        made.save()
        services.notice(
            key=f"{KEY}{made.pk}",
            person=contact.person,
            text=_words(code, channel, minutes=in_force.count("verify_code_valid_s") // 60),
            channel=channel,
            lane=Lane.REPLY,  # somebody waits for it
            address=contact.address,
            now=now,
        )
        return made


def _words(code: str, channel: str, *, minutes: int) -> str:
    if channel == Channel.VOICE:
        spelled = ", ".join(code)
        return f"Your code is {spelled}. Again: {spelled}. Type it on your contacts page within {minutes} minutes."
    return f"oncall: your code is {code}. Type it on your contacts page within {minutes} min. Tell it to nobody."


def _count(contact: ContactMethod, digest: str, *, now: datetime, limits: Limits) -> None:
    """Refuse a send that is one too many for its address or its person; whoever asks at the same moment waits here.

    Removing a number and adding it again begins no new count, and nobody sends codes to a list of numbers.
    """
    with connection.cursor() as cursor:
        for subject in sorted((digest, str(contact.person_id))):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"verify:{subject}"])
    lately = Verification.objects.filter(sent_at__gt=now - HOUR).order_by("sent_at")
    to_it = list(lately.filter(address_digest=digest).values_list("sent_at", flat=True))
    by_person = list(lately.filter(person=contact.person_id).values_list("sent_at", flat=True))
    for sent, most, whom in (
        (to_it, limits.count("verify_sends_hour"), f"to {contact.masked}"),
        (by_person, limits.count("verify_sends_person_hour"), f"for {contact.person.name}"),
    ):
        if len(sent) >= most:
            free_at = (sent[-most] + HOUR).astimezone(UTC)
            raise CannotSend(
                f"{len(sent)} codes were sent {whom} in the last hour, and no more are. "
                f"Type the last one, or ask again after {free_at:%H:%M} UTC."
            )


def check_code(*, contact: ContactMethod, code: str, now: datetime) -> ContactMethod:
    """Take the code its owner typed, and note that the contact is theirs.

    Every wrong code is counted even though this raises. Two who type at once are judged one after the other.

    :raises WrongCode: if it is wrong, too old, or was tried too often.
    """
    refusal = _judge(contact=contact, code=code, now=now)
    if refusal:
        raise WrongCode(refusal)
    contact.refresh_from_db()
    return contact


@transaction.atomic
def _judge(*, contact: ContactMethod, code: str, now: datetime) -> str:
    """Return why not, or nothing where the code is right."""
    contact = ContactMethod.objects.select_for_update(of=("self",)).get(pk=contact.pk)
    sent = Verification.objects.filter(contact=contact, closed_at__isnull=True).first()
    if sent is None:
        return "No code is waiting to be typed. Send a new one."
    if now >= sent.expires_at:
        _close(contact, why="expired", now=now)
        return "This code is too old. Send a new one."
    typed = "".join(code.split()).replace("-", "")
    if not constant_time_compare(_hash(sent, typed), sent.code_hash):
        most = limits.at(now).count("verify_tries")
        Verification.objects.filter(pk=sent.pk).update(tries=F("tries") + 1)
        left = most - sent.tries - 1
        if left <= 0:
            _close(contact, why="wrong", now=now)
            return f"That was wrong {most} times, so the code is good no longer. Send a new one."
        return f"That is not the code. {left} {'try is' if left == 1 else 'tries are'} left."
    _close(contact, why="right", now=now)
    ContactMethod.objects.filter(pk=contact.pk).update(verified_at=now, suspect_since=None)
    troubles.clear_trouble(kind="suspect", key=str(contact.pk), now=now)
    return ""


def _close(contact: ContactMethod, *, why: str, now: datetime) -> None:
    """End the code that waits, so that no other can be typed for it, and call back the notice that carries it."""
    waiting = Verification.objects.filter(contact=contact, closed_at__isnull=True)
    keys = [f"{KEY}{pk}" for pk in waiting.values_list("pk", flat=True)]
    waiting.update(closed_at=now, closed_why=why)
    Notice.objects.filter(key__in=keys, next_due__isnull=False).update(next_due=None)


@transaction.atomic
def wipe_codes(*, now: datetime, limits: Limits, at_most: int = 100) -> int:
    """Wipe the words of codes that have arrived or are too old, and let no code leave after its time. Returns how many.

    What is still under way keeps its words: a lost answer is looked for by them (paging.md 2.8), and a call asks for
    them when it is picked up.
    """
    old = now - limits.span("verify_code_valid_s")
    notices = Notice.objects.filter(key__startswith=KEY).exclude(text=WIPED)
    Verification.objects.filter(closed_at__isnull=True, expires_at__lte=now).update(closed_at=now, closed_why="expired")
    stale = notices.filter(next_due__isnull=False, created_at__lte=old)
    stale.update(next_due=None)
    under_way = Q(attempts__state__in=[Attempt.State.INTENT, Attempt.State.UNKNOWN]) | Q(
        attempts__state=Attempt.State.ACCEPTED, channel=Channel.VOICE
    )
    done = notices.filter(next_due__isnull=True).exclude(under_way).select_for_update(skip_locked=True, of=("self",))
    keys = list(done.values_list("pk", flat=True)[:at_most])
    Attempt.objects.filter(notice__in=keys).update(body=WIPED)
    Notice.objects.filter(pk__in=keys).update(text=WIPED)
    return len(keys)


def waiting_code(contact: ContactMethod, *, now: datetime) -> Verification | None:
    """Return the code that may still be typed for this contact; nothing if there is none."""
    return Verification.objects.filter(contact=contact, closed_at__isnull=True, expires_at__gt=now).first()


def _digest(address: str) -> str:
    return salted_hmac("oncall.paging.verification.address", address.lower(), algorithm="sha256").hexdigest()


def _hash(sent: Verification, code: str) -> str:
    """Return the keyed hash of a code: without the server's secret the million codes cannot be gone through."""
    salt = "oncall.paging.verification.code"
    return salted_hmac(salt, f"{sent.pk}:{code}", algorithm="sha256").hexdigest()
