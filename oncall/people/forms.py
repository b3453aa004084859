"""What people type about people, translated; the errors say what would be right."""

import threading
import zoneinfo
from datetime import datetime, timedelta
from typing import Any

import holidays
from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordResetForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.functional import lazy

from oncall.people import access, throttle
from oncall.people.instants import InstantField
from oncall.people.models import CountedTry, Person, RoleTerm, Team, WorkCalendar, check_time_zone

TOKEN_LIVES = [(30, "30 days"), (90, "90 days"), (180, "half a year"), (365, "a year")]


def zone_names() -> list[tuple[str, str]]:
    """Return the zones worth choosing, as (name, words): places, and UTC; not the old abbreviations."""
    names = sorted(
        n for n in zoneinfo.available_timezones() if "/" in n and not n.startswith(("Etc/", "SystemV/", "US/"))
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def country_names() -> list[tuple[str, str]]:
    return [("", "As the calendar says"), *((code, code) for code in sorted(holidays.list_supported_countries()))]


class ZoneField(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Time zone")
        super().__init__(choices=lazy(zone_names, list), **kwargs)

    def valid_value(self, value: str) -> bool:
        """Any zone of the database will do, also one that is not offered."""
        try:
            check_time_zone(value)
        except ValidationError:
            return False
        return True


class LocalInstant(forms.DateTimeInput):
    """The browser's own picker of a day and a time."""

    input_type = "datetime-local"


class SignInForm(AuthenticationForm):
    """Django's own, with tries counted per account and per network address."""

    def __init__(
        self, request: HttpRequest | None = None, *args: Any, now: datetime, address: str, **kwargs: Any
    ) -> None:
        super().__init__(request, *args, **kwargs)
        self.now = now
        self.address = address

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        return username.strip().lower()  # a telephone's keyboard begins with a capital

    def clean(self) -> dict[str, Any]:
        account = self.cleaned_data.get("username") or ""
        try:
            tries = [
                throttle.count_try(
                    kind=CountedTry.Kind.ADDRESS,
                    subject=self.address,
                    at_most=throttle.SIGN_INS_PER_ADDRESS,
                    now=self.now,
                ),
                throttle.count_try(
                    kind=CountedTry.Kind.ACCOUNT, subject=account, at_most=throttle.SIGN_INS_PER_ACCOUNT, now=self.now
                ),
            ]
        except throttle.TooManyTries as error:
            raise ValidationError(
                f"{error} Or reset your password by mail: that opens the account at once.", code="too_many"
            ) from None
        cleaned: dict[str, Any] = super().clean()
        throttle.forgive(*tries)
        return cleaned


class ResetForm(PasswordResetForm):
    """Django's own. The mail leaves beside the request, so that a known address takes no longer than an unknown one."""

    def get_users(self, email: str) -> list[Person]:
        """Also those who were invited and never set a password: this is how they get a fresh link."""
        return list(Person.objects.active().filter(email__iexact=email))

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        threading.Thread(target=super().send_mail, args=args, kwargs=kwargs, daemon=True, name="reset-mail").start()


class Hours(forms.Form):
    """Where somebody lives and when they work."""

    time_zone = ZoneField(help_text="Times are shown in this zone, and work hours are counted in it.")
    calendar = forms.ModelChoiceField(
        WorkCalendar.objects.all(), required=False, label="Work calendar", empty_label="The team's calendar"
    )
    country = forms.ChoiceField(
        choices=lazy(country_names, list),
        required=False,
        label="Public holidays of",
        help_text="Country, ISO 3166 code.",
    )
    subdivision = forms.CharField(
        required=False, max_length=8, label="State or region", help_text="Its ISO code, such as CA or BY; may be empty."
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_place(self, cleaned)
        return cleaned


def check_place(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    """Add an error to a form with a country and a subdivision, if there is no such region in that country."""
    country, part = cleaned.get("country", ""), cleaned.get("subdivision", "").upper()
    known = holidays.list_supported_countries().get(country, [])
    if part and not country:
        form.add_error("subdivision", "Choose the country first.")
    elif part and part not in known:
        offered = ", ".join(known[:8]) or "none"
        form.add_error("subdivision", f"{country} has no region {part} that we know. Known are: {offered}.")


class FreeAddress:
    """An e-mail address belongs to one person."""

    def free(self, email: str, *, but: Person | None = None) -> str | None:
        taken = (
            Person.objects.filter(email__iexact=email).exclude(pk=but.pk if but else None).first() if email else None
        )
        if taken:
            raise ValidationError(f"{email} belongs to {taken.name}. Two accounts cannot share an address.")
        return email or None


class InviteForm(FreeAddress, forms.Form):
    name = forms.CharField(max_length=120, help_text="As colleagues know them: Ada Lovelace.")
    username = forms.CharField(
        max_length=40,
        validators=Person._meta.get_field("username").validators,
        help_text="What they sign in with: small letters, digits, dots, dashes.",
    )
    email = forms.EmailField(label="E-mail", help_text="The invitation goes here.")
    time_zone = ZoneField(help_text="Where they live. They can change it.")
    teams = forms.ModelMultipleChoiceField(Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple)

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if Person.objects.filter(username=username).exists():
            raise ValidationError(f"The username {username} is taken. Choose another, such as {username}2.")
        return username

    def clean_email(self) -> str | None:
        return self.free(self.cleaned_data["email"])


class PersonForm(FreeAddress, Hours):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(
        label="E-mail", required=False, help_text="For resetting the password. Pages go to contact methods."
    )
    teams = forms.ModelMultipleChoiceField(Team.objects.all(), required=False, widget=forms.CheckboxSelectMultiple)
    field_order = ("name", "email", "teams", "time_zone", "calendar", "country", "subdivision")

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_email(self) -> str | None:
        return self.free(self.cleaned_data["email"], but=self.person)


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]
    people = forms.ModelMultipleChoiceField(
        Person.objects.active(), required=False, widget=forms.CheckboxSelectMultiple, label="Members"
    )

    class Meta:
        model = Team
        fields = ["name", "slug", "skill", "wbs", "lead", "calendar"]
        labels = {"slug": "Short name", "wbs": "Work breakdown code"}
        help_texts = {"slug": "In addresses: small letters, digits, dashes; data-facility."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lead = self.fields["lead"]
        assert isinstance(lead, forms.ModelChoiceField)
        lead.queryset = Person.objects.active()
        lead.empty_label = "Nobody; the pilot is told instead"
        calendar = self.fields["calendar"]
        assert isinstance(calendar, forms.ModelChoiceField)
        calendar.empty_label = "Monday to Friday, 09:00 to 17:00"


class RoleForm(forms.Form):
    """A role for a time; instants are typed on the viewer's own clock."""

    role = forms.ChoiceField(choices=RoleTerm.Role.choices)
    team = forms.ModelChoiceField(Team.objects.all(), required=False, empty_label="Everybody")
    starts_at = InstantField(
        required=False,
        label="From",
        help_text="Your local time; empty: now.",
        widget=LocalInstant,
    )
    ends_at = InstantField(
        required=False,
        label="Until",
        help_text="Empty: until further notice.",
        widget=LocalInstant,
    )

    def __init__(self, *args: Any, now: datetime, by: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        if not access.may_name_managers(by):
            role = self.fields["role"]
            assert isinstance(role, forms.ChoiceField)
            role.choices = [one for one in RoleTerm.Role.choices if one[0] != RoleTerm.Role.MANAGER]
            role.error_messages["invalid_choice"] = "Managers see leave: only an administrator gives that role."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["starts_at"] = cleaned.get("starts_at") or self.now
        if cleaned.get("ends_at") and cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("ends_at", "It would end before it begins. Choose a later end, or none.")
        if cleaned.get("role") == RoleTerm.Role.PILOT:
            cleaned["team"] = None  # the pilot is everybody's
        return cleaned


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What it is for: summit display, my script.")
    days = forms.TypedChoiceField(choices=TOKEN_LIVES, coerce=int, initial=90, label="Good for")
    read_only = forms.BooleanField(required=False, initial=True, label="May only read")

    @property
    def life(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])
