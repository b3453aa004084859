"""Survey blocks: whether their visits are to become alerts is for the pilot to settle (domain.md 5.2)."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, Count, ExpressionWrapper, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from incidents.latency import bulk, judging
from incidents.latency.models import SurveyBlock, Visit
from incidents.latency.reading import is_text
from oncall.limits.queries import Limits
from oncall.people.models import Person

LONGEST_CODE = 60


@dataclass(frozen=True)
class Settled:
    """`block` as it is now; `is_new`: nobody had heard of it; `judged`: how many visits were judged anew at once."""

    block: SurveyBlock
    is_new: bool
    judged: int


@transaction.atomic
def settle(*, code: str, alerts_expected: bool, by: Person | None, now: datetime, limits: Limits) -> Settled:
    """Say whether the visits of a block are to become alerts. Saying it again changes nothing.

    Its newest visits are judged anew at once, older ones by the chore, some hundreds a second. A block that no visit
    has named yet may be settled ahead. `by` None: a program without a person.

    :raises ValidationError: if `code` is no name of a block.
    """
    if not is_text(code) or not code.strip() or len(code) > LONGEST_CODE:
        raise ValidationError({"code": [f"Name a block by 1 to {LONGEST_CODE} characters, such as BLOCK-365."]})
    bulk.hold_all()
    block, is_new = SurveyBlock.objects.get_or_create(code=code, defaults={"first_seen_at": now})
    if block.alerts_expected is alerts_expected:
        return Settled(block, is_new, 0)
    counted_before = block.alerts_expected is not False
    block.alerts_expected, block.settled_at, block.settled_by = alerts_expected, now, by
    if counted_before != alerts_expected:
        block.judge_below = judging.NEWEST
    block.save(update_fields=["alerts_expected", "settled_at", "settled_by", "judge_below"])
    judged = judging.judge_block(block, now=now, limits=limits) if block.judge_below else 0
    return Settled(block, is_new, judged)


def listed() -> list[SurveyBlock]:
    """Return every block with how many `visits` it had: unsettled ones first, of these the one with most on top."""
    counts = Visit.objects.filter(survey_block=OuterRef("code")).order_by().values("survey_block")
    number = Subquery(counts.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
    is_settled = ExpressionWrapper(Q(settled_at__isnull=False), output_field=BooleanField())
    rows = SurveyBlock.objects.select_related("settled_by").annotate(visits=Coalesce(number, 0), is_settled=is_settled)
    return list(rows.order_by("is_settled", "-visits", "code"))


def unsettled() -> int:
    """Return how many blocks are for the pilot to settle."""
    return SurveyBlock.objects.filter(settled_at__isnull=True).count()
