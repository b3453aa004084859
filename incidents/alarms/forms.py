"""What people type about alarms."""

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms

from incidents.escalation.models import EscalationPolicy
from oncall.people.models import Person

SEVERITIES = [
    (1, "SEV-1: no alerts for 15 minutes and more, or the night at risk"),
    (2, "SEV-2: no alerts for some minutes, or many late"),
    (3, "SEV-3: redundancy lost, latency rising, a check red"),
    (4, "SEV-4: to be done, nothing suffers"),
    (5, "SEV-5: cosmetic"),
]


class RaiseForm(forms.Form):
    """An alarm raised by a person. Only what is wrong must be said; the rest has a default.

    `once`: made with the page, so that a button pressed twice raises one alarm.
    """

    once = forms.UUIDField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(
        label="What is wrong?", max_length=300, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    severity = forms.TypedChoiceField(label="How bad is it?", choices=SEVERITIES, coerce=int, initial=2)
    policy = forms.ModelChoiceField(
        label="Who is called?",
        queryset=EscalationPolicy.objects.all(),
        required=False,
        empty_label="The default policy",
    )
    description = forms.CharField(
        label="Anything else", required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note", max_length=10_000, widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What you saw or did"})
    )


SNOOZES = [(15, "15 min"), (30, "30 min"), (60, "1 h"), (120, "2 h"), (240, "4 h"), (480, "8 h"), (1440, "24 h")]


class SnoozeForm(forms.Form):
    """Until when: so long from now, or an instant in the reader's zone, which wins."""

    minutes = forms.TypedChoiceField(label="For", coerce=int, required=False, empty_value=None)
    until = forms.DateTimeField(
        label="or until (your time)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def __init__(self, *args: Any, longest: timedelta, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fitting = [(minutes, words) for minutes, words in SNOOZES if timedelta(minutes=minutes) <= longest]
        cast(forms.TypedChoiceField, self.fields["minutes"]).choices = fitting

    def until_from(self, now: datetime) -> datetime | None:
        """Return the instant that is meant; None: neither was given."""
        until: datetime | None = self.cleaned_data["until"]
        minutes: int | None = self.cleaned_data["minutes"]
        return until or (now + timedelta(minutes=minutes) if minutes else None)


class PersonForm(forms.Form):
    person = forms.ModelChoiceField(label="Person", queryset=Person.objects.active(), empty_label="Choose somebody")
