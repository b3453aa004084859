"""What must always be true of leave (docs/paging.md 4)."""

from datetime import datetime, timedelta

from django.db.models import Max

from oncall.limits.queries import Limits
from oncall.people.models import Person
from oncall.troubles.invariants import Gravity, Invariant, Rows
from rotations.leave import reconciling
from rotations.leave.models import CallOut

SINCE = timedelta(days=2)
PEOPLE = 5  # of one question, those called last


def books_differ(now: datetime, limits: Limits) -> Rows:
    """I19: for call-outs of the last days ledger, call-outs and evidence say the same, to the second.

    A few people, each by indexes call_outs_of_a_person, evidence_of_a_person. `manage.py reconcile_leave` asks about
    everybody and always.
    """
    lately = CallOut.objects.filter(starts_at__gt=now - SINCE, ends_at__isnull=False).order_by()
    called = lately.values("person").annotate(last=Max("starts_at")).order_by("-last")[:PEOPLE]
    people = Person.objects.filter(pk__in=[row["person"] for row in called])
    differences = reconciling.check(people, now - SINCE, now=now) if called else []
    return [str(one.call_out.pk if one.call_out else one.person.pk) for one in differences]


INVARIANTS = [
    Invariant(
        "I19",
        "The ledger says what call-outs and their evidence say; run manage.py reconcile_leave",
        books_differ,
        "/leave/call-outs/{}/",
        gravity=Gravity.ADVICE,
    ),
]
