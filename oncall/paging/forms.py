"""What people type about their contacts and rules, translated; the errors say what would be right."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from oncall.paging import contacts
from oncall.paging.models import Channel, ContactMethod, Urgency
from oncall.people.models import Person

DELAYS = [(minutes * 60, "at once" if not minutes else f"after {minutes} min") for minutes in (0, 1, 2, 3, 5, 10, 15)]


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


def ways(usable: Iterable[ContactMethod], *, whole: bool) -> list[tuple[str, str]]:
    """Return each way a rule can go, as (channel:contact, words)."""
    offered = []
    for contact in usable:
        name = contact.address if whole else contact.masked
        if contact.label:
            name = f"{contact.label} ({name})"
        if contact.kind == ContactMethod.Kind.PHONE:
            offered += [(f"sms:{contact.pk}", f"SMS to {name}"), (f"voice:{contact.pk}", f"Call {name}")]
        else:
            offered.append((f"email:{contact.pk}", f"E-mail to {name}"))
    return offered


class RuleForm(forms.Form):
    urgency = forms.ChoiceField(choices=Urgency.choices)
    delay_s = forms.TypedChoiceField(choices=DELAYS, coerce=int, label="When")
    way = forms.ChoiceField(
        label="How", error_messages={"invalid_choice": "That number or address is not in use any more. Choose another."}
    )

    def __init__(self, *args: Any, usable: Iterable[ContactMethod], **kwargs: Any) -> None:
        kwargs["auto_id"] = "rule_%s"
        super().__init__(*args, **kwargs)
        self.contacts = {str(contact.pk): contact for contact in usable}
        way = self.fields["way"]
        assert isinstance(way, forms.ChoiceField)
        way.choices = ways(self.contacts.values(), whole=True)

    @property
    def rule(self) -> contacts.Rule:
        channel, _, contact = self.cleaned_data["way"].partition(":")
        return contacts.Rule(self.cleaned_data["delay_s"], Channel(channel), self.contacts[contact])
