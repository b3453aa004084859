"""A policy and its steps, on one page."""

from typing import Any

from django import forms

from incidents.escalation.models import EscalationPolicy
from incidents.escalation.services import Wanted
from oncall.people.models import Person, Team
from rotations.schedule.models import Schedule

WAITS = [
    (0, "at the same time"), (60, "after 1 min"), (120, "after 2 min"), (180, "after 3 min"), (300, "after 5 min"),
    (600, "after 10 min"), (900, "after 15 min"), (1800, "after 30 min"), (3600, "after 1 h"),
]  # fmt: skip


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    # not a field of the model here: making this the default takes the place of another, which is no error
    make_default = forms.BooleanField(label="Used where an alarm names no policy", required=False)

    class Meta:
        model = EscalationPolicy
        fields = ("name", "description", "rounds")
        labels = {"rounds": "How often round"}
        help_texts = {
            "rounds": "After the last round the last step is called again every 15 minutes until somebody answers.",
        }


class TargetField(forms.ChoiceField):
    """Whom a step calls: one list of schedules, people and teams."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=target_choices, **kwargs)


def target_choices() -> list[Any]:
    return [
        ("", "Nobody (no such step)"),
        ("Whoever is on call for", [(f"schedule:{one.pk}", one.name) for one in Schedule.objects.order_by("name")]),
        ("A person", [(f"person:{one.pk}", one.name) for one in Person.objects.active().order_by("name")]),
        ("Everyone in", [(f"team:{one.pk}", one.name) for one in Team.objects.order_by("name")]),
    ]


class StepForm(forms.Form):
    target = TargetField(label="Call", required=False)
    wait_s = forms.TypedChoiceField(
        label="If nobody answers, the next step comes", choices=WAITS, coerce=int, initial=300
    )

    def wanted(self) -> Wanted | None:
        """Return the step, or nothing where the row is empty."""
        kind, _, key = self.cleaned_data.get("target", "").partition(":")
        if not kind:
            return None
        models: dict[str, Any] = {"schedule": Schedule, "person": Person, "team": Team}
        return Wanted(wait_s=self.cleaned_data["wait_s"], **{kind: models[kind].objects.get(pk=key)})


StepFormSet = forms.formset_factory(StepForm, extra=2, max_num=10, validate_max=True)
