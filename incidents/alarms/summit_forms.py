"""What people type about raising alarms by telephone."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from incidents.alarms import summit
from incidents.alarms.summit_models import SummitLine
from oncall.paging import contacts

DIGITS_ONLY = {"inputmode": "numeric", "autocomplete": "off", "maxlength": str(summit.DIGITS)}


def _checked(pin: str) -> str:
    try:
        return summit.check_new_pin(pin)
    except summit.BadPin as error:
        raise ValidationError(str(error)) from None


class PinForm(forms.Form):
    pin = forms.CharField(
        label="PIN of six digits", max_length=12, widget=forms.PasswordInput(attrs=DIGITS_ONLY), strip=True
    )

    def clean_pin(self) -> str:
        return _checked(self.cleaned_data["pin"])


class LineForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    pin = forms.CharField(
        label="PIN of six digits",
        max_length=12,
        required=False,
        widget=forms.PasswordInput(attrs=DIGITS_ONLY),
        help_text="Whoever calls from this telephone types it. Empty keeps the one it has.",
    )

    class Meta:
        model = SummitLine
        fields = ("name", "number", "policy", "severity", "is_enabled")
        labels = {
            "name": "Whose telephone is it?",
            "number": "Its number",
            "policy": "Who is called",
            "severity": "Severity of what it raises (1 to 5)",
            "is_enabled": "May raise alarms",
        }
        help_texts = {"number": "With its country code: +56 51 220 5200. As it shows when it calls."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["number"].widget.attrs |= {"type": "tel", "inputmode": "tel"}

    def clean_number(self) -> str:
        try:
            number = contacts.e164(self.cleaned_data["number"])
        except contacts.BadNumber as error:
            raise ValidationError(str(error)) from None
        if SummitLine.objects.filter(number=number).exclude(pk=self.instance.pk).exists():
            raise ValidationError(f"Another line has {number} already. Change that one.")
        return number

    def clean_pin(self) -> str:
        pin: str = self.cleaned_data["pin"]
        if not pin and self.instance._state.adding:
            raise ValidationError("Give it a PIN: a number can be forged, so it proves nothing.")
        return _checked(pin) if pin else ""

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or {}
        self.typed_pin: str = data.pop("pin", "")  # it must not be written into the row as it is
        return data
