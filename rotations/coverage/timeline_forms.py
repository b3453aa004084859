"""What somebody may ask of a timeline. A wrong answer is said at its field, and the usual view is shown."""

from datetime import date

from django import forms

from oncall.people.models import Person, Team
from rotations.coverage.timeline import REACHES
from rotations.schedule.models import Schedule

FIRST, LAST = date(1990, 2, 1), date(2099, 11, 30)  # so that a month beside them lies within the calendar too
ZONES = [("mine", "Mine"), ("utc", "UTC"), ("site", "Site’s")]
DOWN = [("tiers", "Tiers"), ("people", "People")]


class TimelineForm(forms.Form):
    """Everything is optional: this week's tiers on the viewer's own clock."""

    down = forms.ChoiceField(label="Down the side", choices=DOWN, required=False)
    reach = forms.ChoiceField(label="Across", choices=[(one, one.capitalize()) for one in REACHES], required=False)
    zone = forms.ChoiceField(label="Clock", choices=ZONES, required=False)
    on = forms.DateField(label="Around", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    schedule = forms.ModelChoiceField(Schedule.objects.all(), required=False, empty_label="All schedules")
    team = forms.ModelChoiceField(Team.objects.all(), required=False, empty_label="All teams")
    person = forms.ModelChoiceField(Person.objects.active(), required=False, empty_label="Everybody")

    def clean_on(self) -> date | None:
        on: date | None = self.cleaned_data["on"]
        if on is not None and not FIRST <= on <= LAST:
            raise forms.ValidationError(f"Choose a day from {FIRST:%Y} to {LAST:%Y}.")
        return on
