"""What people type about routes."""

from typing import Any

from django import forms

from incidents.signals.matching import BadMatcher, as_json, read_lines
from incidents.signals.routes import Route
from oncall.catalogue.forms import PathField
from oncall.catalogue.models import Product

SEVERITIES = [("", "As the signal says"), *((n, f"SEV-{n}") for n in range(1, 6))]


class RouteForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    conditions = forms.CharField(
        label="Which signals: one condition a line, all must fit",
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text="label = value, also !=, =~ and !~; with ~ a * is any text, ? any character, and | separates several "
        "values. Beside labels there are title, key, product, stage and severity. Empty: every signal.",
    )
    product = PathField(Product.objects.present(), required=False, empty_label="As the signal says")
    severity = forms.TypedChoiceField(choices=SEVERITIES, coerce=int, empty_value=None, required=False)

    class Meta:
        model = Route
        fields = ("name", "product", "severity", "policy", "playbook", "stage", "tier", "is_enabled")
        labels = {
            "policy": "Who is called",
            "playbook": "Playbook: a name or an address",
            "stage": "Stage of the pipeline",
            "is_enabled": "Counts",
        }
        help_texts = {"playbook": "", "stage": "Alarms of one stage go together.", "is_enabled": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        policy, tier = self.fields["policy"], self.fields["tier"]
        assert isinstance(policy, forms.ModelChoiceField)
        policy.empty_label = "As the source says"
        assert isinstance(tier, forms.TypedChoiceField)
        tier.choices = [("", "The product's"), *Product.Tier.choices]
        if self.instance.pk and not self.instance._state.adding:
            self.initial["conditions"] = "\n".join(str(one) for one in self.instance.matches)
        self.order_fields(["name", "conditions"])

    def clean_conditions(self) -> str:
        text: str = self.cleaned_data["conditions"]
        try:
            self.instance.matchers = as_json(read_lines(text))
        except BadMatcher as error:
            raise forms.ValidationError(str(error)) from error
        return text


class TryForm(forms.Form):
    body = forms.CharField(
        label="A payload as the source sends it, or labels one a line: severity = critical",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        max_length=256 * 1024,
    )
