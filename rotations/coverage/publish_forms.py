"""What somebody types to publish with gaps, to sign for a gap, and to hand over what somebody holds."""

from typing import Any

from django import forms

from oncall.people.models import Person
from rotations.coverage.publish import LONGEST_REASON
from rotations.schedule.reading import printable


class SignatureForm(forms.Form):
    """Why nobody needs to be on call there: kept with the name of whoever signs."""

    signature = forms.CharField(
        max_length=LONGEST_REASON,
        required=False,
        label="I take it on myself, because",
        validators=[printable],
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reviewed = forms.IntegerField(min_value=0, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)


class GapForm(forms.Form):
    """A gap, named by its two instants, and why it may stay."""

    starts_at = forms.DateTimeField(widget=forms.HiddenInput, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])
    ends_at = forms.DateTimeField(widget=forms.HiddenInput, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])
    reason = forms.CharField(max_length=LONGEST_REASON, required=False, validators=[printable])


class HandOverForm(forms.Form):
    """Who takes over, and why gaps that come of it may stay."""

    to = forms.ModelChoiceField(
        queryset=Person.objects.none(), required=False, label="Who takes it over", empty_label="Nobody: take them out"
    )
    signature = forms.CharField(
        max_length=LONGEST_REASON,
        required=False,
        validators=[printable],
        label="Why gaps it leaves may stay",
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = Person.objects.active().exclude(pk=person.pk)  # type: ignore[attr-defined]
