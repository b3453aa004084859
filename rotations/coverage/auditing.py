"""What must always be true of who is on call (docs/paging.md 4).

That nobody is on call is no fault of the pager: it is a trouble of its own, up the line (watching.py). These two ask
whether that was said, and what it would be better to have.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from oncall.limits.queries import Limits
from oncall.paging.models import ContactMethod, Notice
from oncall.people import queries as people
from oncall.people.models import Person
from oncall.troubles.invariants import Gravity, Invariant, Rows
from oncall.troubles.models import Trouble
from rotations.coverage.models import Shift, SignedGap
from rotations.coverage.watching import KIND, NEAR, told_key, unsigned
from rotations.schedule.models import Role, Schedule

AHEAD = timedelta(days=14)
WAYS = 2


def gaps_untold(now: datetime, limits: Limits) -> Rows:
    """I11: where somebody must always be on call and nobody is, somebody was told of it, or signed for it.

    Index shifts_now for each such schedule. That gaps of the next weeks are found is watching.py's, once a minute.
    """
    there = Shift.objects.as_known(None).filter(
        schedule=OuterRef("pk"), role=Role.PRIMARY, starts_at__lte=now, ends_at__gt=now
    )
    signed = SignedGap.objects.filter(schedule=OuterRef("pk"), starts_at__lte=now, ends_at__gt=now)
    key = Concat(Cast(OuterRef("pk"), CharField()), Value(" "))
    told = Trouble.objects.open().filter(kind=KIND, key__startswith=key)
    promising = Schedule.objects.filter(needs=Schedule.Needs.ALWAYS)
    return promising.filter(~Exists(there), ~Exists(signed), ~Exists(told)).order_by().values_list("pk", flat=True)


def gaps_ahead_untold(now: datetime, limits: Limits) -> Rows:
    """I11: each gap of the next 14 days was told or signed: within a day as a trouble, farther ones to the pilot.

    The pilot's notices name the day, the schedule and how many gaps they tell of (watching.py).
    """
    schedules = list(Schedule.objects.exclude(needs=Schedule.Needs.NOBODY))
    told = _told_of(now=now) if schedules else {}
    near = {key.partition(" ")[0] for key in Trouble.objects.open().filter(kind=KIND).values_list("key", flat=True)}
    far: dict[str, int] = {}
    untold = set()
    for gap in unsigned(schedules, now, now + AHEAD):
        pk = str(gap.schedule.pk)
        if gap.starts_at < now + NEAR:
            untold |= {pk} - near
        else:
            far[pk] = far.get(pk, 0) + 1
    return sorted(untold | {pk for pk, many in far.items() if many > told.get(pk, 0)})


def _told_of(*, now: datetime) -> dict[str, int]:
    """Return of how many gaps the pilot was told today and the day before, by the schedule's id."""
    pilot = people.pilot(now=now)
    told: dict[str, int] = {}
    if pilot is None:
        return told
    for at in (now, now - timedelta(days=1)):
        day = told_key(pilot, at)
        for key in Notice.objects.filter(key__startswith=day).values_list("key", flat=True):
            schedule, _, many = key.removeprefix(day).partition(":")
            told[schedule] = max(told.get(schedule, 0), int(many))
    return told


def unreachable_people(now: datetime, limits: Limits) -> Rows:
    """I12: who is on call now has at least one way to be reached. Index shifts_now."""
    there = Shift.objects.as_known(None).exclude(role=Role.SHADOW).filter(starts_at__lte=now, ends_at__gt=now)
    ways = ContactMethod.objects.usable().filter(person=OuterRef("person"))
    return there.filter(~Exists(ways)).order_by().values_list("person", flat=True).distinct()


def one_way_people(now: datetime, limits: Limits) -> Rows:
    """I12: who is on call in the next 14 days has two ways to be reached that a human has proved to work.

    Index shifts_of_person for each person.
    """
    ahead = Shift.objects.as_known(None).filter(person=OuterRef("pk"), ends_at__gt=now, starts_at__lt=now + AHEAD)
    proved = Q(contact_methods__disabled_at__isnull=True) & (
        Q(contact_methods__verified_at__isnull=False) | Q(contact_methods__confirmed_at__isnull=False)
    )
    found: QuerySet[Any, Any] = Person.objects.filter(Exists(ahead))
    found = found.annotate(ways=Count("contact_methods", filter=proved))
    return found.filter(ways__lt=WAYS).order_by().values_list("pk", flat=True)


INVARIANTS = [
    Invariant(
        "I11", "Where nobody is on call, somebody was told of it or signed for it", gaps_untold, "/rotations/{}/gaps/"
    ),
    Invariant(
        "I11 ahead",
        "Each gap of the next 14 days was told to somebody or signed",
        gaps_ahead_untold,
        "/rotations/{}/gaps/",
        gravity=Gravity.ADVICE,
    ),
    Invariant("I12 none", "Who is on call now can be reached at all", unreachable_people, "/people/{}/"),
    Invariant(
        "I12",
        "Who is on call in the next 14 days has two proved ways to be reached",
        one_way_people,
        "/people/{}/",
        gravity=Gravity.ADVICE,
    ),
]
