"""What is known of visits, for those who read."""

from collections.abc import Iterable

from django.db.models import Count, QuerySet

from incidents.latency.models import Delivery, VerdictChange, Visit


def visits() -> QuerySet[Visit]:
    return Visit.objects.all()


def with_deliveries(visits: Iterable[Visit]) -> list[Visit]:
    """Return these visits, each with its `delivery` or None; one query for all."""
    rows = list(visits)
    found = Delivery.objects.in_bulk([row.visit_id for row in rows])
    for row in rows:
        row.delivery = found.get(row.visit_id)  # type: ignore[attr-defined]
    return rows


def history(visit_id: int) -> list[VerdictChange]:
    """Return every change of a visit's verdict, the first first."""
    return list(VerdictChange.objects.filter(visit_id=visit_id))


def verdict_counts(day_obs: int) -> dict[str, int]:
    """Return how many visits of a night have each verdict; those that none has are left out. Index visit_of_night."""
    rows = Visit.objects.filter(day_obs=day_obs).order_by().values("verdict").annotate(number=Count("pk"))
    return {row["verdict"]: row["number"] for row in rows}
