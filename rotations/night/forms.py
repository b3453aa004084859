"""What somebody types about a window."""

from typing import Any

from django import forms

from oncall.people.zones import zones
from rotations.night.models import CLOCK_FIELDS, NIGHT_FIELDS, Window
from rotations.night.services import Says
from rotations.night.windows import WEEKDAYS


def time_zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zones() if "/" in name and not name.startswith("Etc/"))
    return [("", "—"), ("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class WindowForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A window of either kind; what belongs to the other kind is left out."""

    time_zone = forms.ChoiceField(choices=time_zones, required=False, help_text="A clock window: whose clock.")
    weekdays = forms.TypedMultipleChoiceField(
        choices=list(enumerate(WEEKDAYS, start=1)),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A clock window: the days on which it begins.",
    )

    class Meta:
        model = Window
        fields = ["name", "label", "kind", *NIGHT_FIELDS, *CLOCK_FIELDS, "note"]
        widgets = {
            "starts": forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
            "ends": forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
            "since": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "note": forms.Textarea(attrs={"rows": 2}),
        }
        labels = {"kind": "Open", "since": "From", "until": "Until"}
        help_texts = {
            "starts": "Once a night: evening_12 - 75 min, 22:30 America/Los_Angeles, europe.start,"
            " max(… , …) for the latest, min(… , …) for the earliest.",
            "ends": "Once a night: morning_12 + 30 min, europe.start + 30 min, 24:00 America/Santiago.",
            "since": "A clock window: on the clock of its zone.",
            "until": "A clock window: not after From means the next day.",
        }

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        night = asked.get("kind") == Window.Kind.NIGHT
        empty: dict[str, Any] = (
            {"time_zone": "", "since": None, "until": None, "weekdays": []} if night else {"starts": "", "ends": ""}
        )
        return {**asked, **{name: value for name, value in empty.items() if name in asked}}

    def named(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "label", "kind")]

    def of_the_night(self) -> list[forms.BoundField]:
        return [self[name] for name in NIGHT_FIELDS]

    def of_a_clock(self) -> list[forms.BoundField]:
        return [self[name] for name in CLOCK_FIELDS]

    @property
    def says(self) -> Says:
        """What the window is to say, once the form is valid."""
        asked = self.cleaned_data
        return Says(kind=asked["kind"], **{name: asked[name] for name in (*NIGHT_FIELDS, *CLOCK_FIELDS)})
