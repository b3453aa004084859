"""What people type about incidents."""

from django import forms

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
        label="How bad is it?", choices=SEVERITIES, coerce=int, help_text="Leave it as it is; it can change any time."
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


class CorrectForm(forms.Form):
    text = forms.CharField(
        label="What is right?", max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), strip=True
    )


def may_be_pressed(incident: Incident) -> list[str]:
    """Return the moves that the table has for an incident, in the order in which an incident goes."""
    order = ["identify", "mitigate", "resolve", "investigate", "close", "reopen", "false_alarm", "merge"]
    return [move for move in order if (incident.state, move) in MOVES]
