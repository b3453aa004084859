"""What people type about their contacts and rules, translated; the errors say what would be right."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from oncall.paging import contacts
from oncall.paging.models import Channel, ContactMethod
from oncall.paging.wording import after
from oncall.people.models import Person

DELAYS = [
    (minutes * 60, f"after {minutes} min" if minutes else "at once")
    for minutes in (0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60)
]
OFFERED: dict[str, list[tuple[str, str]]] = {
    ContactMethod.Kind.PHONE: [("sms", "SMS to {}"), ("voice", "Call {}")],
    ContactMethod.Kind.EMAIL: [("email", "E-mail to {}")],
    ContactMethod.Kind.SLACK: [("slack", "Slack to {}")],
    ContactMethod.Kind.PUSH: [("push", "Push to {}")],
}


class PhoneForm(forms.Form):
    address = forms.CharField(
        max_length=40,
        label="Telephone number",
        help_text="With its country code: +56 9 8765 4321. It must not be a switchboard.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    label = forms.CharField(
        max_length=40, required=False, label="Called", help_text="Mobile, home, summit desk; may be empty."
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        kwargs["auto_id"] = "phone_%s"  # three forms share a page, and each label must find its own field
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_address(self) -> str:
        try:
            return contacts.e164(self.cleaned_data["address"], country=self.person.country)
        except contacts.BadNumber as error:
            raise ValidationError(str(error)) from None


class MailForm(forms.Form):
    address = forms.EmailField(
        max_length=254, label="E-mail address", help_text="Beside a number, never instead: nobody wakes from mail."
    )
    label = forms.CharField(max_length=40, required=False, label="Called", help_text="May be empty.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "mail_%s"
        super().__init__(*args, **kwargs)


def ways(usable: Iterable[ContactMethod]) -> list[tuple[str, str]]:
    """Return each way a rule can go, as (channel:contact, words). A name that two share comes with the number."""
    usable = list(usable)
    labels = [contact.label for contact in usable]
    offered = []
    for contact in usable:
        address = contact.masked if contact.kind == ContactMethod.Kind.PUSH else contact.address
        name = contact.label or address
        if labels.count(contact.label) > 1 and contact.label:
            name = f"{contact.label} ({address})"
        offered += [(f"{channel}:{contact.pk}", words.format(name)) for channel, words in OFFERED[contact.kind]]
    return offered


class RuleRow(forms.Form):
    """One line of a profile: when, and by what to which. A line without a way is left out."""

    delay_s = forms.TypedChoiceField(
        coerce=int, label="When", error_messages={"invalid_choice": "Choose a time from the list."}
    )
    way = forms.ChoiceField(
        required=False,
        label="How",
        error_messages={"invalid_choice": "That number or address is not in use any more. Choose another."},
    )

    def __init__(self, *args: Any, contacts: dict[str, ContactMethod], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contacts = contacts
        delay, way = self.fields["delay_s"], self.fields["way"]
        assert isinstance(delay, forms.ChoiceField)
        assert isinstance(way, forms.ChoiceField)
        own = self.initial.get("delay_s")  # one that was set by other means stays a choice
        extra = [] if own is None or own in dict(DELAYS) else [(own, after(own))]
        delay.choices = sorted([*DELAYS, *extra])
        way.choices = [("", "– nothing –"), *ways(contacts.values())]

    def begin_at(self, delay_s: int) -> None:
        """Let an empty line stand at a time, or the last that is offered before it: what is added comes at the end."""
        self.fields["delay_s"].initial = max((offered for offered, _ in DELAYS if offered <= delay_s), default=0)

    @property
    def rule(self) -> contacts.Rule | None:
        """The rule, of a form that is valid; nothing for a line that is left out."""
        channel, _, contact = self.cleaned_data.get("way", "").partition(":")
        return (
            contacts.Rule(self.cleaned_data["delay_s"], Channel(channel), self.contacts[contact]) if contact else None
        )


class ProfileRows(forms.BaseFormSet):  # type: ignore[type-arg]  # it takes no argument while running
    """All lines of one profile."""

    def rules(self) -> list[contacts.Rule]:
        """Return the rules of the lines that are filled in, in order of time. For a valid formset."""
        return sorted((rule for row in self.forms if (rule := row.rule)), key=lambda rule: rule.delay_s)

    def as_typed(self) -> list[dict[str, Any]]:
        """Return what stands in the lines now, valid or not, those without a way left out."""
        typed = [{"delay_s": row["delay_s"].value(), "way": row["way"].value()} for row in self.forms]
        return [
            {"delay_s": int(line["delay_s"]) if str(line["delay_s"]).isdigit() else 0, "way": line["way"]}
            for line in typed
            if line["way"]
        ]


ProfileFormSet = forms.formset_factory(
    RuleRow, formset=ProfileRows, extra=2, max_num=contacts.MOST_RULES, validate_max=True, absolute_max=40
)


def profile_rows(
    usable: Iterable[ContactMethod], *, data: QueryDict | None = None, lines: list[dict[str, Any]] | None = None
) -> ProfileRows:
    """Return the lines of a profile: as typed, or as they are to be shown."""
    known = {"contacts": {str(contact.pk): contact for contact in usable}}
    made = ProfileFormSet(data, initial=lines, prefix="rule", form_kwargs=known)
    assert isinstance(made, ProfileRows)
    if data is None and lines:
        for row in made.extra_forms:
            row.begin_at(max(line["delay_s"] for line in lines))
    return made


def rows_of(rules: Iterable[tuple[float, str, str]]) -> list[dict[str, Any]]:
    """Return lines for (seconds, channel, contact id)."""
    return [{"delay_s": int(delay), "way": f"{channel}:{contact}"} for delay, channel, contact in rules]


class QuietForm(forms.Form):
    starts = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label="Until", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["auto_id"] = "quiet_%s"
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("starts") is not None and cleaned.get("starts") == cleaned.get("ends"):
            raise ValidationError("Quiet hours that end when they start would never end. Choose another time.")
        return cleaned


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        label="Code",
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "short", "size": "8"}
        ),
    )
