"""What is typed about checks: a result by hand, a waiver, a check itself."""

from datetime import date, datetime
from typing import Any

from django import forms

from oncall.people.instants import InstantField
from oncall.people.models import Team
from playbooks.readiness.addresses import is_address
from playbooks.readiness.models import Check, Result


class ResultForm(forms.Form):
    """What a check found, by hand. Its choices are the checks made before that night."""

    check = forms.ModelChoiceField(label="Check", queryset=Check.objects.none(), empty_label=None)
    result = forms.ChoiceField(label="Result", choices=Result.Outcome.choices, widget=forms.RadioSelect)
    version = forms.CharField(label="Version that was tried", max_length=120, required=False)
    detail = forms.CharField(
        label="In words", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    link = forms.CharField(label="Link", max_length=1000, required=False, help_text="Such as the job's page.")

    def __init__(self, *args: Any, night: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["check"].queryset = Check.objects.in_use(night)  # type: ignore[attr-defined]

    def clean_link(self) -> str:
        link: str = self.cleaned_data["link"]
        if link and not is_address(link):
            raise forms.ValidationError("Write an address that begins with https:// or http://, or leave it out.")
        return link


class WaiverForm(forms.Form):
    """Who lets a check be red is whoever presses."""

    check = forms.ModelChoiceField(label="Check", queryset=Check.objects.none(), empty_label=None)
    why = forms.CharField(
        label="Why", max_length=500, error_messages={"required": "Say why this may be red: observers read it."}
    )
    until = InstantField(
        label="Until",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"required": "Say until when: a waiver without an end would hide it for ever."},
    )

    def __init__(self, *args: Any, among: list[Check], until: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = [check.pk for check in among]
        self.fields["check"].queryset = Check.objects.filter(pk__in=numbers)  # type: ignore[attr-defined]
        self.fields["until"].initial = until


class CheckForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Check
        fields: tuple[str, ...] = ("title", "how", "limit", "owner_team", "used_from", "used_until")
        labels = {
            "how": "How it is made",
            "limit": "Limit, in words",
            "owner_team": "Whose work it is when it is red",
            "used_from": "Made from the night of",
            "used_until": "Not made any more from the night of",
        }
        help_texts = {
            "limit": "Such as: at most 5 s.",
            "used_until": "Empty: it stays in use. Results and changes are kept.",
        }
        widgets = {
            "how": forms.Textarea(attrs={"rows": 4}),
            "used_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "used_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_team"].queryset = Team.objects.order_by("name")  # type: ignore[attr-defined]
        self.fields["owner_team"].empty_label = "nobody's yet"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        for name in ("used_from", "used_until"):
            day = data.get(name)
            if day is not None and not 1990 <= day.year <= 2099:
                self.add_error(name, "Choose a night from 1990 to 2099.")
        if data.get("used_from") and data.get("used_until") and data["used_until"] < data["used_from"]:
            self.add_error("used_until", "That is before it begins. Choose a later night, or leave it empty.")
        return data


class NewCheckForm(CheckForm):
    class Meta(CheckForm.Meta):
        fields = ("name", *CheckForm.Meta.fields)
        labels = CheckForm.Meta.labels | {"name": "Short name"}
        help_texts = CheckForm.Meta.help_texts | {"name": "By which programs call it, such as raws-upload; it stays."}
