"""Which days, whose, and in which rows: the filters of a report, all of them in its address."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet

from oncall.people.models import Person, Team

FIRST, LAST = date(1990, 2, 1), date(2099, 11, 30)
LONGEST = timedelta(days=400)  # a year and what hangs over; burdens are computed for no longer
DAY = timedelta(days=1)
BY = [("person", "person"), ("team", "team"), ("month", "month")]
DAYS = {"invalid": "Write a day such as 2027-03-25."}


class ReportForm(forms.Form):
    """Days are both included. Without them: this year so far; with a year: all of it."""

    def __init__(self, *args: Any, people: QuerySet[Person], teams: QuerySet[Team], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        picker = {"type": "date"}
        self.fields["from"] = forms.DateField(
            label="From", required=False, error_messages=DAYS, widget=forms.DateInput(attrs=picker)
        )
        self.fields["until"] = forms.DateField(
            label="Up to and with", required=False, error_messages=DAYS, widget=forms.DateInput(attrs=picker)
        )
        self.fields["team"] = forms.ModelChoiceField(
            teams,
            required=False,
            empty_label="All I may see",
            error_messages={"invalid_choice": "There is no such team that you may see the whole of. Choose another."},
        )
        self.fields["person"] = forms.ModelChoiceField(
            people.order_by("name"),
            required=False,
            empty_label="Everybody",
            error_messages={"invalid_choice": "There is nobody like that whose leave you may see. Choose another."},
        )
        self.fields["by"] = forms.ChoiceField(
            label="A row for each",
            required=False,
            choices=BY,
            initial="person",
            error_messages={"invalid_choice": "“%(value)s” is no kind of row. Choose month, person or team."},
        )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        for name in ("from", "until"):
            day = found.get(name)
            if day is not None and not FIRST <= day <= LAST:
                self.add_error(name, f"Choose a day from {FIRST:%Y} to {LAST:%Y}.")
        if self.errors:
            return found
        found["from"], found["until"] = _days(found.get("from"), found.get("until"), self.today)
        if found["until"] < found["from"]:
            self.add_error("until", f"{found['until']} is before {found['from']}, the first day. Choose a later one.")
        elif found["until"] - found["from"] + DAY > LONGEST:
            self.add_error("until", f"Choose {LONGEST.days} days at most.")
        return found


class YearForm(forms.Form):
    """A calendar year, or days as in a report."""

    year = forms.IntegerField(
        required=False,
        min_value=FIRST.year + 1,
        max_value=LAST.year - 1,
        error_messages={"invalid": "Write a year such as 2027."},
    )


def _days(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """Return both days; what is left out follows from the other: to today, or from the beginning of the year."""
    if first is None:
        return (last or today).replace(month=1, day=1), last or today
    if last is None:
        last = today if first <= today < first + LONGEST else first.replace(month=12, day=31)
    return first, last
