"""What somebody types about a schedule, what it promises, and one of its rotations with its order."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import QueryDict

from oncall.people.models import Person, Team
from oncall.people.zones import zones
from rotations.night.models import Window
from rotations.schedule.drafts import people_of_team
from rotations.schedule.models import EVERY_DAY, HEAVIEST, HIGHEST_LEVEL, LONGEST_TURN, ROLES, Rotation, Schedule
from rotations.schedule.reading import FIRST_DAY, LAST_DAY, printable
from rotations.schedule.spec import BadSpec, PlaceSpec, RotationSpec

MOST_PLACES = 200
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EMPTY = "—"


def time_zones() -> list[tuple[str, str]]:
    names = sorted(name for name in zones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a schedule is; it changes nobody's turn, so it is saved at once."""

    class Meta:
        model = Schedule
        fields = ["name", "team", "tier", "description"]
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class PromiseForm(forms.Form):
    """When somebody must be on call; a gap is judged by it, so it is drawn and published."""

    needs = forms.ChoiceField(choices=Schedule.Needs.choices, label="Somebody must be on call")
    at_least = forms.IntegerField(min_value=1, max_value=9, label="At least so many people", initial=1)
    at_most = forms.IntegerField(
        min_value=1, max_value=9, required=False, label="At most so many people", help_text="Empty: no limit."
    )
    skill = forms.CharField(
        max_length=80, required=False, label="Called for", help_text="A skill: coverage is told by skill and night."
    )

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or self.cleaned_data
        if asked.get("at_most") and asked["at_most"] < asked.get("at_least", 1):
            self.add_error("at_most", "At most cannot be fewer people than at least.")
        return asked


class RotationForm(forms.Form):
    """A rotation and its order. Places are fields `place_1`, `weight_1` and so on; an empty place is left out."""

    name = forms.CharField(max_length=80, validators=[printable])
    role = forms.ChoiceField(
        choices=[(role.value, role.label) for role in ROLES],
        help_text="A secondary is asked after the primary. A shadow is told and never paged.",
    )
    level = forms.IntegerField(
        min_value=0, max_value=HIGHEST_LEVEL, initial=0,
        help_text="Of one role, the higher level wins where it covers; equal levels stand side by side.",
    )  # fmt: skip
    time_zone = forms.ChoiceField(choices=time_zones, help_text="The handoff follows the wall clock of this zone.")
    every = forms.IntegerField(min_value=1, max_value=LONGEST_TURN, initial=1, label="Each turn lasts")
    unit = forms.ChoiceField(choices=[(unit.value, f"{unit.label.lower()}s") for unit in Rotation.Unit], label="Unit")
    first_on = forms.DateField(
        label="First handoff on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Who is in place 1 takes the turn that starts then; before it nobody is on call.",
    )
    handoff_time = forms.TimeField(
        label="Handoff at", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), input_formats=["%H:%M"]
    )
    weekdays = forms.TypedMultipleChoiceField(
        choices=list(enumerate(WEEKDAYS, start=1)),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        initial=list(EVERY_DAY),
        help_text="Other days have nobody and use up no turn.",
    )
    window = forms.ModelChoiceField(
        queryset=Window.objects.all(), to_field_name="name", required=False, empty_label="round the clock",
        help_text="When this layer counts. Turns go on outside of it.",
    )  # fmt: skip
    at_once = forms.IntegerField(
        min_value=1, max_value=9, initial=1, label="So many at once",
        help_text="2: each stays for two turns and overlaps with the next (ab, then bc, then cd).",
    )  # fmt: skip
    order = forms.ChoiceField(
        choices=Rotation.Order.choices,
        help_text="Alphabetical: joiners are slotted in by name, leavers skipped; who is on call stays until relieved.",
    )
    team = forms.ModelChoiceField(
        queryset=Team.objects.all(), to_field_name="slug", required=False, label="People from the page of",
        empty_label="nobody: chosen here",
        help_text="A team: its members are the order, and joiners and leavers are shown to the pilot.",
    )  # fmt: skip
    places = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, spec: RotationSpec | None = None, **kwargs: Any) -> None:
        if spec is not None:
            kwargs["initial"] = _initial(spec)
        super().__init__(*args, **kwargs)
        self.before = spec
        self.count = _count(self.data.get(self.add_prefix("places"))) if self.is_bound else _shown(spec)
        self.initial["places"] = self.count
        here = [place.person for place in spec.people] if spec else []
        self._people = {
            person.pk: person for person in Person.objects.filter(Q(is_active=True) | Q(pk__in=here)).order_by("name")
        }
        choices = [("", EMPTY), *((str(pk), person.name) for pk, person in self._people.items())]
        for number in range(1, self.count + 1):
            self.fields[f"place_{number}"] = forms.TypedChoiceField(
                choices=choices, coerce=UUID, empty_value=None, required=False, label=f"Place {number}"
            )
            self.fields[f"weight_{number}"] = forms.IntegerField(
                min_value=1, max_value=HEAVIEST, required=False, initial=1, label=f"Turns a round, place {number}"
            )

    @property
    def rows(self) -> list[tuple[int, forms.BoundField, forms.BoundField]]:
        """Each place with its weight, for the page."""
        return [(number, self[f"place_{number}"], self[f"weight_{number}"]) for number in range(1, self.count + 1)]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if not name.startswith(("place", "weight"))]

    @property
    def spec(self) -> RotationSpec:
        """Return the rotation as typed, once the form is valid."""
        asked = self.cleaned_data
        window, team = asked["window"], asked["team"]
        spec = RotationSpec(
            id=self.before.id if self.before else None,
            role=asked["role"],
            level=asked["level"],
            name=asked["name"],
            time_zone=asked["time_zone"],
            unit=asked["unit"],
            every=asked["every"],
            first_on=asked["first_on"],
            handoff_time=asked["handoff_time"],
            weekdays=tuple(sorted(asked["weekdays"])),
            window=window.name if window else None,
            at_once=asked["at_once"],
            order=asked["order"],
            team=team.slug if team else None,
            people=tuple(self._places()),
        )
        if team:
            spec = replace(spec, people=people_of_team(team, spec))
        if spec.order == Rotation.Order.ALPHABETICAL:  # it has no weights
            spec = replace(spec, people=tuple(PlaceSpec(place.person) for place in spec.people))
        if self.before and self.before.turns == spec.turns:
            spec = replace(spec, moved=self.before.moved)
        return spec

    def clean_first_on(self) -> Any:
        day = self.cleaned_data["first_on"]
        if not FIRST_DAY <= day <= LAST_DAY:
            raise forms.ValidationError("Write a date between 1990 and 2100.")
        return day

    def refuse(self, error: BadSpec) -> None:
        """Put what was refused where its field is; what is wrong with a place, at that place."""
        filled = [number for number in range(1, self.count + 1) if self.cleaned_data.get(f"place_{number}")]
        for path, words in error.errors.items():
            name = path.partition("].")[2] if path.startswith("rotations[") else path
            if name.startswith("people["):
                nth = int(name[len("people[") : name.index("]")])
                kind = "weight" if name.endswith("weight") else "place"
                name = f"{kind}_{filled[nth]}" if nth < len(filled) else "team"
            elif name == "people":
                name = "place_1"
            self.add_error(name if name in self.fields else None, [*words])

    def _places(self) -> Iterable[PlaceSpec]:
        for number in range(1, self.count + 1):
            person = self.cleaned_data.get(f"place_{number}")
            if person:
                yield PlaceSpec(person, self.cleaned_data.get(f"weight_{number}") or 1)


def rearranged(data: QueryDict, press: str, prefix: str = "") -> QueryDict:
    """Return what was typed with the order changed by a button: add, up-2, down-2 or remove-2."""
    data = data.copy()
    lead = f"{prefix}-" if prefix else ""
    count = _count(data.get(f"{lead}places"))
    rows = [(data.get(f"{lead}place_{n}", ""), data.get(f"{lead}weight_{n}", "1")) for n in range(1, count + 1)]
    verb, _, number = press.partition("-")
    place = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 4 else -1
    other = place + {"up": -1, "down": 1}.get(verb, 0)
    if verb == "add" and len(rows) < MOST_PLACES:
        rows.append(("", "1"))
    elif verb == "remove" and 0 <= place < len(rows):
        del rows[place]
    elif 0 <= place < len(rows) and 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
    data[f"{lead}places"] = str(len(rows))
    for n, (person, weight) in enumerate(rows, start=1):
        data[f"{lead}place_{n}"], data[f"{lead}weight_{n}"] = person, weight
    return data


def _initial(spec: RotationSpec) -> dict[str, Any]:
    named = ("name", "role", "level", "time_zone", "every", "unit", "first_on", "handoff_time", "window", "at_once")
    initial: dict[str, Any] = {name: getattr(spec, name) for name in (*named, "order", "team")}
    initial["weekdays"] = list(spec.weekdays)
    for number, place in enumerate(spec.people, start=1):
        initial |= {f"place_{number}": str(place.person), f"weight_{number}": place.weight}
    return initial


def _shown(spec: RotationSpec | None) -> int:
    """Return how many places to show: those there are and an empty one, three for a new rotation."""
    return min(MOST_PLACES, len(spec.people) + 1) if spec and spec.people else 3


def _count(text: object) -> int:
    words = str(text)
    return min(MOST_PLACES, max(1, int(words))) if words.isascii() and words.isdigit() and len(words) < 5 else 3
