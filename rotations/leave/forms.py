"""What somebody types to choose whose leave to see, and which lines of the ledger."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from oncall.people.instants import InstantField
from oncall.people.models import Person, Team
from rotations.leave.models import WORDS, LedgerEntry


class WhoseForm(forms.Form):
    """Which of the visible people a manager looks at."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), required=False, empty_label="Everybody")
    team = forms.ModelChoiceField(queryset=Team.objects.all(), required=False, empty_label="Every team")

    def __init__(self, *args: Any, visible: QuerySet[Person], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = visible  # type: ignore[attr-defined]


class LedgerForm(forms.Form):
    """Whose account, as of when, and which of its lines."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), required=False, empty_label="My own")
    at = InstantField(
        label="As of",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
    )
    show = forms.ChoiceField(
        label="Which lines",
        required=False,
        choices=[
            ("", "All"),
            ("earned", "Earned by call-outs"),
            ("taken", "Leave taken"),
            ("expired", "Expired"),
            ("words", "What was said"),
        ],
    )

    def __init__(self, *args: Any, visible: QuerySet[Person], viewer: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].help_text = f"In {viewer.time_zone}, your zone. Empty: now."
        if visible.exclude(pk=viewer.pk).exists():
            self.fields["person"].queryset = visible  # type: ignore[attr-defined]
        else:
            self.fields["person"].queryset = Person.objects.filter(pk=viewer.pk)  # type: ignore[attr-defined]
            self.fields["person"].widget = forms.HiddenInput()

    @staticmethod
    def chosen(entries: QuerySet[LedgerEntry], show: str) -> QuerySet[LedgerEntry]:
        """Return the lines that `show` names: with all of its kind they sum to the figure of that name."""
        if show == "earned":
            return entries.filter(kind__in=["earn", "adjust"], call_out__isnull=False)
        if show == "taken":
            return entries.filter(request__isnull=False)
        if show == "expired":
            return entries.filter(kind=LedgerEntry.Kind.EXPIRE)
        return entries.filter(kind__in=WORDS) if show == "words" else entries
