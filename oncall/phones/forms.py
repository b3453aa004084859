"""What people type about on-call phones; the errors say what would be right."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from oncall.paging import contacts
from oncall.people.models import Person, Team
from oncall.phones.states import State


class AskForm(forms.Form):
    why = forms.CharField(
        label="Why",
        max_length=500,
        help_text="Such as: mine is private, or does not ring abroad.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    special = forms.CharField(
        label="Anything special",
        max_length=500,
        required=False,
        help_text="Loud, a card of a certain country, large keys; may be empty.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class WordsForm(forms.Form):
    """A few words beside a button."""

    words = forms.CharField(label="Words", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, label: str = "Words", help_text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["words"].label, self.fields["words"].help_text = label, help_text


class IssueForm(forms.Form):
    device = forms.CharField(max_length=80, help_text="Make and inventory number, such as Nokia 105, no. 12.")
    number = forms.CharField(
        max_length=40,
        label="Telephone number",
        help_text="With its country code: +56 9 8765 4321. Pages ring it as soon as you have issued it.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off", "inputmode": "tel"}),
    )

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_number(self) -> str:
        try:
            return contacts.e164(self.cleaned_data["number"], country=self.person.country)
        except contacts.BadNumber as error:
            raise forms.ValidationError(str(error)) from None


SHOWN = {
    "open": ("Waiting", [State.REQUESTED, State.APPROVED]),
    "issued": ("Issued", [State.ISSUED]),
    "lost": ("Lost", [State.LOST]),
    "over": ("Over", [State.RETURNED, State.REFUSED, State.WITHDRAWN]),
    "all": ("All", list(State)),
}  # what the list can show: a name in the address, words, states


class ListForm(forms.Form):
    """Which phones are listed. What makes no sense is left out, and the rest shown."""

    show = forms.ChoiceField(choices=[(key, words) for key, (words, _) in SHOWN.items()], required=False)
    team = forms.ModelChoiceField(Team.objects.none(), to_field_name="slug", required=False, empty_label="All teams")
    q = forms.CharField(label="Name or device", max_length=80, required=False)

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
