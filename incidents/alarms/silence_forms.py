"""What people type about silences, about alarms that go together, and about what was not sent."""

from datetime import datetime, timedelta
from typing import Any

from django import forms

from incidents.alarms.models import GroupRule, Silence
from incidents.alarms.silences import Wanted
from incidents.alarms.silencing import LABEL, BadMatcher, Matcher, check, matcher
from oncall.people.instants import InstantField
from oncall.people.zones import zones

ANY = "* is any text, ? one character."
FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]


def _instant(label: str, help_text: str) -> InstantField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return InstantField(label=label, help_text=help_text, widget=widget, input_formats=FORMATS)


def _zone_names() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zones()) if "/" in name or name == "UTC"]


class SilenceForm(forms.Form):
    """What to keep quiet, when, and why. All of what is named must fit; what is left empty fits anything."""

    kind = forms.ChoiceField(label="What is it?", choices=Silence.Kind.choices)
    reason = forms.CharField(label="Why?", max_length=300, help_text="Whoever misses a page reads this.")
    starts_at = _instant("From", "Your time. What is open by then calls all the same, also if it gets worse.")
    ends_at = _instant("Until", "Your time; at most 24 h. What still fires then calls, once.")
    repeats = forms.ChoiceField(label="Again", choices=Silence.Repeats.choices, required=False)
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Only if it repeats: it begins on that day for the last time.",
    )
    zone = forms.ChoiceField(
        label="On the clock of", choices=_zone_names, help_text="If it repeats: at this place's time all year."
    )
    source = forms.CharField(required=False, max_length=200, help_text=f"Its name. {ANY}")
    product = forms.CharField(required=False, max_length=200, help_text="With all that is below it in the tree.")
    stage = forms.CharField(required=False, max_length=200, help_text="Of the pipeline.")
    title = forms.CharField(required=False, max_length=200, help_text=f"All of it. {ANY}")
    severity = forms.CharField(required=False, max_length=3, help_text="3, or 3-5.")
    labels = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "site=summit"}),
        help_text=f"One on a line, as name=value. {ANY}",
    )
    asks_sev1 = forms.BooleanField(
        label="Hide SEV-1 too",
        required=False,
        help_text="A second person must agree first. The pilot alone may hide it for the first 30 min, once in 24 h. "
        "If it repeats: for a week at most, and the pilot, an administrator or a manager must agree.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        found: list[Matcher] = []
        for field in ("source", "product", "stage", "title", "severity"):
            if data.get(field):
                self._add(found, field, field, data[field])
        for line in data.get("labels", "").splitlines():
            name, sign, value = line.partition("=")
            if not line.strip():
                continue
            if not sign or not name.strip():
                self.add_error("labels", f"“{line[:60]}” is no label. Write name=value.")
            else:
                self._add(found, "labels", LABEL + name.strip(), value)
        if not self.errors:
            try:
                check(found)
            except BadMatcher as error:
                self.add_error(None, str(error))
        data["matchers"] = found
        return data

    def _add(self, found: list[Matcher], at: str, field: str, value: str) -> None:
        try:
            found.append(matcher(field, value))
        except BadMatcher as error:
            self.add_error(at, str(error).replace(LABEL, ""))

    def wanted(self) -> Wanted:
        """Return what is asked for, once the form is valid."""
        data = self.cleaned_data
        starts_at: datetime = data["starts_at"]
        ends_at: datetime = data["ends_at"]
        return Wanted(
            matchers=data["matchers"],
            reason=data["reason"],
            starts_at=starts_at,
            ends_at=ends_at,
            kind=data["kind"],
            repeats=data["repeats"],
            until=data["until"],
            zone=data["zone"],
            asks_sev1=data["asks_sev1"],
        )


class GroupRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """How new alarms of one source go together."""

    window_s = forms.IntegerField(
        label="Within, in seconds", min_value=10, max_value=86400, help_text="Of the first one; 300 is usual."
    )

    class Meta:
        model = GroupRule
        fields = ["by", "label", "window_s"]
        labels = {"by": "Together"}
        help_texts = {"label": "Only where they go together by a label: its name."}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("by") == GroupRule.By.LABEL and not data.get("label"):
            self.add_error("label", "Name the label by whose value they go together.")
        return data


LASTS = [(1, "a day"), (7, "7 days"), (30, "30 days"), (365, "a year")]


def since(days: str, *, now: datetime) -> tuple[int, datetime]:
    """Return how many days back are asked for, and since when that is; anything strange is seven."""
    known = {str(number): number for number, _ in LASTS}
    number = known.get(days, 7)
    return number, now - timedelta(days=number)
