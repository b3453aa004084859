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
