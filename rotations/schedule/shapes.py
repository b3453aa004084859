"""The public shapes of instants and lists: RFC 3339 in UTC, `{"next", "previous", "results"}` by cursor."""

import re
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from oncall.people.instants import EARLIEST, LATEST

# RFC 3339, in which seconds may be left out here; Python reads weeks, commas and hours alone too.
WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)
EATEN_PLUS = re.compile(r" (\d\d:\d\d)$")  # a "+" in an address that nobody wrote as %2B


@extend_schema_field(OpenApiTypes.DATETIME)
class InstantField(serializers.DateTimeField):
    """An instant with its offset, from 1990 to 2099; answered in UTC. Without an offset it would be anybody's guess."""

    default_error_messages = {
        "invalid": "Write an instant such as 2027-03-20T23:45:00Z.",
        "no_offset": "Say in which zone: end it with Z for UTC or with an offset such as +01:00.",
        "range": "Write an instant between 1990 and 2099.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str):
            value = EATEN_PLUS.sub(r"+\1", value).upper()
            if not WRITTEN.fullmatch(value):
                self.fail("invalid")
        instant = super().to_internal_value(value)
        if not EARLIEST <= instant < LATEST:
            self.fail("range")
        return instant

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        return super().enforce_timezone(value)


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d$", "example": "09:00"})
class WallTimeField(serializers.TimeField):
    """A time on a wall clock, HH:MM: no zone of its own, so it is no RFC 3339 time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%H:%M", **kwargs)
