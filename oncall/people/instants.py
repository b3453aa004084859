"""Instants that people type, kept within the years in which every zone and every reader can show them."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

EARLIEST, LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class BoundInstant(forms.BoundField):
    """The browser's own picker; a line of text for a time that comes twice, since no picker knows an offset."""

    def as_widget(self, widget: forms.Widget | None = None, attrs: Any = None, only_initial: bool = False) -> Any:
        widget = widget or self.field.widget
        if isinstance(widget, forms.DateTimeInput) and has_offset(self.value()):
            widget = deepcopy(widget)
            widget.input_type = "text"
            widget.attrs.pop("step", None)
        return super().as_widget(widget, attrs, only_initial)


class InstantField(forms.DateTimeField):
    """A day and a time on the viewer's clock (oncall/people/middleware.py), from 1990 to 2099 in UTC.

    The last hours of year 9999 west of Greenwich are year 10000 in UTC, which Python cannot hold: one such row breaks
    every page that reads it. Give it a label: the error begins with it.

    An instant in the hour that comes twice is shown with its offset from UTC, and may be typed with one. Typed without,
    it is not guessed, as a rule of a rotation is: the error says both, and the first stands there to be sent.
    """

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        return BoundInstant(form, self, field_name)

    def prepare_value(self, value: Any) -> Any:
        local = _on_the_clock(value)
        if local is not None and _comes_twice(local):
            return _written(local)
        return super().prepare_value(value)

    def to_python(self, value: Any) -> datetime | None:
        try:
            instant: datetime | None = super().to_python(value)
        except ValidationError as error:
            if error.code != "ambiguous_timezone" or not error.params:
                raise
            raise ValidationError(self._why_not(error.params["datetime"]), code=error.code) from None
        return instant

    def clean(self, value: Any) -> datetime | None:
        instant: datetime | None = super().clean(value)
        if instant is not None and not EARLIEST <= instant < LATEST:
            raise ValidationError(
                f"{self.label}: “{value}” is too far away. Choose an instant from 1990 to 2099.", code="range"
            )
        return instant

    def _why_not(self, wall: datetime) -> str:
        """Say of a time that clocks show twice, or skip, what would be right."""
        zone = timezone.get_current_timezone()
        first = wall.replace(tzinfo=zone, fold=0)
        when = f"on {wall.day} {wall:%B %Y} in {zone}"
        if _comes_twice(first):
            second = first.replace(fold=1)
            return (
                f"{self.label}: {wall:%H:%M} comes twice {when}. Write {_written(first)} for the first time, "
                f"{_written(second)} for the second."
            )
        meant = first.astimezone(UTC).astimezone(zone)
        return (
            f"{self.label}: {wall:%H:%M} does not come {when}, where clocks are put forward. "
            f"Had they not been, it would be {meant:%H:%M}: write that, or another time."
        )


def has_offset(value: Any) -> bool:
    """Say whether this text is an instant with its offset from UTC."""
    found = _read(value)
    return found is not None and found.tzinfo is not None


def _read(value: Any) -> datetime | None:
    try:
        return parse_datetime(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _on_the_clock(value: Any) -> datetime | None:
    """Return an instant, or what was typed without an offset, on the viewer's clock; nothing for anything else."""
    if isinstance(value, datetime):
        return timezone.localtime(value) if timezone.is_aware(value) else None
    typed = _read(value)
    if typed is None or typed.tzinfo is not None:
        return None
    return typed.replace(tzinfo=timezone.get_current_timezone())


def _comes_twice(local: datetime) -> bool:
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


def _written(local: datetime) -> str:
    return local.isoformat(timespec="seconds" if local.second else "minutes")
