"""What people type about messages: one message, a template, an audience."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms

from incidents.command.models import Incident
from incidents.updates import placeholders, queries
from incidents.updates.models import Audience, Stage, Template, Update
from incidents.updates.services import LONGEST_SUBJECT, LONGEST_TEXT, Draft
from oncall.people.instants import InstantField
from oncall.people.models import Person

FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
NEXT_IN = [
    ("", "no time named"),
    ("20", "in 20 min"),
    ("60", "in 1 h"),
    ("120", "in 2 h"),
    ("240", "in 4 h"),
    ("480", "in 8 h"),
]


class MessageForm(forms.Form):
    """A message. What is still in braces may be filled in beside the text (`fill_NAME`) instead of within it."""

    subject = forms.CharField(max_length=LONGEST_SUBJECT, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    text = forms.CharField(label="Message", max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 10}))
    stage = forms.ChoiceField(label="How it stands, as the public is told", choices=Stage.choices)
    next_in = forms.ChoiceField(label="The next message comes", choices=NEXT_IN, required=False)
    next_at = InstantField(
        label="or at",
        required=False,
        help_text="Your time.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=FORMATS,
    )
    to_page = forms.BooleanField(label="The public status page", required=False)
    audiences = forms.ModelMultipleChoiceField(
        label="By mail",
        queryset=Audience.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, *, incident: Incident, now: datetime, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.incident, self.now = incident, now
        chosen: Any = self.fields["audiences"]
        chosen.queryset = Audience.objects.active()
        chosen.label_from_instance = words_of
        text = "\n".join(str(self[name].value() or "") for name in ("subject", "text"))
        self.places = [name for name in placeholders.named(text) if name in queries.BY_HAND and name != "NAME"]
        for name in self.places:
            self.fields[f"fill_{name}"] = forms.CharField(
                label=placeholders.KNOWN[name],
                max_length=1000,
                help_text=f"It stands where {{{name}}} is.",
                error_messages={"required": f"Fill this in, or take {{{name}}} out of the subject and the message."},
            )

    @property
    def fills(self) -> list[Any]:
        return [self[f"fill_{name}"] for name in self.places]

    def draft(self, template: Template | None) -> Draft:
        """Return what is meant, with all that is known put into its places."""
        data = self.cleaned_data
        next_at = data["next_at"]
        if next_at is None and data["next_in"]:
            next_at = self.now + timedelta(minutes=int(data["next_in"]))
        values = queries.values_for(self.incident, now=self.now, next_at=next_at)
        values |= {name: data[f"fill_{name}"] for name in self.places if data[f"fill_{name}"]}
        return Draft(
            placeholders.fill(data["subject"], values),
            placeholders.fill(data["text"], values),
            data["stage"],
            next_at,
            data["to_page"],
            tuple(data["audiences"]),
            template,
        )


def words_of(audience: Audience) -> str:
    count = len(audience.addresses)
    return f"{audience.name} ({count} address{'' if count == 1 else 'es'})"


def begun(incident: Incident, template: Template | None, *, must_name: bool) -> dict[str, Any]:
    """Return what a form begins with: a template, or an empty sheet. Behind the last message none comes."""
    stage = (template.stage if template else "") or queries.last_stage(incident)
    return {
        "subject": template.subject if template else "",
        "text": template.text if template else "",
        "stage": stage,
        "next_in": "" if stage == Stage.RESOLVED else "60" if must_name else "20",
        "to_page": True,
        "audiences": [one.pk for one in Audience.objects.active()] if template else [],
    }


def as_it_is(update: Update) -> dict[str, Any]:
    return {
        "subject": update.subject,
        "text": update.text,
        "stage": update.stage,
        "next_at": update.next_at,
        "to_page": update.to_page,
        "audiences": [one.pk for one in update.audiences.all()],
    }


class TemplateForm(forms.Form):
    name = forms.CharField(max_length=80)
    subject = forms.CharField(max_length=200)
    text = forms.CharField(max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 12}))
    stage = forms.ChoiceField(
        label="How it stands by this message", choices=[("", "as it was"), *Stage.choices], required=False
    )


class AudienceForm(forms.Form):
    """Who is told. `kept_by` looks after the addresses."""

    name = forms.CharField(max_length=80, help_text="Such as: Brokers.")
    addresses = forms.CharField(
        label="Mail addresses",
        max_length=60_000,
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "alerts@example.org"}),
        help_text="One on a line. Each gets a mail of its own, so that none sees the others.",
    )
    hears_delays = forms.BooleanField(
        label="They are told by one press that alerts are delayed (M9)", required=False
    )  # fmt: skip
    kept_by = forms.ModelChoiceField(label="Who keeps it", queryset=Person.objects.none(), empty_label=None)

    def __init__(self, data: Any = None, *, initial: dict[str, Any], people: Iterable[Person]) -> None:
        super().__init__(data, initial=initial)
        chosen: Any = self.fields["kept_by"]
        chosen.queryset = people
