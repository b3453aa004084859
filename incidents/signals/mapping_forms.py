"""What people type about a mapping: places, and what a sender's words mean."""

from typing import Any

from django import forms

from incidents.signals.payloads import mapping
from incidents.signals.payloads.paths import LONGEST

PLACES = "places"  # the id of the list of suggestions on the page


class PlaceField(forms.CharField):
    """A path, suggested from the captured payload and typed freely."""

    def __init__(self, label: str, help_text: str = "", *, required: bool = False) -> None:
        attrs = {"list": PLACES, "autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}
        widget = forms.TextInput(attrs=attrs)
        super().__init__(label=label, help_text=help_text, required=required, max_length=LONGEST, widget=widget)


class WordsField(forms.CharField):
    """One word a line with what it means: “ok = resolved”."""

    def __init__(self, label: str, help_text: str, *, numbers: bool = False) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(label=label, help_text=help_text, required=False, max_length=4000, widget=widget)
        self.numbers = numbers

    def to_python(self, value: Any) -> Any:
        found: dict[str, Any] = {}
        for line in (super().to_python(value) or "").splitlines():
            word, equals, meaning = (part.strip() for part in line.rpartition("="))
            if not line.strip():
                continue
            if not equals or not word or not meaning:
                raise forms.ValidationError(f"“{line[:40]}” says nothing. Write a word, =, and what it means.")
            found[word.casefold()] = int(meaning) if self.numbers and meaning.isdecimal() else meaning.lower()
        return found

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{word} = {meaning}" for word, meaning in value.items()) if isinstance(value, dict) else value


class PathsField(forms.CharField):
    """One path a line."""

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value


class MappingForm(forms.Form):
    items = PlaceField("List of items", "Where several come at once. Empty: each payload is one.")
    title = PlaceField("Title", "What the person called reads first. Several places: {host}: {text}.", required=True)
    key = PlaceField("Key", "What is the same each time the same thing is wrong. Only with it can a signal resolve.")
    status = PlaceField("Status", "Firing or resolved. Empty: every signal fires.")
    statuses = WordsField(
        "What its status words mean",
        "One a line, such as “fine = resolved”. The usual words are known. “missing” is no word at all, “*” any other.",
    )
    severity = PlaceField("Severity", "Empty, or a word nobody knows: the severity of the source.")
    severities = WordsField("What its severity words mean", "One a line, such as “crit = 1”. 1 is worst.", numbers=True)
    description = PlaceField("Description")
    link = PlaceField("Link")
    product = PlaceField("Product")
    labels = PathsField(
        label="Labels",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One place a line; of an object, all its members. “site = $.where” gives it another name.",
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            mapping.check(self.stored())
        except mapping.BadMapping as error:
            for name in error.errors.keys() - self.errors.keys():
                self.add_error(name, error.errors[name])
        return data

    def stored(self) -> mapping.Stored:
        """Return the mapping as it is kept: what is filled in."""
        return {name: value for name, value in self.cleaned_data.items() if value}
