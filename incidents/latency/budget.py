"""PURE. How much of what may go wrong has gone wrong: three limits, counted in visits, by night, month and year.

Our reading of LSR-REQ-0025 and OSS-REQ-0112. Of the 2 % a visit uses one when it is not in time, of the 1 % when it is
delayed, of the 0.1 % when it failed. A year has the visits that are planned for it, a month a twelfth of them, a night
its own eligible ones. Pending and unknown visits use nothing. Shares are fractions of a limit, as Decimal; only a
display rounds them, half up to one decimal. Source: domain.md 5.4; rows R13, R14.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

LATE, DELAYED, FAILED = LIMITS = ("late_2", "delayed_1", "failed_01")
MONTHS = 12
ONE_DECIMAL = Decimal("0.1")


@dataclass(frozen=True)
class Counts:
    """Visits by verdict."""

    in_time: int = 0
    delayed: int = 0
    failed: int = 0
    pending: int = 0
    unknown: int = 0
    not_eligible: int = 0

    @property
    def eligible(self) -> int:
        return self.in_time + self.delayed + self.failed + self.pending + self.unknown

    @property
    def visits(self) -> int:
        return self.eligible + self.not_eligible

    @property
    def late(self) -> int:
        """Not in time, and known to be: what uses the 2 %."""
        return self.delayed + self.failed

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True)
class Budget:
    """The limits, each a fraction of the visits, and how many eligible visits a year is planned to have."""

    late: Decimal = Decimal("0.02")
    delayed: Decimal = Decimal("0.01")
    failed: Decimal = Decimal("0.001")
    planned: Decimal = Decimal(300_000)

    @property
    def month(self) -> Decimal:
        """A twelfth of the year, whatever the month (own choice: nights differ in length, years do not)."""
        return self.planned / MONTHS

    def shares(self) -> dict[str, Decimal]:
        return {LATE: self.late, DELAYED: self.delayed, FAILED: self.failed}


@dataclass(frozen=True)
class Use:
    """What has been used of one limit: `count` of the `allowed` visits."""

    count: int
    allowed: Decimal

    @property
    def share(self) -> Decimal:
        """A fraction of the limit, more than 1 where it is overdrawn. Of a limit of nothing, one visit uses all."""
        if self.allowed > 0:
            return self.count / self.allowed
        return Decimal(min(self.count, 1))

    @property
    def left(self) -> Decimal:
        """Visits that may still go wrong; negative where the limit is overdrawn."""
        return self.allowed - self.count

    @property
    def percent(self) -> Decimal:
        return percent(self.share)


def used(counts: Counts) -> dict[str, int]:
    """Return how many visits use each limit."""
    return {LATE: counts.late, DELAYED: counts.delayed, FAILED: counts.failed}


def uses(counts: Counts, budget: Budget, *, of: Decimal | int) -> dict[str, Use]:
    """Return what `counts` use of each limit, where the limits are taken of so many visits: `counts.eligible` for a
    night, `budget.month`, `budget.planned` for a year.
    """
    spent = used(counts)
    return {name: Use(spent[name], share * of) for name, share in budget.shares().items()}


def percent(share: Decimal) -> Decimal:
    """Return a fraction in percent, rounded half up to one decimal: 243 of 6,000 are 4.1."""
    return (share * 100).quantize(ONE_DECIMAL, rounding=ROUND_HALF_UP)


def fraction(share: Decimal) -> float:
    """Return a fraction as programs get it, to nine decimals."""
    return float(round(share, 9))


def lost_in(span: timedelta, *, cadence_s: Decimal) -> Decimal:
    """Return how many visits a telescope takes in `span`, at one each `cadence_s` seconds."""
    return Decimal(span // timedelta(microseconds=1)) / 1_000_000 / cadence_s if cadence_s > 0 else Decimal(0)


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


# --- Years and months of the budget -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Year:
    """Nights from `first` on and before `end`, and which one it is since the budget began: 1, 2, ..."""

    number: int
    first: date
    end: date

    def __contains__(self, night: date) -> bool:
        return self.first <= night < self.end

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)


def year_of(night: date, *, starts_on: date) -> Year | None:
    """Return the year of the budget that `night` (a day_obs) lies in; None before the budget starts.

    Years run from anniversary to anniversary of `starts_on`; of a 29 February, 1 March where there is none.
    """
    if night < starts_on:
        return None
    years = night.year - starts_on.year
    if _anniversary(starts_on, years) > night:
        years -= 1
    return Year(years + 1, _anniversary(starts_on, years), _anniversary(starts_on, years + 1))


def _anniversary(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def month_of(night: date) -> tuple[date, date]:
    """Return the first night of the calendar month of `night`, and of the next."""
    first = night.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
