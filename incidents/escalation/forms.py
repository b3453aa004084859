"""A policy and its steps, on one page."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from incidents.escalation.models import EscalationPolicy, Step
from incidents.escalation.services import Wanted
from oncall.people.models import Person, Team
from rotations.schedule.models import Schedule

WAITS = [
    (0, "at the same time"), (60, "after 1 min"), (120, "after 2 min"), (180, "after 3 min"), (300, "after 5 min"),
    (600, "after 10 min"), (900, "after 15 min"), (1800, "after 30 min"), (3600, "after 1 h"),
]  # fmt: skip


KEEP_OR_APPLY = [
    ("keep", "go on by the steps they began with"),
    ("apply", "take the new steps: the present one is called anew at once"),
]


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    # not a field of the model here: making this the default takes the place of another, which is no error
    open_alarms = forms.TypedChoiceField(
        label="Alarms that are open now",
        coerce=lambda value: value == "apply",
        choices=KEEP_OR_APPLY,
        widget=forms.RadioSelect,
        required=False,
        initial="keep",
    )
    make_default = forms.BooleanField(label="Used where an alarm names no policy", required=False)

    class Meta:
        model = EscalationPolicy
        fields = ("name", "description", "rounds")
        labels = {"rounds": "How often round"}
        help_texts = {
            "rounds": "After the last round the last step is called again every 15 minutes until somebody answers.",
        }

    def ask_about(self, running: int) -> None:
        """Ask what is to become of so many open alarms; nothing where there is none."""
        if running:
            self.fields["open_alarms"].label = f"{running} open alarm{'s' if running > 1 else ''} of this policy"
        else:
            del self.fields["open_alarms"]


class TargetField(forms.ChoiceField):
    """Whom a step calls: one list of schedules, people and teams."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=target_choices, **kwargs)


def _with_secondary() -> QuerySet[Schedule]:
    asked = Q(rotations__role="secondary") | Q(step__role="secondary")
    return Schedule.objects.filter(asked).distinct().order_by("name")


def target_choices() -> list[Any]:
    return [
        ("", "Nobody (no such step)"),
        ("owner:", "The product's owner (on call for the owning team, else its people)"),
        ("Whoever is on call for", [(f"schedule:{one.pk}", one.name) for one in Schedule.objects.order_by("name")]),
        ("Their secondary", [(f"schedule:{one.pk}:secondary", f"{one.name} (secondary)") for one in _with_secondary()]),
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
        kind, _, rest = self.cleaned_data.get("target", "").partition(":")
        if not kind:
            return None
        if kind == "owner":
            return Wanted(wait_s=self.cleaned_data["wait_s"], owner=True)
        key, _, role = rest.partition(":")
        models: dict[str, Any] = {"schedule": Schedule, "person": Person, "team": Team}
        found = {kind: models[kind].objects.get(pk=key)}
        return Wanted(wait_s=self.cleaned_data["wait_s"], role=role or Step.Role.PRIMARY, **found)


StepFormSet = forms.formset_factory(StepForm, extra=2, max_num=10, validate_max=True)
