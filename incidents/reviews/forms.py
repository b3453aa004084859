"""What people type into reviews."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from incidents.alarms.models import Cause
from incidents.command.models import Incident
from incidents.reviews import drafting
from incidents.reviews.models import ActionItem, Review
from oncall.people.instants import InstantField
from oncall.people.models import Person, Team

CAUSES = [("", "Not said yet"), *Cause.choices]


def who_sees(incident: Incident) -> QuerySet[Person]:
    """Return who may be named: everybody active; of a restricted incident whoever it names."""
    people: QuerySet[Person] = Person.objects.active().order_by("name")
    if not incident.restricted:
        return people
    return people.filter(pk__in=[one.pk for one in people if Incident.objects.visible_to(one).filter(pk=incident.pk)])


def _text(words: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=words,
        required=False,
        max_length=drafting.LONGEST,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class ContentForm(forms.Form):
    """All sections, the cause, and the version that was seen."""

    version = forms.IntegerField(min_value=1, max_value=2_000_000_000, widget=forms.HiddenInput)
    cause = forms.ChoiceField(label="What it was in the end", choices=CAUSES, required=False)

    def __init__(self, data: Any = None, *, review: Review) -> None:
        super().__init__(data, initial={"version": review.version, "cause": review.cause, **review.content})
        for name, words, help_text in drafting.SECTIONS:
            self.fields[name] = _text(words, help_text)


class PublishForm(forms.Form):
    """What everybody will read, without names, to be looked at."""

    version = forms.IntegerField(min_value=1, max_value=2_000_000_000, widget=forms.HiddenInput)
    title = forms.CharField(max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, words, help_text in drafting.SECTIONS:
            if name in drafting.PUBLIC:
                self.fields[name] = _text(words, help_text)


class OwnersForm(forms.Form):
    owner = forms.ModelChoiceField(Person.objects.none(), required=False, empty_label="Nobody yet")
    reviewers = forms.ModelMultipleChoiceField(
        Person.objects.none(), required=False, help_text="Whose review counts; nobody named: anybody but the owner."
    )

    def __init__(self, data: Any = None, *, review: Review) -> None:
        initial = {"owner": review.owner_id, "reviewers": list(review.reviewers.values_list("pk", flat=True))}
        super().__init__(data, initial=initial)
        people = who_sees(review.incident)
        self.fields["owner"].queryset = self.fields["reviewers"].queryset = people  # type: ignore[attr-defined]
        self.fields["reviewers"].widget.attrs["size"] = 5


class CountForm(forms.Form):
    """When the effect really was; empty: as the incident says."""

    starts = InstantField(
        label="The effect began",
        required=False,
        help_text="Your local time; empty: as the incident says.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends = InstantField(
        label="and ended",
        required=False,
        help_text="Empty: when somebody pressed that it stopped.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class ActionForm(forms.Form):
    """`whose`: "person:<id>" or "team:<id>"."""

    title = forms.CharField(label="What is to be done", max_length=200)
    kind = forms.ChoiceField(choices=ActionItem.Kind.choices, initial="technical")
    whose = forms.ChoiceField(label="Whose")
    due_on = forms.DateField(label="Due", widget=forms.DateInput(attrs={"type": "date"}))
    ticket = forms.CharField(
        required=False, max_length=1000, help_text="The address of a ticket that is there already."
    )

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = [(f"team:{pk}", name) for pk, name in Team.objects.values_list("pk", "name")]
        people = [(f"person:{pk}", name) for pk, name in who_sees(incident).values_list("pk", "name")]
        self.fields["whose"].choices = [("", "Choose"), ("Teams", teams), ("People", people)]  # type: ignore[attr-defined]

    def owner(self) -> dict[str, Any]:
        """Return the owner or the team that was chosen, as services take them."""
        kind, _, pk = self.cleaned_data["whose"].partition(":")
        if kind == "team":
            return {"team": Team.objects.get(pk=pk)}
        return {"owner": Person.objects.get(pk=pk)}
