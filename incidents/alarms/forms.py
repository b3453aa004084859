"""What people type about alarms."""

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
    """An alarm raised by a person. Only what is wrong must be said; the rest has a default."""

    title = forms.CharField(
        label="What is wrong?", max_length=300, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"})
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


class PersonForm(forms.Form):
    person = forms.ModelChoiceField(label="Person", queryset=Person.objects.active(), empty_label="Choose somebody")
