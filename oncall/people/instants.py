"""Instants that people type, kept within the years in which every zone and every reader can show them."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class InstantField(forms.DateTimeField):
    """A day and a time on the viewer's clock (oncall/people/middleware.py), from 1990 to 2099 in UTC.

    The last hours of year 9999 west of Greenwich are year 10000 in UTC, which Python cannot hold: one such row breaks
    every page that reads it. Give it a label: the error begins with it.
    """

    def clean(self, value: Any) -> datetime | None:
        instant: datetime | None = super().clean(value)
        if instant is not None and not EARLIEST <= instant < LATEST:
            raise ValidationError(
                f"{self.label}: “{value}” is too far away. Choose an instant from 1990 to 2099.", code="range"
            )
        return instant
