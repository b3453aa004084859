"""What people type about work."""

from django import forms

from oncall.people.instants import InstantField
from oncall.people.models import Team


def _due() -> InstantField:
    return InstantField(
        label="Due",
        required=False,
        help_text="Your local time; empty: the end of the team's next working day.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


def _team() -> "forms.ModelChoiceField[Team]":
    return forms.ModelChoiceField(Team.objects.all(), required=False, empty_label="Nobody's yet")


class OpenForm(forms.Form):
    title = forms.CharField(label="What is to be done?", max_length=300)
    text = forms.CharField(
        label="Anything else", required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )
    team = _team()
    due_at = _due()


class ChangeForm(forms.Form):
    team = _team()
    due_at = _due()
    ticket = forms.CharField(
        required=False, max_length=200, help_text="Where else it is worked on: a key such as DM-12345, or an address."
    )


class DoneForm(forms.Form):
    outcome = forms.CharField(
        label="What came of it", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
