"""What somebody types to take a span, or to put somebody else on call for it."""

from datetime import datetime
from typing import Any

from django import forms

from oncall.people.instants import InstantField
from oncall.people.models import Person
from rotations.changes import queries
from rotations.schedule.models import ROLES, Schedule


def _moment(label: str) -> InstantField:
    """Read in the viewer's zone (oncall/people/middleware.py)."""
    return InstantField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )


class OverrideForm(forms.Form):
    role = forms.ChoiceField()
    person = forms.ModelChoiceField(queryset=Person.objects.none(), label="Who takes it", empty_label=None)
    starts_at = _moment("Starts at")
    ends_at = _moment("Ends at")
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, schedule: Schedule, viewer: Person, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = set(schedule.rotations.values_list("role", flat=True))
        self.fields["role"].choices = [(role.value, role.label) for role in ROLES if role in held]  # type: ignore[attr-defined]
        people = Person.objects.active()
        if not queries.may_arrange(viewer, now=now):
            people = people.filter(pk=viewer.pk)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].initial = viewer.pk
        self.fields["starts_at"].help_text = f"In {viewer.time_zone}, your zone."
