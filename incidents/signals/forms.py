"""What people type about sources."""

from django import forms

from incidents.signals.models import Source


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Source
        fields: tuple[str, ...] = ("name", "kind", "policy", "severity")
        labels = {
            "kind": "What sends",
            "policy": "Who is called",
            "severity": "Severity of signals that name none (1 to 5)",
        }


class ChangeForm(SourceForm):
    """A source as it is now; what it sends is settled, its address has a button of its own."""

    expected_every_min = forms.IntegerField(
        label="Expected at least every so many minutes",
        help_text="Where it is silent for longer, that is an alarm of SEV-2. Empty: it may be silent.",
        min_value=1,
        max_value=10080,
        required=False,
    )

    class Meta(SourceForm.Meta):
        fields = ("name", "policy", "severity", "expected_every_min", "expected_while_observing", "is_enabled")
        labels = SourceForm.Meta.labels | {
            "expected_while_observing": "Only while it is dark and the dome is not closed",
            "is_enabled": "May raise alarms",
        }
        help_texts = {"is_enabled": "Without this its address answers 404, as if it did not exist."}
