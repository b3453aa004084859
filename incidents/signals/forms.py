"""What people type about sources."""

from django import forms

from incidents.signals.models import Source


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Source
        fields = ("name", "kind", "policy", "severity")
        labels = {
            "kind": "What sends",
            "policy": "Who is called",
            "severity": "Severity of signals that name none (1 to 5)",
        }


class ChangeForm(SourceForm):
    """A source as it is now; what it sends is settled, its address has a button of its own."""

    class Meta(SourceForm.Meta):
        fields = ("name", "policy", "severity", "is_enabled")
        labels = SourceForm.Meta.labels | {"is_enabled": "May raise alarms"}
        help_texts = {"is_enabled": "Without this its address answers 404, as if it did not exist."}
