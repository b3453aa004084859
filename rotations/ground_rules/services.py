"""Verbs about ground rules: write a version, accept the one in force. Answering a page never asks for it (R36)."""

from datetime import UTC, datetime

from django.db import connection, transaction

from oncall.people.models import Person
from rotations.ground_rules.difference import difference, differs
from rotations.ground_rules.models import Acceptance, Prompt, Version

LONGEST = 20_000


class BadVersion(Exception):
    """It cannot become a version. The message says why, and is fit to show; `field` is what it is about."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


class NotInForce(Exception):
    """That version cannot be accepted now. The message says which can, and is fit to show."""


@transaction.atomic
def write(*, text: str, effective_from: datetime, by: Person, now: datetime) -> Version:
    """Add a version that holds from `effective_from` on. What was written before stays as it was.

    :raises BadVersion: if it says nothing, nothing new, begins in the past, or before one that is written already.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('ground rules', 0))")  # of two, one is the next
    text = "\n".join(line.rstrip() for line in text.splitlines()).strip()
    if not text:
        raise BadVersion("text", "Text: the ground rules cannot be empty. Write what everybody agrees to.")
    if len(text) > LONGEST:
        raise BadVersion("text", f"Text: {len(text)} characters are too many; {LONGEST} is the most.")
    last = Version.objects.order_by("-number").first()
    if last is not None and not differs(difference(last.text, text)):
        raise BadVersion("text", f"Text: it says what version {last.number} says. Change it, or leave it as it is.")
    if effective_from < now:
        raise BadVersion(
            "effective_from", "In force from: that is past, and nobody agreed to it then. Choose a later day."
        )
    if last is not None and effective_from <= last.effective_from:
        raise BadVersion(
            "effective_from",
            f"In force from: version {last.number} begins on {last.effective_from.astimezone(UTC):%d %b %Y %H:%M} UTC. "
            "Choose a later instant.",
        )
    return Version.objects.create(
        number=last.number + 1 if last else 1, text=text, effective_from=effective_from, by=by, created_at=now
    )


@transaction.atomic
def accept(*, number: int, person: Person, now: datetime) -> Acceptance:
    """Agree to the version in force. Twice changes nothing: the first time counts.

    :raises NotInForce: if `number` is not the version in force: nobody agrees to what they have not seen.
    """
    version = Version.objects.in_force(now)
    if version is None or version.number != number:
        which = f"Version {version.number} is. Read that one and accept it." if version else "None is yet."
        raise NotInForce(f"Version {number} of the ground rules is not in force. {which}")
    made, _ = Acceptance.objects.get_or_create(version=version, person=person, defaults={"at": now})
    Prompt.objects.filter(person=person, version__number__lte=number).delete()
    return made
