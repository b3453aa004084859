"""What somebody types about the hours of a call-out, and to find one."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from oncall.people.instants import EARLIEST, LATEST, InstantField
from oncall.people.models import Person, Team
from rotations.leave.call_out_queries import STATE_WORDS, STATES
from rotations.leave.services import LONGEST_REASON


def _moment(label: str) -> InstantField:
    """To the second, in the viewer's zone (oncall/people/middleware.py)."""
    return InstantField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
    )


def _why() -> forms.CharField:
    return forms.CharField(max_length=LONGEST_REASON, label="Why")


class ZonedForm(forms.Form):
    """Moments on the viewer's clock; the first field says on which."""

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = next(field for field in self.fields.values() if isinstance(field, InstantField))
        first.help_text = f"In {zone}, your zone."


class CorrectionForm(ZonedForm):
    starts_at = _moment("Started")
    ends_at = _moment("Ended")
    reason = _why()


class PauseForm(ZonedForm):
    """Worked until, and again from: the pause between counts no more."""

    pause_starts_at = _moment("I worked until")
    pause_ends_at = _moment("And again from")
    reason = _why()


class RemovalForm(forms.Form):
    reason = _why()


class AdditionForm(ZonedForm):
    """Hours of which there is no evidence; whose, where the viewer looks after others."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), label="Whose", empty_label=None)
    starts_at = _moment("Started")
    ends_at = _moment("Ended")
    reason = _why()

    def __init__(self, *args: Any, visible: QuerySet[Person], viewer: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = "Who called, how, and about what. Your manager will read it."
        if visible.exclude(pk=viewer.pk).exists():
            self.fields["person"].queryset = visible.order_by("name")  # type: ignore[attr-defined]
            self.fields["person"].initial = viewer.pk
        else:
            del self.fields["person"]


class MonthField(forms.CharField):
    """A month as 2027-03; its first day in Python."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            year, month = (int(part) for part in text.split("-"))
            found = date(year, month, 1)
        except ValueError:
            raise ValidationError("Month: write it as 2027-03.") from None
        if not EARLIEST.date() < found < LATEST.date():
            raise ValidationError("Month: write one from 1990-02 to 2099-12.")
        return found


class FindForm(forms.Form):
    """Which call-outs: of whom, which month, which state. Each is left out where empty."""

    person = forms.ModelChoiceField(queryset=Person.objects.none(), required=False, empty_label="Everybody I may see")
    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False, empty_label="Every team")
    month = MonthField(required=False, widget=forms.TextInput(attrs={"type": "month"}))
    state = forms.ChoiceField(
        required=False, choices=[("", "Any state"), *((state, STATE_WORDS[state]) for state in STATES)]
    )

    def __init__(self, *args: Any, visible: QuerySet[Person], viewer: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if visible.exclude(pk=viewer.pk).exists():
            teams = Team.objects.filter(memberships__person__in=visible.values("pk")).distinct().order_by("name")
            self.fields["person"].queryset = visible.order_by("name")  # type: ignore[attr-defined]
            self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        else:
            del self.fields["person"], self.fields["team"]
