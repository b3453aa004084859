"""A new value for a limit, typed on the viewer's own clock."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from oncall.people.instants import InstantField


class LimitForm(forms.Form):
    value = forms.DecimalField(min_value=Decimal(0), max_digits=14, decimal_places=4, label="New value")
    effective_from = InstantField(
        required=False,
        label="From",
        help_text="Your local time; empty: now. What was before stays as it was.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    source = forms.CharField(max_length=200, label="Why", help_text="Where the number comes from, or who decided it.")

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def clean_effective_from(self) -> datetime:
        start: datetime = self.cleaned_data["effective_from"] or self.now
        if start < self.now:
            raise ValidationError("This instant is past, and the past stays as it was. Choose a later one, or none.")
        return start
