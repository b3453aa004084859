"""What somebody types to take a span, to put somebody else on call for it, or to be absent."""

from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from oncall.people.instants import InstantField
from oncall.people.models import Person
from rotations.changes import queries
from rotations.changes.models import Absence
from rotations.changes.words import whole_days
from rotations.night.wall import wall_instant
from rotations.schedule.models import ROLES, Schedule

MIDNIGHT = time()


def moment(label: str, **kwargs: Any) -> InstantField:
    """Read in the viewer's zone (oncall/people/middleware.py)."""
    return InstantField(
        label=label,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        **kwargs,
    )


def roles_of(schedule: Schedule) -> list[tuple[str, str]]:
    held = set(schedule.rotations.values_list("role", flat=True))
    return [(role.value, role.label) for role in ROLES if role in held]


def people_of(schedule: Schedule) -> Any:
    """Everybody who has turns in `schedule`, or covers in it."""
    covers = Q(overrides__schedule=schedule, overrides__cancelled_at__isnull=True)
    return Person.objects.filter(Q(turns__rotation__schedule=schedule) | covers).distinct()


class OverrideForm(forms.Form):
    role = forms.ChoiceField()
    person = forms.ModelChoiceField(queryset=Person.objects.none(), label="Who takes it", empty_label=None)
    replaces = forms.ModelChoiceField(
        queryset=Person.objects.none(),
        required=False,
        label="Instead of",
        empty_label="whoever is on: the whole span, alone",
        help_text="Instead of one person they take only what that person would have had, and gaps stay gaps.",
    )
    starts_at = moment("Starts at")
    ends_at = moment("Ends at")
    reason = forms.CharField(max_length=200, required=False)

    def __init__(self, *args: Any, schedule: Schedule, viewer: Person, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = roles_of(schedule)  # type: ignore[attr-defined]
        people = Person.objects.active()
        if not queries.may_arrange(viewer, now=now):
            people = people.filter(pk=viewer.pk)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].initial = viewer.pk
        self.fields["replaces"].queryset = people_of(schedule)  # type: ignore[attr-defined]
        self.fields["starts_at"].help_text = f"In {viewer.time_zone}, your zone."


class AbsenceForm(forms.Form):
    """Days on the person's own calendar; with times, from and until these on their clock.

    A clean form has `starts_at` and `ends_at`.
    """

    person = forms.ModelChoiceField(queryset=Person.objects.none(), label="Who", empty_label=None)
    kind = forms.ChoiceField(choices=Absence.Kind.choices)
    first_day = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    last_day = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    from_time = forms.TimeField(
        label="From",
        required=False,
        help_text="Empty: the whole first day.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    until_time = forms.TimeField(
        label="Until",
        required=False,
        help_text="Empty: the whole last day.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    note = forms.CharField(
        max_length=300, required=False, help_text="For you, the pilot and managers. Others see that you are absent."
    )

    FIELD_OF = {"starts_at": "first_day", "ends_at": "last_day"}  # where a refusal is shown

    def __init__(self, data: Any = None, *, viewer: Person, now: datetime, absence: Absence | None = None) -> None:
        super().__init__(data, initial=_initial(absence) if absence else {"kind": Absence.Kind.LEAVE})
        self.of = absence.person if absence else None
        self.begun_at = absence.starts_at if absence and absence.effective_from <= now else None
        if self.begun_at:
            for name in ("first_day", "from_time"):
                self.fields[name].disabled = True
        people = Person.objects.active()
        if self.of:
            del self.fields["person"]
        else:
            if not queries.may_arrange(viewer, now=now):
                people = people.filter(pk=viewer.pk)
            self.fields["person"].queryset = people  # type: ignore[attr-defined]
            self.fields["person"].initial = viewer.pk
        whose = self.of or (viewer if not people.exclude(pk=viewer.pk).exists() else None)
        self.fields["first_day"].help_text = (
            f"On the calendar of {whose.time_zone}."
            if whose
            else f"On their own calendar; yours is {viewer.time_zone}."
        )

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = self.cleaned_data
        first, last = asked.pop("first_day", None), asked.pop("last_day", None)
        start, end = asked.pop("from_time", None), asked.pop("until_time", None)
        person = self.of or asked.get("person")
        if not (first and last and person):
            return asked
        for name, day in (("first_day", first), ("last_day", last)):
            if not date(1990, 1, 2) <= day <= date(2099, 12, 30):
                self.add_error(name, "That is too far away. Choose a day from 1990 to 2099.")
                return asked
        if last < first:
            raise ValidationError({"last_day": "The last day is before the first. Choose a later one."})
        asked["starts_at"], asked["ends_at"] = whole_days(first, last, zone=person.zone)
        if start:
            asked["starts_at"] = wall_instant(first, start, person.zone)
        if self.begun_at:  # it stays, to the second
            asked["starts_at"] = self.begun_at
        if end:
            asked["ends_at"] = wall_instant(last, end, person.zone)
        return asked

    def show(self, field: str, message: str) -> None:
        """Put a refusal where its field is."""
        name = self.FIELD_OF.get(field, field)
        self.add_error(name if name in self.fields else None, message)


def _initial(absence: Absence) -> dict[str, Any]:
    zone = absence.person.zone
    start, end = absence.starts_at.astimezone(zone), absence.ends_at.astimezone(zone)
    whole_end = end.time() == MIDNIGHT
    last = date.fromordinal(end.date().toordinal() - 1) if whole_end else end.date()
    return {
        "kind": absence.kind,
        "note": absence.note,
        "first_day": start.date(),
        "last_day": last,
        "from_time": None if start.time() == MIDNIGHT else start.time(),
        "until_time": None if whole_end else end.time(),
    }
