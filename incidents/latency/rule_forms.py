"""A rule as people change it. Each kind shows only the numbers that mean something to it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from incidents.escalation.models import EscalationPolicy
from incidents.latency.models import Rule
from oncall.people.instants import InstantField

NUMBERS = {
    Rule.Kind.NONE: ("visits", "window_s"),
    Rule.Kind.WITHHELD: ("visits", "window_s"),
    Rule.Kind.LATE: ("share", "visits", "window_s"),
    Rule.Kind.FLOOD: ("alerts", "window_s", "factor", "visits"),
    Rule.Kind.NEXT_VISIT: ("visits", "window_s"),
    Rule.Kind.LINK: ("window_s",),
}
SEV = [(number, f"SEV-{number}") for number in range(1, 6)]
WINDOWS = {
    Rule.Kind.NONE: "Seconds since the last alert",
    Rule.Kind.WITHHELD: "Seconds since the last alert",
    Rule.Kind.LATE: "Seconds of visits that are averaged",
    Rule.Kind.FLOOD: "Seconds for which one such visit counts",
    Rule.Kind.NEXT_VISIT: "Seconds before the end of readout in which its nextVisit comes",
    Rule.Kind.LINK: "Seconds without any sign",
}
VISITS = {
    Rule.Kind.NONE: "Visits in a row without alerts",
    Rule.Kind.WITHHELD: "Visits in a row whose alerts are withheld",
    Rule.Kind.LATE: "Visits not in time, at least",
    Rule.Kind.FLOOD: "Visits of a night before its rate counts",
    Rule.Kind.NEXT_VISIT: "Visits in a row without a nextVisit",
}


class RuleForm(forms.Form):
    """What a rule is to be from now on."""

    mode = forms.ChoiceField(
        choices=Rule.Mode.choices, label="Mode", help_text="In shadow it is asked and written down, and pages nobody."
    )
    visits = forms.IntegerField(min_value=1, max_value=200)
    window_s = forms.IntegerField(min_value=10, max_value=7200)
    share = forms.DecimalField(
        min_value=0, max_value=1, max_digits=5, decimal_places=4, label="Share of alerts in time",
        help_text="A fraction: 0.98 is 98 %.",
    )  # fmt: skip
    alerts = forms.IntegerField(min_value=1, max_value=2_000_000_000, label="Alerts of one visit, at most")
    factor = forms.DecimalField(
        min_value=1, max_value=1000, max_digits=6, decimal_places=2, label="Times the alerts of a median night"
    )
    severity = forms.TypedChoiceField(choices=SEV, coerce=int, label="Severity")
    worse_severity = forms.TypedChoiceField(
        choices=[("", "no worse"), *SEV], coerce=int, empty_value=None, required=False, label="While it lasts, it gets"
    )
    worse_after_s = forms.IntegerField(min_value=1, max_value=86_400, required=False, label="after seconds")
    playbook = forms.CharField(max_length=300, required=False, label="Playbook", help_text="A name or an address.")
    product = forms.CharField(
        max_length=120, required=False, label="Product", help_text="Its path in the tree of products."
    )
    policy = forms.ModelChoiceField(
        EscalationPolicy.objects.order_by("name"), required=False, empty_label="the default one", label="Policy"
    )
    why = forms.CharField(max_length=300, label="Why it changes", help_text="Kept with the change, for ever.")

    def __init__(self, data: Any = None, *, rule: Rule) -> None:
        self.rule, kind = rule, Rule.Kind(rule.kind)
        super().__init__(data, initial={name: getattr(rule, name) for name in self.base_fields if name != "why"})
        for name in ("visits", "window_s", "share", "alerts", "factor"):
            if name not in NUMBERS[kind]:
                del self.fields[name]
        self.fields["window_s"].label = WINDOWS[kind]
        if "visits" in self.fields:
            self.fields["visits"].label = VISITS[kind]

    def clean_share(self) -> Any:
        if not self.cleaned_data["share"]:
            raise ValidationError("A share of nothing never fires. Write a fraction such as 0.98, or switch it off.")
        return self.cleaned_data["share"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        worse, after, severity = said.get("worse_severity"), said.get("worse_after_s"), said.get("severity")
        if worse is not None and severity is not None and worse >= severity:
            self.add_error("worse_severity", f"SEV-{worse} is no worse than SEV-{severity}. Choose a smaller number.")
        if (worse is None) != (after is None) and not self.errors:
            self.add_error("worse_after_s", "Say both: what it gets to, and after how many seconds. Or neither.")
        return said

    def changes(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "why"}


class WaiveForm(forms.Form):
    """Until when a rule is to page nobody, and why."""

    until = InstantField(
        label="Until",
        help_text="Your local time, within 24 h. What still fires then calls.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    waived_why = forms.CharField(max_length=200, label="Why")
