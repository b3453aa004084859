"""What somebody types to ask for leave: days on the person's own calendar, with times or without."""

import re
from datetime import date, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from oncall.people.models import Person
from rotations.changes.words import whole_days
from rotations.night.wall import wall_instant

FIRST_DAY, LAST_DAY = date(1990, 1, 2), date(2099, 12, 30)
MOST_WORDS = 300
LENGTH = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


def _time(label: str, help_text: str) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, help_text=help_text, widget=widget)


class LeaveForm(forms.Form):
    """A clean form has `person`, `starts_at`, `ends_at` and `note`."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), label="Who", empty_label=None)
    first_day = _day("First day")
    last_day = _day("Last day")
    from_time = _time("From", "Empty: the whole first day.")
    until_time = _time("Until", "Empty: the whole last day.")
    note = forms.CharField(max_length=MOST_WORDS, required=False, help_text="Your manager reads it.")
    knows = forms.BooleanField(required=False, widget=forms.HiddenInput)  # of the shifts that it leaves uncovered

    FIELD_OF = {"starts_at": "first_day", "ends_at": "last_day"}  # where a refusal is shown

    def __init__(self, data: Any = None, *, viewer: Person, people: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.viewer = viewer
        if people.exclude(pk=viewer.pk).exists():
            self.fields["person"].queryset = people  # type: ignore[attr-defined]
            self.fields["person"].initial = viewer.pk
            self.fields["first_day"].help_text = f"On their own calendar; yours is {viewer.time_zone}."
        else:
            del self.fields["person"]
            self.fields["first_day"].help_text = f"On the calendar of {viewer.time_zone}."

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = self.cleaned_data
        first, last = asked.pop("first_day", None), asked.pop("last_day", None)
        start, end = asked.pop("from_time", None), asked.pop("until_time", None)
        person: Person | None = asked.setdefault("person", self.viewer) if "person" not in self.errors else None
        if not (first and last and person):
            return asked
        for name, day in (("first_day", first), ("last_day", last)):
            if not FIRST_DAY <= day <= LAST_DAY:
                self.add_error(name, "That is too far away. Choose a day from 1990 to 2099.")
                return asked
        if last < first:
            raise ValidationError({"last_day": "The last day is before the first. Choose a later one."})
        asked["starts_at"], asked["ends_at"] = whole_days(first, last, zone=person.zone)
        if isinstance(start, time):
            asked["starts_at"] = wall_instant(first, start, person.zone)
        if isinstance(end, time):
            asked["ends_at"] = wall_instant(last, end, person.zone)
        return asked

    def show(self, field: str, message: str) -> None:
        """Put a refusal where its field is."""
        name = self.FIELD_OF.get(field, field)
        self.add_error(name if name in self.fields else None, message)


class NotTakenForm(forms.Form):
    """How much of approved leave was not taken, as h:mm or h:mm:ss, and why. A clean form has `seconds`."""

    seconds = forms.CharField(label="Not taken", max_length=20, help_text="Hours and minutes, such as 2:30.")
    reason = forms.CharField(max_length=MOST_WORDS, help_text="They will read it.")
    taken_s = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)

    def clean_seconds(self) -> int:
        found = LENGTH.fullmatch(self.cleaned_data["seconds"])
        if found is None:
            raise ValidationError("Write hours and minutes, such as 2:30 or 0:45:30.")
        hours, minutes, rest = (int(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + rest
