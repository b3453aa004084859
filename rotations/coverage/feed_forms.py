"""What somebody chooses for a calendar address, and for a reminder."""

from typing import Any

from django import forms
from django.conf import settings

from oncall.people.models import Team
from rotations.coverage.models import Reminder
from rotations.schedule.models import Schedule

ALARMS = [("", "Never"), ("0", "When it begins"), ("15", "15 minutes before"), ("60", "1 hour before"),
          ("720", "12 hours before"), ("1440", "1 day before")]  # fmt: skip


class FeedForm(forms.Form):
    of = forms.ChoiceField(label="Shifts of", choices=[])
    alarm_minutes = forms.TypedChoiceField(
        label="My calendar rings", choices=ALARMS, coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._schedules = {f"schedule {one.pk}": one for one in Schedule.objects.order_by("name")}
        self._teams = {f"team {one.pk}": one for one in Team.objects.order_by("name")}
        groups: list[tuple[str, Any]] = [("me", "Mine, on every schedule")]
        for label, found in (("A schedule", self._schedules), ("A team", self._teams)):
            if found:
                groups.append((label, [(value, str(one)) for value, one in found.items()]))
        self.fields["of"].choices = groups  # type: ignore[attr-defined]

    @property
    def schedule(self) -> Schedule | None:
        return self._schedules.get(self.cleaned_data["of"])

    @property
    def team(self) -> Team | None:
        return self._teams.get(self.cleaned_data["of"])


def offered_ways() -> list[tuple[str, str]]:
    """Return the ways of a reminder; Slack only where this site speaks with it."""
    return [(value, label) for value, label in Reminder.Way.choices if settings.SLACK or value != Reminder.Way.SLACK]


class ReminderForm(forms.Form):
    moment = forms.ChoiceField(label="Remind me", choices=Reminder.Moment.choices)
    lead_minutes = forms.IntegerField(
        label="Minutes before", required=False, initial=60, min_value=0, max_value=20160,
        help_text="From 5 to 20160 (14 days); only for a reminder before a shift.",
    )  # fmt: skip
    way = forms.ChoiceField(label="By", choices=offered_ways)
