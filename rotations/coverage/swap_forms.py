"""What somebody types to ask for a swap."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from rest_framework.serializers import ValidationError as NoInstant

from oncall.people.models import Person
from rotations.changes import queries
from rotations.changes.forms import moment, people_of, roles_of
from rotations.schedule.models import Schedule
from rotations.schedule.shapes import InstantField


class SwapForm(forms.Form):
    asker = forms.ModelChoiceField(queryset=Person.objects.none(), label="Who is to be relieved", empty_label=None)
    role = forms.ChoiceField()
    starts_at = moment("From")
    ends_at = moment("Until")
    to = forms.ModelMultipleChoiceField(
        queryset=Person.objects.none(),
        required=False,
        label="Ask these people",
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: everybody who could take it.",
    )
    return_starts_at = moment(
        "In return I take theirs from", required=False, help_text="May be empty. Tick above whose span it is."
    )
    return_ends_at = moment("until", required=False)
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, schedule: Schedule, viewer: Person, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        askers = people_of(schedule)
        if not queries.may_arrange(viewer, now=now):
            askers = Person.objects.filter(pk=viewer.pk)
        self.fields["asker"].queryset = askers  # type: ignore[attr-defined]
        self.fields["asker"].initial = viewer.pk
        self.fields["role"].choices = roles_of(schedule)  # type: ignore[attr-defined]
        there = Q(pk__in=people_of(schedule).values("pk"))
        if schedule.team_id:
            there |= Q(memberships__team=schedule.team_id)
        could = Person.objects.active().filter(there).distinct()
        if not askers.exclude(pk=viewer.pk).exists():
            could = could.exclude(pk=viewer.pk)
        self.fields["to"].queryset = could  # type: ignore[attr-defined]
        self.fields["starts_at"].help_text = f"In {viewer.time_zone}, your zone."

    def clean(self) -> dict[str, Any]:
        """`in_return` is a span or None."""
        asked: dict[str, Any] = self.cleaned_data
        start, end = asked.pop("return_starts_at", None), asked.pop("return_ends_at", None)
        if bool(start) != bool(end) and not self.errors:
            raise ValidationError({"return_ends_at" if start else "return_starts_at": "Both ends, or neither."})
        asked["in_return"] = (start, end) if start and end else None
        asked["to"] = list(asked.get("to") or [])
        return asked


def instant_of(text: str) -> datetime | None:
    """Return the instant of a link such as 2027-03-23T20:00:00Z; nothing for anything else."""
    try:
        found: datetime = InstantField().run_validation(text)
    except NoInstant:
        return None
    return found
