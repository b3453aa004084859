"""What people type about heartbeats."""

from datetime import timedelta
from typing import Any

from django import forms

from incidents.signals.heartbeats_models import Heartbeat

PAUSES = [
    (3600, "1 hour"), (4 * 3600, "4 hours"), (12 * 3600, "12 hours"), (24 * 3600, "1 day"), (3 * 86400, "3 days"),
    (7 * 86400, "1 week"), (30 * 86400, "30 days"),
]  # fmt: skip
LONGEST_S = 7 * 86400  # between two beats, and of grace


class HeartbeatForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    every_s = forms.IntegerField(label="Calls every so many seconds", min_value=1, max_value=LONGEST_S, initial=60)
    grace_s = forms.IntegerField(label="May be late by so many seconds", min_value=0, max_value=LONGEST_S, initial=60)

    class Meta:
        model = Heartbeat
        fields: tuple[str, ...] = (
            "name", "every_s", "grace_s", "policy", "severity", "at_night_only", "watches_observing",
        )  # fmt: skip
        labels = {
            "policy": "Who is called when it is missing",
            "severity": "Severity (1 to 5)",
            "at_night_only": "Calls somebody only while it is dark at the observatory",
            "watches_observing": "Watches the observing",
        }
        help_texts = {
            "watches_observing": "Whether alerts can be seen at all. The rule heartbeat.lost raises its alarm, during "
            "observing, and no other does.",
        }

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        if data.get("watches_observing") and data.get("at_night_only"):
            self.add_error("at_night_only", "Leave this out: one that watches the observing is judged then alone.")
        return data


class ChangeForm(HeartbeatForm):
    """A heartbeat as it is now; its address has a button of its own."""

    class Meta(HeartbeatForm.Meta):
        fields = (*HeartbeatForm.Meta.fields, "is_enabled")
        labels = HeartbeatForm.Meta.labels | {"is_enabled": "In use"}
        help_texts = HeartbeatForm.Meta.help_texts | {
            "is_enabled": "Without this its address answers 404 and nobody waits for it."
        }


class PauseForm(forms.Form):
    lasts = forms.TypedChoiceField(
        label="For", choices=PAUSES, coerce=lambda text: timedelta(seconds=int(text)), initial=3600
    )
    why = forms.CharField(label="Why", max_length=200)
