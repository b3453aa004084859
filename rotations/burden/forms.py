"""What somebody asks about burden: whose, over which days; and who could take which span."""

from datetime import date, timedelta
from typing import Any

from django import forms

from oncall.people.models import Person, Team
from rotations.burden.suggestions import LONGEST as LONGEST_TAKEN
from rotations.changes.forms import moment, people_of, roles_of
from rotations.coverage.quality_queries import LONGEST
from rotations.coverage.swap_forms import instant_of
from rotations.schedule.models import Role, Schedule

DAY = timedelta(days=1)
FIRST, LAST = date(1990, 2, 1), date(2099, 11, 30)


class BurdenForm(forms.Form):
    """Days of the viewer's clock, both included. `from` is a Python word, so the fields are made by hand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        day = forms.DateInput(attrs={"type": "date"})
        self.fields["from"] = forms.DateField(label="From", required=False, widget=day)
        self.fields["until"] = forms.DateField(label="Up to and with", required=False, widget=day)
        self.fields["team"] = forms.ModelChoiceField(
            Team.objects.all(), to_field_name="slug", required=False, empty_label="All teams"
        )
        self.fields["schedule"] = forms.ModelChoiceField(
            Schedule.objects.all(), required=False, empty_label="All schedules"
        )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name in ("from", "until"):
            day = found.get(name)
            if day is not None and not FIRST <= day <= LAST:
                self.add_error(name, f"Choose a day from {FIRST:%Y} to {LAST:%Y}.")
        since, until = found.get("from"), found.get("until")
        if since and until and until < since:
            self.add_error("until", "That is before the first day. Choose a later one.")
        if since and until and (until - since) + DAY > LONGEST:
            self.add_error("until", f"Choose {LONGEST.days} days at most.")
        return found


class SpanForm(forms.Form):
    """A span of a role, as the forms that arrange it have it, or a link: who could take it?"""

    role = forms.ChoiceField()
    starts_at = moment("From")
    ends_at = moment("Until")

    def __init__(self, data: Any, *, schedule: Schedule, viewer: Person) -> None:
        # An instant of a link stays one; what is typed is read on the clock of who looks.
        given: dict[str, Any] = {
            name: instant_of(data.get(name, "")) or data.get(name, "") for name in ("starts_at", "ends_at")
        }
        given["role"] = data.get("role") or Role.PRIMARY.value
        given["for"] = next((data[name] for name in ("for", "replaces", "asker") if data.get(name)), "")
        super().__init__(given if given["starts_at"] or given["ends_at"] else None, initial={"role": given["role"]})
        self.fields["role"].choices = roles_of(schedule)  # type: ignore[attr-defined]
        self.fields["starts_at"].help_text = f"In {viewer.time_zone}, your zone."
        self.fields["for"] = forms.ModelChoiceField(
            people_of(schedule), required=False, label="Instead of", empty_label="nobody in particular"
        )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        start, end = found.get("starts_at"), found.get("ends_at")
        if start and end and not start < end:
            self.add_error("ends_at", "It must end after it starts. Choose a later end.")
        elif start and end and end - start > LONGEST_TAKEN:
            self.add_error("ends_at", f"Choose {LONGEST_TAKEN.days} days at most.")
        return found
