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
