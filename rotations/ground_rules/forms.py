"""What the pilot types to write a new version of the ground rules."""

from typing import Any

from django import forms

from oncall.people.instants import InstantField
from oncall.people.models import Person
from rotations.ground_rules.services import LONGEST


class WriteForm(forms.Form):
    text = forms.CharField(
        label="Text",
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 18}),
        help_text="Paragraphs with an empty line between them; “# ” begins a heading, “- ” an item, “> ” a quotation.",
    )
    effective_from = InstantField(
        label="In force from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, *args: Any, viewer: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["effective_from"].help_text = f"In {viewer.time_zone}, your zone. Give everybody time to read it."
