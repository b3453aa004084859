"""What somebody types to correct hours, and to choose whose leave to see."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from oncall.people.instants import InstantField
from oncall.people.models import Person, Team


def _moment(label: str) -> InstantField:
    """To the second, in the viewer's zone (oncall/people/middleware.py)."""
    return InstantField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )


class CorrectionForm(forms.Form):
    starts_at = _moment("Started")
    ends_at = _moment("Ended")
    reason = forms.CharField(max_length=300, label="Why")

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].help_text = f"In {zone}, your zone."


class WhoseForm(forms.Form):
    """Which of the visible people a manager looks at."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), required=False, empty_label="Everybody")
    team = forms.ModelChoiceField(queryset=Team.objects.all(), required=False, empty_label="Every team")

    def __init__(self, *args: Any, visible: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = visible  # type: ignore[attr-defined]
