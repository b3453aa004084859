"""Budgets, for programs (api.md): what a night used, and nights in a row. Shares are fractions of a limit."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from incidents.latency import budget_queries as queries
from incidents.latency.budget import LIMITS, Counts, Use, fraction, total
from incidents.latency.budget_queries import Burning, NightBudget, Terms
from incidents.latency.burn import Window, rate
from incidents.latency.outages import Outage
from oncall import clock
from oncall.limits import queries as limits
from rotations.night import sun
from rotations.night.api import DAY_OBS, DayObsField
from rotations.schedule.shapes import InstantField

SHAPE = {"type": "object", "additionalProperties": {}, "example": {"day_obs": ["Write a night as YYYYMMDD."]}}
REFUSALS = {
    400: OpenApiResponse(SHAPE, "A parameter is wrong; the field says which and how."),
    401: OpenApiResponse(SHAPE, "Not signed in."),
    403: OpenApiResponse(SHAPE, "Signed in, but not allowed."),
    404: OpenApiResponse(SHAPE, "Not there."),
}
LONGEST = timedelta(days=800)


class SharesSerializer(serializers.Serializer[Any]):
    """What one night used of a limit, as fractions of what the limit allows that night, its month and its year."""

    night = serializers.FloatField()
    month = serializers.FloatField()
    year = serializers.FloatField()


class UseSerializer(serializers.Serializer[Any]):
    """`used` of a limit as a fraction; `count` of the `allowed` visits, and how many are `left`; below 0: overdrawn."""

    count = serializers.IntegerField()
    allowed = serializers.FloatField()
    left = serializers.FloatField()
    used = serializers.FloatField()


def _each(one: type[serializers.Serializer[Any]], name: str) -> type[serializers.Serializer[Any]]:
    """Return a shape with one such object for each limit."""
    return type(name, (serializers.Serializer,), {limit: one() for limit in LIMITS})


NightShares = _each(SharesSerializer, "NightSharesSerializer")
Uses = _each(UseSerializer, "UsesSerializer")


class OutageSerializer(serializers.Serializer[Any]):
    """Visits in a row not in time. `year_used`: fractions of the year's limits; `at_worst`: if all pending fail."""

    starts_at = InstantField()
    ends_at = InstantField()
    first_visit = serializers.IntegerField()
    last_visit = serializers.IntegerField()
    delayed = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()
    unknown = serializers.IntegerField()
    year_used = serializers.DictField(child=serializers.FloatField())
    at_worst = serializers.DictField(child=serializers.FloatField())


class CountsSerializer(serializers.Serializer[Any]):
    eligible = serializers.IntegerField()
    in_time = serializers.IntegerField()
    delayed = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()
    unknown = serializers.IntegerField()
    not_eligible = serializers.IntegerField()


class NightBudgetSerializer(CountsSerializer):
    """`used` is of this night alone; `month_to_date` and `year_to_date` are sums up to and with it. `counts` is false
    before the budget starts: such a night is in no sum. `template_gaps` are among those not eligible.
    """

    day_obs = DayObsField()
    template_gaps = serializers.IntegerField()
    counts = serializers.BooleanField()
    used = NightShares()
    month_to_date = Uses()
    year_to_date = Uses()
    year_first = DayObsField(allow_null=True)
    year_last = DayObsField(allow_null=True)
    outages = OutageSerializer(many=True)


class NightRowSerializer(CountsSerializer):
    day_obs = DayObsField()
    counts = serializers.BooleanField()
    used = NightShares()


class BurnSerializer(serializers.Serializer[Any]):
    """How fast a limit goes now: in times the pace that a year bears, in a long and a short window."""

    limit = serializers.ChoiceField(choices=LIMITS)
    speed = serializers.ChoiceField(choices=["fast", "slow"])
    long_rate = serializers.FloatField()
    short_rate = serializers.FloatField()
    long_bad = serializers.IntegerField()
    short_bad = serializers.IntegerField()


class BudgetSerializer(serializers.Serializer[Any]):
    """Nights with visits, in order; `total` of those that count, as shares of one year's limits."""

    starts_on = DayObsField()
    planned_visits_per_year = serializers.FloatField()
    nights = NightRowSerializer(many=True)
    total = Uses()
    burn = BurnSerializer(many=True)


def counts_as_json(counts: Counts) -> dict[str, int]:
    return {
        "eligible": counts.eligible,
        "in_time": counts.in_time,
        "delayed": counts.delayed,
        "failed": counts.failed,
        "pending": counts.pending,
        "unknown": counts.unknown,
        "not_eligible": counts.not_eligible,
    }


def _shares(counts: Counts, terms: Terms) -> dict[str, dict[str, float]]:
    night, month, year = terms.by_night(counts), terms.by_month(counts), terms.by_year(counts)
    return {
        name: {
            "night": fraction(night[name].share),
            "month": fraction(month[name].share),
            "year": fraction(year[name].share),
        }
        for name in LIMITS
    }


def _uses(found: dict[str, Use]) -> dict[str, dict[str, float]]:
    return {
        name: {
            "count": use.count,
            "allowed": fraction(use.allowed),
            "left": fraction(use.left),
            "used": fraction(use.share),
        }
        for name, use in found.items()
    }


def _outage(one: Outage, terms: Terms) -> dict[str, Any]:
    counts = one.counts
    return {
        "starts_at": _instant(one.starts_at),
        "ends_at": _instant(one.ends_at),
        "first_visit": one.first,
        "last_visit": one.last,
        "delayed": counts.delayed,
        "failed": counts.failed,
        "pending": counts.pending,
        "unknown": counts.unknown,
        "year_used": {name: fraction(use.share) for name, use in terms.by_year(counts).items()},
        "at_worst": {name: fraction(use.share) for name, use in terms.by_year(one.at_worst).items()},
    }


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def night_as_json(found: NightBudget, outages: list[Outage]) -> dict[str, Any]:
    """Return a night as programs get it."""
    terms, year = found.terms, found.year
    return {
        "day_obs": sun.written(found.night),
        **counts_as_json(found.counts),
        "template_gaps": found.template_gaps,
        "counts": year is not None,
        "used": _shares(found.counts, terms),
        "month_to_date": _uses(terms.by_month(found.month_to_date)),
        "year_to_date": _uses(terms.by_year(found.year_to_date)),
        "year_first": sun.written(year.first) if year else None,
        "year_last": sun.written(year.last) if year else None,
        "outages": [_outage(one, terms) for one in outages],
    }


class NightBudgetView(APIView):
    """What one night used of the three limits. A night without visits has used nothing."""

    @extend_schema(
        operation_id="night_budget",
        summary="Visits of one night by verdict, and what they used of the 2 %, the 1 % and the 0.1 %",
        parameters=[DAY_OBS],
        responses={200: NightBudgetSerializer, **REFUSALS},
        tags=["nights"],
    )
    def get(self, request: Request, day_obs: str) -> Response:
        night = _night("day_obs", day_obs)
        now = clock.now()
        terms = Terms.of(limits.at(now))
        found = queries.night_budget(night, terms=terms)
        outages = queries.outages_of(night, terms=terms, now=now) if found.counts.visits else []
        return Response(night_as_json(found, outages))


class BudgetView(APIView):
    """Nights in a row, at most 800, and how fast the limits go now. Without a span: this year of the budget."""

    @extend_schema(
        operation_id="budget",
        summary="Every night with visits of a span, what each used, and all of them together",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.STR, description="First night, YYYYMMDD."),
            OpenApiParameter("to", OpenApiTypes.STR, description="Last night, YYYYMMDD, included."),
        ],
        responses={200: BudgetSerializer, **REFUSALS},
        tags=["nights"],
    )
    def get(self, request: Request) -> Response:
        now = clock.now()
        rows = limits.at(now)
        terms = Terms.of(rows)
        first, last = self._span(request, terms, now)
        nights = queries.counts_by_night(first, last + timedelta(days=1))
        counted = total(counts for night, counts in nights.items() if night >= terms.starts_on)
        burn = [("fast", queries.fast_of(terms, rows, now=now))]
        burn += [("slow", one) for one in queries.slow_of(terms, rows, now=now)]
        return Response(
            {
                "starts_on": sun.written(terms.starts_on),
                "planned_visits_per_year": fraction(terms.budget.planned),
                "nights": [
                    {
                        "day_obs": sun.written(night),
                        **counts_as_json(counts),
                        "counts": night >= terms.starts_on,
                        "used": _shares(counts, terms),
                    }
                    for night, counts in nights.items()
                ],
                "total": _uses(terms.by_year(counted)),
                "burn": [_burn(speed, one) for speed, one in burn],
            }
        )

    def _span(self, request: Request, terms: Terms, now: datetime) -> tuple[date, date]:
        asked = {name: request.query_params.get(name, "") for name in ("from", "to")}
        last = _night("to", asked["to"]) if asked["to"] else sun.day_obs(now)
        if asked["from"]:
            first = _night("from", asked["from"])
        else:
            year = terms.year_of(last)
            first = year.first if year else last
        if last < first:
            raise ValidationError({"to": [f"{sun.written(last)} is before {sun.written(first)}. Name a later night."]})
        if last - first > LONGEST:
            raise ValidationError({"to": [f"Too many nights. Ask for {LONGEST.days} at most."]})
        return first, last


def _night(field: str, text: str) -> date:
    try:
        return sun.read(text)
    except sun.NoSuchNight as error:
        raise ValidationError({field: [str(error)]}) from None


def _burn(speed: str, one: Burning) -> dict[str, Any]:
    def of(window: Window) -> float:
        return fraction(rate(window, one.limit))

    return {
        "limit": one.name,
        "speed": speed,
        "long_rate": of(one.long),
        "short_rate": of(one.short),
        "long_bad": one.long.bad,
        "short_bad": one.short.bad,
    }
