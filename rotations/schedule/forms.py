"""What somebody types about a schedule and its rotations."""

import zoneinfo
from typing import Any

from django import forms
from django.db.models import Q

from oncall.people.models import Person
from rotations.schedule.models import Rotation, Schedule
from rotations.schedule.services import Turns

SPARE_PLACES = 4  # empty places offered under the present order


def time_zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Schedule
        fields = ["name", "team", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class RotationForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A rotation and its order; `people` answers the order as chosen, empty places left out."""

    time_zone = forms.ChoiceField(choices=time_zones, help_text="The handoff follows the wall clock of this zone.")

    class Meta:
        model = Rotation
        fields = ["name", "time_zone", "unit", "every", "first_on", "handoff_time"]
        widgets = {
            "first_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "handoff_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels = {"every": "Each turn lasts", "unit": "Unit of turns", "first_on": "First handoff on"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = not self.instance._state.adding
        order = list(self.instance.participants.select_related("person")) if saved else []
        here = Person.objects.filter(Q(is_active=True) | Q(turns__in=order)).distinct()
        self.places = [f"place_{number}" for number in range(1, len(order) + SPARE_PLACES + 1)]
        for number, name in enumerate(self.places):
            self.fields[name] = forms.ModelChoiceField(
                queryset=here,
                required=False,
                label=f"Place {number + 1}",
                empty_label="—",
                initial=order[number].person if number < len(order) else None,
            )
        self.fields["place_1"].help_text = "Who is in place 1 takes the turn that starts at the first handoff."

    @property
    def people(self) -> list[Person]:
        return [self.cleaned_data[name] for name in self.places if self.cleaned_data.get(name)]

    @property
    def turns(self) -> Turns:
        asked = self.cleaned_data
        return Turns(asked["time_zone"], asked["unit"], asked["every"], asked["first_on"], asked["handoff_time"])
