"""What a limit is at an instant."""

from datetime import datetime, timedelta
from decimal import Decimal

from oncall.limits.models import Limit


class UnknownLimit(Exception):
    """No row of that name is in force. Every name is seeded by a migration, so this is a defect."""


class Limits:
    """The numbers in force at one instant, read in one query."""

    def __init__(self, values: dict[str, Decimal]) -> None:
        self._values = values

    def number(self, name: str) -> Decimal:
        """Return the value of `name` in its unit.

        :raises UnknownLimit: if no such row is in force.
        """
        try:
            return self._values[name]
        except KeyError:
            raise UnknownLimit(f"No limit named {name} is in force.") from None

    def span(self, name: str) -> timedelta:
        """Return a limit that is kept in seconds as a span of time."""
        return timedelta(seconds=float(self.number(name)))

    def count(self, name: str) -> int:
        return int(self.number(name))


def at(instant: datetime) -> Limits:
    """Return every limit in force at `instant`: for each name the newest row that is not in the future."""
    rows = Limit.objects.filter(effective_from__lte=instant).order_by("name", "-effective_from").distinct("name")
    return Limits(dict(rows.values_list("name", "value")))


_lately: tuple[datetime, Limits] | None = None  # of this process
LATELY = timedelta(seconds=1)


def lately(instant: datetime) -> Limits:
    """Return every limit in force at `instant`, or up to a second before it: for edges that are asked many times a
    second. A limit that is changed counts there a second later.
    """
    global _lately
    if _lately is None or not timedelta() <= instant - _lately[0] < LATELY:
        _lately = (instant, at(instant))
    return _lately[1]


def forget() -> None:
    """Ask anew the next time: for tests, whose rows come and go."""
    global _lately
    _lately = None
