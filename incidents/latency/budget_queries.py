"""What has been used of the budgets: by night, month and year, by outage, and how fast it goes now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q

from incidents.latency.budget import (
    LATE,
    Budget,
    Counts,
    Use,
    Year,
    lost_in,
    month_of,
    total,
    uses,
    year_of,
)
from incidents.latency.burn import Rule, Window
from incidents.latency.models import Verdict, Visit
from incidents.latency.outages import Outage, Seen, outages, within
from oncall.limits.queries import Limits
from oncall.people.instants import LATEST
from rotations.night import sun

FIRST_NIGHT = date(sun.FIRST_YEAR, 1, 1)
NIGHT = timedelta(days=1)
LONGEST_SPAN = timedelta(hours=24)  # of which an alarm's cost is told


def number_of(night: date) -> int:
    """Return a night as visits carry it: 20270620."""
    return int(sun.written(night))


def night_of(day_obs: int) -> date:
    return date(day_obs // 10_000, day_obs // 100 % 100, day_obs % 100)


@dataclass(frozen=True)
class Terms:
    """The numbers of budgets and outages in force at an instant."""

    budget: Budget
    starts_on: date
    ends_after: int  # visits in time that end an outage
    gap: timedelta
    cadence: timedelta
    overdue: timedelta
    failed_after: timedelta

    @classmethod
    def of(cls, limits: Limits) -> "Terms":
        return cls(
            budget=Budget(
                late=limits.number("budget_late_share"),
                delayed=limits.number("budget_delayed_share"),
                failed=limits.number("budget_failed_share"),
                planned=limits.number("planned_visits_per_year"),
            ),
            starts_on=_night_written(limits.count("budget_starts_on")),
            ends_after=limits.count("outage_ends_after_visits"),
            gap=limits.span("outage_gap_s"),
            cadence=limits.span("visit_cadence_s"),
            overdue=limits.span("burn_overdue_s"),
            failed_after=limits.span("visit_failed_after_s"),
        )

    @property
    def cadence_s(self) -> Decimal:
        return Decimal(str(self.cadence.total_seconds()))

    def by_night(self, counts: Counts) -> dict[str, Use]:
        return uses(counts, self.budget, of=counts.eligible)

    def by_month(self, counts: Counts) -> dict[str, Use]:
        return uses(counts, self.budget, of=self.budget.month)

    def by_year(self, counts: Counts) -> dict[str, Use]:
        return uses(counts, self.budget, of=self.budget.planned)

    def year_of(self, night: date) -> Year | None:
        return year_of(night, starts_on=self.starts_on)


def _night_written(number: int) -> date:
    """Return a limit that is a night. One that is none (set past its form) lets the budget begin with everything."""
    try:
        return sun.read(str(number))
    except sun.NoSuchNight:
        return FIRST_NIGHT


# --- Counts -----------------------------------------------------------------------------------------------------------


def counts_by_night(first: date, end: date) -> dict[date, Counts]:
    """Return the visits of each night with any, from `first` on and before `end`, in order.

    The index on night and verdict answers it alone, as long as rows are counted and not one of their other columns: a
    year of 300,000 visits in some 50 ms.
    """
    found: dict[int, dict[str, int]] = {}
    rows = (
        Visit.objects.filter(day_obs__gte=number_of(first), day_obs__lt=number_of(end))
        .order_by("day_obs", "verdict")
        .values_list("day_obs", "verdict")
        .annotate(n=Count("*"))
    )
    for day_obs, verdict, number in rows:
        found.setdefault(day_obs, {})[verdict] = number
    return {night_of(day_obs): Counts(**numbers) for day_obs, numbers in found.items() if _is_night(day_obs)}


def _is_night(day_obs: int) -> bool:
    try:
        night_of(day_obs)
    except ValueError:
        return False
    return True


def reasons_of(night: date) -> dict[str, int]:
    """Return how many visits of a night do not count, by what makes it so."""
    rows = Visit.objects.filter(day_obs=number_of(night), verdict=Verdict.NOT_ELIGIBLE).order_by("why")
    return dict(rows.values_list("why").annotate(n=Count("pk")))


def neighbours(night: date) -> tuple[date | None, date | None]:
    """Return the nights with visits before and after this one."""
    rows = Visit.objects.order_by()
    before = rows.filter(day_obs__lt=number_of(night)).order_by("-day_obs").values_list("day_obs", flat=True).first()
    after = rows.filter(day_obs__gt=number_of(night)).order_by("day_obs").values_list("day_obs", flat=True).first()
    return (night_of(before) if before else None), (night_of(after) if after else None)


@dataclass(frozen=True)
class NightBudget:
    """A night, and the month and year of the budget up to and with it. `year` None: before the budget started, so the
    night counts in no sum.
    """

    night: date
    counts: Counts
    terms: Terms
    year: Year | None
    month_to_date: Counts
    year_to_date: Counts
    template_gaps: int

    @property
    def by_night(self) -> dict[str, Use]:
        return self.terms.by_night(self.counts)

    @property
    def by_month(self) -> dict[str, Use]:
        return self.terms.by_month(self.counts)

    @property
    def by_year(self) -> dict[str, Use]:
        return self.terms.by_year(self.counts)


def night_budget(night: date, *, terms: Terms) -> NightBudget:
    """Return what a night used, and all of its month and year so far. Three queries."""
    year = terms.year_of(night)
    month, _ = month_of(night)
    nights = counts_by_night(min(year.first, night) if year else night, night + NIGHT)
    counted = [(day, counts) for day, counts in nights.items() if year]
    return NightBudget(
        night=night,
        counts=nights.get(night, Counts()),
        terms=terms,
        year=year,
        month_to_date=total(counts for day, counts in counted if day >= month) + _before(year, month, terms),
        year_to_date=total(counts for _, counts in counted),
        template_gaps=reasons_of(night).get("template_gap", 0),
    )


def _before(year: Year | None, month: date, terms: Terms) -> Counts:
    """Return what the same month has from the year before, where the budget's year turned within it."""
    if year is None or year.first <= month or year.number == 1:
        return Counts()
    return total(counts_by_night(max(month, terms.starts_on), year.first).values())


# --- Outages ----------------------------------------------------------------------------------------------------------


def outages_of(night: date, *, terms: Terms, now: datetime) -> list[Outage]:
    rows = Visit.objects.filter(day_obs=number_of(night))
    return _outages(rows.filter(_due(terms, now)).values_list("visit_id", "end_readout", "verdict"), terms)


def _due(terms: Terms, now: datetime) -> Q:
    """Eligible visits that are decided, or whose alarm limit has passed."""
    return ~Q(verdict__in=[Verdict.NOT_ELIGIBLE, Verdict.PENDING]) | Q(
        verdict=Verdict.PENDING, end_readout__lte=now - terms.overdue
    )


def _outages(rows: Iterable[tuple[int, datetime, str]], terms: Terms) -> list[Outage]:
    return outages((Seen(*row) for row in rows), ends_after=terms.ends_after, gap=terms.gap, cadence=terms.cadence)


@dataclass(frozen=True)
class Cost:
    """What went wrong while something was wrong, from `starts_at` to `ends_at`, as shares of the year.

    `counts`: the visits of the outages, each whole; `at_worst`: if nothing that is pending is caught up; `unseen`: how
    many visits such a span has at the usual cadence, where none was reported (the link was cut).
    """

    starts_at: datetime
    ends_at: datetime
    outages: list[Outage]
    counts: Counts
    at_worst: Counts
    terms: Terms

    @property
    def by_year(self) -> dict[str, Use]:
        return self.terms.by_year(self.counts)

    @property
    def worst(self) -> dict[str, Use]:
        return self.terms.by_year(self.at_worst)

    @property
    def lost(self) -> int:
        return sum(one.visits for one in self.outages)

    @property
    def unseen(self) -> int:
        return 0 if self.outages else int(lost_in(self.ends_at - self.starts_at, cadence_s=self.terms.cadence_s))


def cost_of(starts: datetime, ends: datetime, *, terms: Terms, now: datetime) -> Cost:
    """Return what the outages cost that overlap `starts` to `ends` (of an alarm: when it fired and was resolved).

    Each counts whole, as on the page of its night: also what it lost before the alarm fired and after it was resolved.
    Of a longer span the first 24 hours. One query, over the visits of its nights (three at most).
    """
    since, ends = starts - terms.overdue, min(max(ends, starts), starts + LONGEST_SPAN)
    nights = [number_of(sun.day_obs(instant)) for instant in (since, ends)]
    rows = Visit.objects.filter(_due(terms, now), day_obs__range=nights)
    found = within(
        _outages(rows.values_list("visit_id", "end_readout", "verdict"), terms),
        since,
        ends + timedelta(microseconds=1),
    )
    return Cost(
        starts_at=starts,
        ends_at=ends,
        outages=found,
        counts=total(one.counts for one in found),
        at_worst=total(one.at_worst for one in found),
        terms=terms,
    )


# --- Burn -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Burning:
    """What one limit loses in the long and the short window of a rule; `limit` as a fraction of the visits."""

    name: str
    limit: Decimal
    long: Window
    short: Window


def rule_of(limits: Limits, speed: str) -> Rule:
    """Return the rule for `fast` or `slow`."""
    return Rule(share=limits.number(f"burn_{speed}_share"), rate=limits.number(f"burn_{speed}_rate"))


FAST = """
    SELECT count(*) FILTER (WHERE decided), count(*) FILTER (WHERE bad),
           count(*) FILTER (WHERE decided AND lately), count(*) FILTER (WHERE bad AND lately)
      FROM (SELECT verdict = 'in_time' OR bad AS decided, bad, end_readout > %(short)s AS lately
              FROM (SELECT verdict, end_readout, verdict IN ('delayed', 'failed') OR (
                               verdict = 'pending' AND greatest(end_readout, received_at) <= %(overdue)s) AS bad
                      FROM latency_visit WHERE end_readout > %(long)s AND end_readout <= %(now)s) AS taken) AS seen
"""

SLOW = """
    SELECT count(*) FILTER (WHERE in_long), count(*) FILTER (WHERE in_long AND late),
           count(*) FILTER (WHERE in_short), count(*) FILTER (WHERE in_short AND late),
           count(*) FILTER (WHERE in_long), count(*) FILTER (WHERE in_long AND verdict = 'delayed'),
           count(*) FILTER (WHERE in_short), count(*) FILTER (WHERE in_short AND verdict = 'delayed'),
           count(*) FILTER (WHERE was_long), count(*) FILTER (WHERE was_long AND verdict = 'failed'),
           count(*) FILTER (WHERE was_short), count(*) FILTER (WHERE was_short AND verdict = 'failed')
      FROM (SELECT verdict, verdict IN ('delayed', 'failed') AS late, end_readout > %(long)s AS in_long,
                   end_readout > %(short)s AS in_short,
                   end_readout > %(was_long)s AND end_readout <= %(settled)s AS was_long,
                   end_readout > %(was_short)s AND end_readout <= %(settled)s AS was_short
              FROM latency_visit
             WHERE end_readout > %(first)s AND end_readout <= %(now)s AND received_at <= %(heard_by)s
               AND verdict IN ('in_time', 'delayed', 'failed')
           ) AS seen
"""


def fast_of(terms: Terms, limits: Limits, *, now: datetime) -> Burning:
    """Return how fast visits are late now, with those that have sent nothing at the alarm limit: they will not be in
    time any more. One query over the index by time, each half minute; what is yet to come is not in it.
    """
    bounds = {
        "now": now,
        "long": now - limits.span("burn_fast_long_s"),
        "short": now - limits.span("burn_fast_short_s"),
        "overdue": now - terms.overdue,
    }
    (burning,) = _burning(FAST, bounds, {LATE: terms.budget.late})
    return burning


def slow_of(terms: Terms, limits: Limits, *, now: datetime, heard_by: datetime = LATEST) -> list[Burning]:
    """Return how each limit goes over days. Visits fail a day after they were taken, so of these the windows end a day
    ago. `heard_by`: leave out visits that we first heard of later. One query.
    """
    long, short = limits.span("burn_slow_long_s"), limits.span("burn_slow_short_s")
    settled = now - terms.failed_after
    bounds = {
        "now": now,
        "heard_by": heard_by,
        "settled": settled,
        "long": now - long,
        "short": now - short,
        "was_long": settled - long,
        "was_short": settled - short,
        "first": settled - max(long, short),
    }
    return _burning(SLOW, bounds, terms.budget.shares())


def _burning(statement: str, bounds: dict[str, datetime], shares: dict[str, Decimal]) -> list[Burning]:
    """Ask for eligible and bad visits of a long and a short window, four numbers for each limit."""
    with connection.cursor() as cursor:
        cursor.execute(statement, bounds)
        row = cursor.fetchone()
    fours = [row[place : place + 4] for place in range(0, len(row), 4)]
    return [
        Burning(name, share, Window(four[0], four[1]), Window(four[2], four[3]))
        for (name, share), four in zip(shares.items(), fours, strict=True)
    ]


# --- A night, visit by visit ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timed:
    """A visit and when its alerts went, in seconds after the end of readout; None: nothing was sent."""

    visit_id: int
    end_readout: datetime
    instrument: str
    survey_block: str
    band: str
    verdict: str
    why: str
    sent: int | None
    sent_within_limit: int | None
    first_s: float | None
    last_s: float | None
    stage: str


VISITS = """
    SELECT v.visit_id, v.end_readout, v.instrument, v.survey_block, v.band, v.verdict, v.why, d.sent,
           d.sent_within_limit, extract(epoch FROM d.first_sent_at - v.end_readout)::float,
           extract(epoch FROM d.last_sent_at - v.end_readout)::float, coalesce(d.stage, '')
      FROM latency_visit v LEFT JOIN latency_delivery d ON d.visit_id = v.visit_id
     WHERE v.day_obs = %s ORDER BY v.end_readout, v.visit_id
"""


def visits_of(night: date) -> list[Timed]:
    """Return every visit of a night with its latency, in order of time. One query."""
    with connection.cursor() as cursor:
        cursor.execute(VISITS, [number_of(night)])
        return [Timed(*row) for row in cursor.fetchall()]
