"""The canary: every few minutes a page to nobody goes the whole way of a page, by the channel `null`.

Row, claim, attempt written before the request, channel, record, answer: what breaks on the way makes it late, and then
the auditor says so and the watcher outside hears nothing (docs/paging.md W2). Its person is no human and in no list.
"""

import uuid
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from oncall.limits.queries import Limits
from oncall.paging import services
from oncall.paging import text as words
from oncall.paging.ladder import Rung
from oncall.paging.models import Attempt, Channel, ContactMethod, Page, Urgency
from oncall.paging.wake import wake
from oncall.people.models import Person
from oncall.troubles import services as troubles
from oncall.troubles.auditing import CANARY

NOBODY = uuid.UUID("00000000-0000-4000-8000-000000000003")  # as a person
NOWHERE = uuid.UUID("00000000-0000-4000-8000-000000000004")  # as a contact
AT_ONCE = 20  # rows removed in one go


def fly(*, now: datetime, limits: Limits) -> None:
    """The loop's chore, each second: let the canary land, begin another when it is time, and remove old ones.

    Safe to run late, twice or in parallel: a canary is named after its turn.
    """
    _land(now=now)
    turn = int(now.timestamp() // float(limits.number("canary_every_s")))
    last = pages().order_by("-created_at").first()
    if last is None or last.created_at > now or now - last.created_at >= limits.span("canary_every_s"):
        _begin(turn, now=now)
        _remove(before=now - limits.span("canary_kept_s"))


def pages() -> QuerySet[Page]:
    return Page.objects.filter(person_id=NOBODY)


def _land(*, now: datetime) -> None:
    """Answer what has arrived, as a human would have, and say that it did."""
    for page in pages().filter(state=Page.State.CALLING):
        arrived = page.attempts.filter(accepted_at__isnull=False).order_by("n").last()
        if arrived is not None:
            services.answer(page=page, attempt=arrived, why="The canary has landed.", now=now)
            troubles.beat(name=CANARY, now=now)


@transaction.atomic
def _begin(turn: int, *, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('canary', 0))")
        if not cursor.fetchone()[0]:
            return  # another loop begins it
    key = f"canary:{turn}"
    if pages().filter(key=key).exists():
        return
    contact = _nobody(now=now)
    for page in pages().filter(state=Page.State.CALLING):
        services.end(page=page, state=Page.State.UNREACHABLE, why="The next canary begins.", now=now)
    page_id = uuid.uuid5(services.NAMESPACE, key)
    rung = Rung(0, Channel.NULL.value, str(contact.pk), contact.address)
    taken = set(pages().values_list("reference", flat=True))
    Page.objects.create(
        pk=page_id,
        key=key,
        person_id=NOBODY,
        urgency=Urgency.HIGH,
        severity=2,  # in the lane of pages that wake people: what holds those up holds it up
        reference=next(code for nth in range(50) if (code := words.reference(page_id, nth=nth)) not in taken),
        title="Canary",
        answer_path="",
        ladder=[rung.as_json()],
        next_due=now,
        created_at=now,
    )
    wake()


def _nobody(*, now: datetime) -> ContactMethod:
    """Return the contact of nobody; both are made when the first canary begins."""
    Person.everybody.bulk_create(
        [Person(pk=NOBODY, username="_canary", name="Canary", password="!", is_system=True)], ignore_conflicts=True
    )
    contact, _ = ContactMethod.objects.get_or_create(
        pk=NOWHERE,
        defaults={"person_id": NOBODY, "kind": "null", "address": "nowhere", "verified_at": now, "created_at": now},
    )
    return contact


def _remove(*, before: datetime) -> None:
    """Remove canaries of before, a few at a time; one whose attempt is still being asked about stays."""
    old = pages().filter(created_at__lt=before).exclude(state=Page.State.CALLING)
    unsettled = Attempt.objects.unsettled().filter(page__in=old).values("page")
    gone = list(old.exclude(pk__in=unsettled).order_by("created_at").values_list("pk", flat=True)[:AT_ONCE])
    with transaction.atomic():
        Attempt.objects.filter(page__in=gone).delete()
        Page.objects.filter(pk__in=gone).delete()
