"""What somebody types to find rests, and to give one up."""

from django import forms

from rotations.leave.call_out_forms import FindForm
from rotations.leave.rest_keeping import LONGEST_REASON

STATES = [("", "Any state"), ("pending", "not over"), ("honoured", "honoured"), ("broken", "broken")]


class RestFindForm(FindForm):
    """Which rests: of whom, which month, what became of them. Each is left out where empty."""

    state = forms.ChoiceField(required=False, choices=STATES, label="What became of it")


class WaiveForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST_REASON, label="Why", help_text="Your manager will read it.")
