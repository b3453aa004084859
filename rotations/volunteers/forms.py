"""What somebody types to be asked out of hours."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms

from oncall.people.instants import InstantField
from oncall.people.models import Person, Team
from rotations.volunteers import queries


class VolunteerForm(forms.Form):
    subject = forms.ChoiceField(
        label="Asked about",
        error_messages={"invalid_choice": "That is no team and no skill here. Choose one from the list."},
    )
    note = forms.CharField(
        label="When and how",
        max_length=300,
        help_text="Such as: evenings in Chile, not on Sundays; text first, then call.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    until = InstantField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, viewer: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in Team.objects.all()}
        own = set(viewer.teams.values_list("pk", flat=True))
        ordered = sorted(self.teams.values(), key=lambda team: (team.pk not in own, team.name))  # one's own first
        teams = [(f"team:{team.pk}", team.name) for team in ordered]
        skills = [(f"skill:{skill}", skill) for skill in queries.skills()]
        groups = [("Teams", teams), ("Skills", skills)]
        subject = self.fields["subject"]
        assert isinstance(subject, forms.ChoiceField)
        subject.choices = [group for group in groups if group[1]]
        self.fields["until"].help_text = f"In {viewer.time_zone}, your zone; empty: until you take yourself off."

    def said(self) -> dict[str, Any]:
        """Return what `services.put` is told. Of a form that is valid."""
        kind, _, what = self.cleaned_data["subject"].partition(":")
        until: datetime | None = self.cleaned_data["until"]
        return {
            "team": self.teams[str(UUID(what))] if kind == "team" else None,
            "skill": what if kind == "skill" else "",
            "note": self.cleaned_data["note"],
            "until": until,
        }
