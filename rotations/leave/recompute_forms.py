"""Which past call-outs to recompute, and why."""

from typing import Any

from django import forms

from oncall.people.instants import InstantField
from rotations.leave.recompute import LONGEST_REASON


def _instant(label: str) -> InstantField:
    return InstantField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )


class RecomputeForm(forms.Form):
    """`posts`: the differences will be posted, so a reason is needed."""

    since = _instant("Call-outs that began from")
    until = _instant("Until")
    reason = forms.CharField(
        max_length=LONGEST_REASON,
        required=False,
        label="Why",
        help_text="Everybody whose leave changes will read it beside the difference.",
    )

    def __init__(self, *args: Any, zone: str, posts: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["since"].help_text = f"In {zone}, your zone."
        self.posts = posts

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", "This must be after the start. Choose a later end.")
        if self.posts and not cleaned.get("reason") and "reason" not in self.errors:
            self.add_error("reason", "Say why, for everybody whose leave changes will read it.")
        return cleaned
