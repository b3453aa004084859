"""What is typed to write a playbook."""

from typing import Any

from django import forms

from playbooks.library.parsing import LONGEST

EMPTY = """---
title:
products:
alarms:
---
What this is about, in a sentence or two.

## 1. What does one look at first?
who: triage
minutes: 2

What to see, and what it means.

- yes: end, solved
- no: declare
"""


class WriteForm(forms.Form):
    """`slug` is asked for once; `revision` is the one that was edited."""

    slug = forms.CharField(
        label="Short name", max_length=40, help_text="Such as p9: a-z, 0-9 and hyphens. It stays as it is."
    )
    source = forms.CharField(
        label="Text",
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 26, "class": "mono", "spellcheck": "false"}),
        help_text="A line “## 2. …” begins a step; below it who: triage or expert, minutes:, page: (a skill), needs:. "
        "“- yes: 3” and “- no: end, solved” say where an answer leads: a step, a playbook, declare, or end.",
    )
    message = forms.CharField(label="What is new in it", max_length=200, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1, required=False)

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            del self.fields["revision"]
        else:
            del self.fields["slug"]
