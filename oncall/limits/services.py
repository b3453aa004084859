"""Change a number of the process, from an instant on."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from oncall.limits.models import Limit


@transaction.atomic
def set_limit(*, name: str, value: Decimal | float, effective_from: datetime, source: str = "set by hand") -> Limit:
    """Let `name` be `value` from `effective_from` on; what was before stays as it was."""
    known = Limit.objects.filter(name=name).order_by("-effective_from").first()
    unit = known.unit if known else ""
    row, _ = Limit.objects.update_or_create(
        name=name,
        effective_from=effective_from,
        defaults={"value": Decimal(str(value)), "unit": unit, "source": source},
    )
    return row
