"""What people write into a handover note."""

from django import forms

from rotations.coverage.handing import LONGEST_WORDS


class WordsForm(forms.Form):
    """Weather, plans, what to look at: what no machine knows."""

    words = forms.CharField(
        label="Weather, plans, what to look at",
        max_length=LONGEST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
