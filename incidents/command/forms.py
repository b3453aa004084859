"""What people type about incidents."""

from datetime import datetime
from typing import Any, cast

from django import forms
from django.utils import timezone

from incidents.alarms.forms import SEVERITIES
from incidents.alarms.models import Alarm
from incidents.command.lifecycle import MOVES
from incidents.command.models import Incident

UNSURE = 2  # own choice: what is declared over nothing; when unsure, take the higher (domain.md 3.1)


class DeclareForm(forms.Form):
    """An incident declared by a person: what is wrong is enough.

    `severity` needs no thought: the worst alarm's, or the higher where one is unsure; it can be changed at any time.
    """

    title = forms.CharField(
        label="What is wrong?", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    severity = forms.TypedChoiceField(
        label="How bad is it?",
        choices=SEVERITIES,
        coerce=int,
        help_text="Leave it as it is; it can change any time.",
        widget=forms.RadioSelect,  # a list that opens cuts the words off on a phone
    )
    summary = forms.CharField(
        label="Anything else", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    restricted = forms.BooleanField(
        label="It is about security: only whoever has a role in it may see it", required=False
    )

    def __init__(self, data: object = None, *, alarms: list[Alarm]) -> None:
        worst = min(alarms, key=lambda alarm: (alarm.severity, alarm.fired_at), default=None)
        initial = {"title": worst.title[:200], "severity": worst.severity} if worst else {"severity": UNSURE}
        super().__init__(data, initial=initial)  # type: ignore[arg-type]  # of a request


class KeptInstant(forms.DateTimeField):
    """An instant on the reader's clock. What was there and comes back as it was shown is that instant, to the last
    digit, also in the hour that a clock shows twice.
    """

    SHOWN = "%Y-%m-%dT%H:%M:%S"
    kept: datetime | None = None

    def to_python(self, value: Any) -> datetime | None:
        if self.kept is not None and value == timezone.localtime(self.kept).strftime(self.SHOWN):
            return self.kept
        instant: datetime | None = super().to_python(value)
        return instant


class DetailsForm(forms.Form):
    """What is said about an incident that is there. `version`: of the incident as it was shown."""

    title = forms.CharField(
        label="What is wrong?", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    summary = forms.CharField(
        label="Summary", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    impact_starts_at = KeptInstant(
        label="When the impact began (your time)",
        required=False,
        help_text="The best guess, not when it was noticed. Empty: not known yet.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=KeptInstant.SHOWN),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
    )
    product = forms.CharField(
        label="Product", required=False, max_length=120, help_text="Its path, such as: Prompt Processing/Kafka."
    )
    room = forms.CharField(
        label="Room", required=False, max_length=1000, help_text="Where people talk, an address. Empty: its page here."
    )
    version = forms.IntegerField(min_value=1, max_value=2_147_483_647, required=False, widget=forms.HiddenInput)

    def __init__(self, data: object = None, *, incident: Incident) -> None:
        names = ("title", "summary", "impact_starts_at", "product", "room")
        super().__init__(data, initial={name: getattr(incident, name) for name in names})  # type: ignore[arg-type]
        cast(KeptInstant, self.fields["impact_starts_at"]).kept = incident.impact_starts_at


class CorrectForm(forms.Form):
    text = forms.CharField(
        label="What is right?", max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), strip=True
    )


def may_be_pressed(incident: Incident) -> list[str]:
    """Return the moves that the table has for an incident, in the order in which an incident goes."""
    order = ["identify", "mitigate", "resolve", "investigate", "close", "reopen", "false_alarm", "merge"]
    return [move for move in order if (incident.state, move) in MOVES]
