"""What an administrator types about a webhook."""

from django import forms

from oncall.outside.models import Event


class WebhookForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name", help_text="Who hears it: the chat of operations, a dashboard.")
    url = forms.CharField(
        max_length=500,
        label="Address",
        help_text="https, on the open internet. We post there and follow no redirect.",
        widget=forms.URLInput(),
    )
    events = forms.MultipleChoiceField(
        choices=[(one.value, one.label) for one in Event if one != Event.TEST],
        label="It hears when",
        widget=forms.CheckboxSelectMultiple,
        initial=[one.value for one in Event if one != Event.TEST],
        error_messages={"required": "Choose at least one thing that it should hear."},
    )
