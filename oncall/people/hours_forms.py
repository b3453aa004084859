"""What people type about work hours: one's own from now on, hours from a date on, a new calendar."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from oncall.people.forms import Hours, check_place
from oncall.people.models import WorkCalendar

DAYS = [(1, "Monday"), (2, "Tuesday"), (3, "Wednesday"), (4, "Thursday"), (5, "Friday"), (6, "Saturday"), (7, "Sunday")]
FIRST, LAST = date(1990, 1, 2), date(2099, 12, 30)


class Day(forms.DateInput):
    """The browser's own picker of a day."""

    input_type = "date"


class TermForm(Hours):
    """Hours from a day on: until others are written down, or for a stay."""

    first_day = forms.DateField(label="From", widget=Day(format="%Y-%m-%d"), help_text="From midnight there.")
    last_day = forms.DateField(
        label="Until",
        required=False,
        widget=Day(format="%Y-%m-%d"),
        help_text="For a stay somewhere else: its last day. Empty: until other hours are written down.",
    )
    reason = forms.CharField(max_length=200, required=False, label="Why", help_text="Such as: works 60 % from June on.")
    field_order = ("first_day", "last_day", "time_zone", "calendar", "country", "subdivision", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name in ("first_day", "last_day"):
            if cleaned.get(name) and not FIRST <= cleaned[name] <= LAST:
                self.add_error(name, f"{cleaned[name]} is too far away. Choose a day from 1990 to 2099.")
        if self.errors:
            return cleaned
        if cleaned["last_day"] and cleaned["last_day"] < cleaned["first_day"]:
            self.add_error("last_day", "It would end before it begins. Choose a later day, or none.")
            return cleaned
        cleaned["starts_at"] = _midnight(cleaned["first_day"], cleaned["time_zone"])
        after = cleaned["last_day"] + timedelta(days=1) if cleaned["last_day"] else None
        cleaned["ends_at"] = _midnight(after, cleaned["time_zone"]) if after else None
        return cleaned

    @property
    def term(self) -> dict[str, Any]:
        """What `hours.add_term` wants to know."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("first_day", "last_day")}


class CalendarForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new calendar; one that exists is not changed, because credit may hang on it."""

    work_days = forms.TypedMultipleChoiceField(
        choices=DAYS, coerce=int, widget=forms.CheckboxSelectMultiple, initial=[1, 2, 3, 4, 5], label="Work days"
    )
    starts = forms.TimeField(
        initial="09:00", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), label="From"
    )
    ends = forms.TimeField(
        initial="17:00",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        label="Until",
        help_text="00:00 is midnight, the end of the day.",
    )

    class Meta:
        model = WorkCalendar
        fields = ["name", "work_days", "starts", "ends", "time_zone", "country", "subdivision"]
        help_texts = {
            "name": "What it is called: Chile, early night; Monday to Wednesday.",
            "time_zone": "Of a team's clock. A person's hours are read on their own clock.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = Hours()
        for name in ("time_zone", "country", "subdivision"):
            self.fields[name] = place.fields[name]
        self.fields["time_zone"].help_text = self.Meta.help_texts["time_zone"]
        self.fields["country"].choices = [  # type: ignore[attr-defined]
            ("", "None"),
            *self.fields["country"].choices[1:],  # type: ignore[attr-defined]
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts"), cleaned.get("ends")
        if starts and ends is not None and ends != time(0) and ends <= starts:
            self.add_error("ends", f"{ends:%H:%M} is not after {starts:%H:%M}. Choose a later end; 00:00 is midnight.")
        check_place(self, cleaned)
        return cleaned


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)
