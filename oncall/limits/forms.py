"""A new value for a limit, typed on the viewer's own clock."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from oncall.limits.models import Limit
from oncall.people.instants import EARLIEST, LATEST, InstantField

SHARE = "This is a share of 1: write a number above 0 and up to 1, such as 0.98 for 98 %."
MOST = Decimal(1_000_000_000)  # of anything: what is kept beside a row is an integer of 32 bits
BY_UNIT = {  # from, to, and how to write it
    "of 1": (Decimal("0.0001"), Decimal(1), SHARE),
    "share": (Decimal("0.0001"), Decimal(1), SHARE),
    "severity": (Decimal(1), Decimal(5), "Write a severity, from 1, the worst, to 5."),
    "h/h": (Decimal(0), Decimal(10), "Write hours of leave per hour worked, from 0 to 10, such as 1.5."),
    "yes/no": (Decimal(0), Decimal(1), "Write 1 for yes or 0 for no."),
}
WHOLE = {"severity": "severities", "yes/no": "yes and no"}  # units that have no fractions
BY_NAME = {  # what would let no visit count, or every one fail
    "visit_alerts_at_most": (1, "With 0 no visit with alerts would count. Write 1 or more."),
    "visit_failed_after_s": (120, "Before the alarm limit nothing has failed. Write 120 s or more."),
    "planned_visits_per_year": (1, "Shares of a year are taken of it. Write 1 or more."),
    "outage_ends_after_visits": (1, "Write how many visits in time end an outage, 1 or more."),
    "latency_good_visits": (1, "Write how many visits in time end an alarm, 1 or more."),
    "credit_rounding_s": (1, "Credit is in whole seconds. Write 1 or more."),
    "burden_over_days": (1, "Write 1 to 400 days."),
}
AT_MOST = {"burden_over_days": 400, "credit_rounding_s": 86400, "credit_minimum_s": 86400}
# What may begin in the past: nothing that was posted changes by it; whoever manages everybody asks for a recomputation.
FROM_THE_PAST = (
    "credit_multiplier", "credit_multiplier_night", "credit_multiplier_evening", "credit_multiplier_weekend",
    "credit_multiplier_holiday", "credit_multiplier_day_off", "credit_minimum_s", "credit_rounding_s",
    "credit_in_own_shift", "out_of_hours_by_team",
)  # fmt: skip


def why_not(value: Decimal, *, name: str, unit: str) -> str:
    """Return why a limit cannot have this value, and what to write; nothing if it can. `value` is 0 or more."""
    shown = f"{value.normalize():f}"
    if unit == "day_obs":
        return "" if _is_night(shown) else f"“{shown}” is no night. Write YYYYMMDD from 1990 on, such as 20260224."
    least, most, remedy = BY_UNIT.get(unit, (Decimal(0), MOST, f"Write {MOST:,} or less."))
    if not least <= value <= most:
        return f"“{shown}” is out of bounds. {remedy}"
    if unit in WHOLE and value != value.to_integral_value():
        return f"“{shown}” is between two {WHOLE[unit]}. {remedy}" if unit == "severity" else f"“{shown}”? {remedy}"
    own, remedy = BY_NAME.get(name, (0, ""))
    if value > AT_MOST.get(name, MOST):
        return f"“{shown}” is too much. Write {AT_MOST[name]} or less."
    return f"“{shown}” is too little. {remedy}" if value < own else ""


def _is_night(text: str) -> bool:
    try:
        day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return len(text) == 8 and EARLIEST <= day < LATEST


class LimitForm(forms.Form):
    value = forms.DecimalField(min_value=Decimal(0), max_digits=14, decimal_places=4, label="New value")
    effective_from = InstantField(
        required=False,
        label="From",
        help_text="Your local time; empty: now. What was before stays as it was.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    source = forms.CharField(max_length=200, label="Why", help_text="Where the number comes from, or who decided it.")

    def __init__(self, *args: Any, now: datetime, name: str = "", unit: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now, self.name, self.unit = now, name, unit

    def clean_value(self) -> Decimal:
        value: Decimal = self.cleaned_data["value"]
        if why := why_not(value, name=self.name, unit=self.unit):
            raise ValidationError(why)
        return value

    def clean_effective_from(self) -> datetime:
        start: datetime = self.cleaned_data["effective_from"] or self.now
        if start < self.now and self.name in FROM_THE_PAST:
            rows = Limit.objects.filter(name=self.name)
            if not rows.filter(effective_from__lt=start).exists():
                raise ValidationError("Nothing was in force before that instant. Choose a later one.")
            if rows.filter(effective_from=start).exists():
                raise ValidationError("Another value begins at that instant, and it stays as it was. Choose another.")
        elif start < self.now:
            raise ValidationError("This instant is past, and the past stays as it was. Choose a later one, or none.")
        return start
