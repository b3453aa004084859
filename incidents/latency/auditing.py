"""What must always be true of the latency rules (docs/paging.md 4)."""

from datetime import datetime, timedelta

from django.db.models import Q

from incidents.latency.models import RuleWatch, Visit
from oncall.limits.queries import Limits
from oncall.troubles.invariants import Gravity, Invariant, Rows

ASKED_WITHIN = timedelta(minutes=1)


def rules_unasked(now: datetime, limits: Limits) -> Rows:
    """I18: somebody asks the latency rules. Where they were never asked it matters once there is a visit."""
    old = Q(looked_at__lt=now - ASKED_WITHIN)
    if Visit.objects.exists():
        old |= Q(looked_at__isnull=True)
    return RuleWatch.objects.filter(old).values_list("pk", flat=True)


INVARIANTS = [
    Invariant(
        "I18",
        "The latency rules were asked within a minute",
        rules_unasked,
        "/latency/rules/",
        gravity=Gravity.ADVICE,
        says="rules",
    ),
]
