"""Who works here: people, their teams, the roles they hold for a time, and the hours they are at work."""

import uuid
import zoneinfo
from datetime import datetime, time
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils.functional import cached_property

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.zones import zones


def check_time_zone(value: str) -> None:
    """Refuse a name that is not in the IANA time zone database."""
    if value not in zones():
        raise ValidationError(f"“{value}” is not a time zone. Write a name such as America/Santiago or Europe/Paris.")


class TimeSpan(Func):
    """tstzrange(starts_at, ends_at), half-open; a null end is for ever."""

    function = "TSTZRANGE"
    output_field = models.DateTimeField()


class WorkCalendar(models.Model):
    """The hours somebody is at work: ISO weekdays, from and until on the wall clock of whoever it is applied to.

    One that ends at 00:00 ends at midnight (early-night support, R11). It is not changed once it is there: credit may
    hang on it. New hours are a new calendar, which people have from a date on (HoursTerm).

    A person's calendar is read in the person's own zone (domain.md 5.6), a team's clock in `time_zone`. Public
    holidays of `country` (and `subdivision`) are not work days.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, validators=[check_time_zone], default="America/Los_Angeles")
    work_days = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        help_text="ISO weekdays, Monday is 1.",
    )
    starts = models.TimeField()
    ends = models.TimeField()
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166 code for public holidays; empty: none.")
    subdivision = models.CharField(max_length=8, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="calendar_starts_before_it_ends", condition=Q(starts__lt=F("ends")) | Q(ends=time(0))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def in_words(self) -> str:
        """Return its days and hours, such as "Mon, Tue, Wed 09:00-17:00"."""
        names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        days = sorted(self.work_days)
        run = len(days) > 2 and days == list(range(days[0], days[-1] + 1))
        said = f"{names[days[0] - 1]} to {names[days[-1] - 1]}" if run else ", ".join(names[day - 1] for day in days)
        return f"{said or 'no days'} {self.starts:%H:%M}-{f'{self.ends:%H:%M}' if self.ends != time(0) else '24:00'}"


class PersonQuerySet(models.QuerySet["Person"]):
    def active(self) -> "PersonQuerySet":
        return self.filter(is_active=True)


class PersonManager(BaseUserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> PersonQuerySet:
        """People of flesh and blood: whom this system calls to test itself is in no list."""
        found: PersonQuerySet = super().get_queryset()
        return found.filter(is_system=False)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        """Make a person. Without a password nobody can sign in as them until they set one by mail."""
        person: Person = self.model(username=username, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "Person":
        fields.setdefault("name", username)
        return self.create_user(username, password, is_superuser=True, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who can be on call, be paged, answer, and earn leave. Also the account they sign in with.

    An administrator is a person with `is_superuser`. Other rights are role terms, which begin and end.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "Use small letters, digits, dots and dashes.")],
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(unique=True, null=True, blank=True)  # null: no address, so no mail can reach them
    time_zone = models.CharField(max_length=64, validators=[check_time_zone], default="UTC")
    calendar = models.ForeignKey(
        WorkCalendar, null=True, blank=True, on_delete=models.PROTECT
    )  # null: their team's calendar, else the house default (Mon-Fri 09:00-17:00)
    country = models.CharField(max_length=2, blank=True, help_text="Whose public holidays; empty: the calendar's.")
    subdivision = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    is_system = models.BooleanField(
        default=False, db_default=False, help_text="Nobody: whom this system calls to test itself."
    )
    joined_at = models.DateTimeField(null=True, blank=True)  # null: invited, has not signed in yet

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = PersonManager()
    everybody = models.Manager["Person"]()  # also who is nobody

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split()[0] if self.name else self.username

    @cached_property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def is_staff(self) -> bool:
        return self.is_superuser


class HoursTermQuerySet(models.QuerySet["HoursTerm"]):
    def holding(self, at: datetime) -> "HoursTermQuerySet":
        """Those that hold at `at`, by person; of each the first counts: a stay, else what began last."""
        begun = self.filter(starts_at__lte=at, withdrawn_at__isnull=True)
        holding = begun.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        return holding.order_by("person_id", F("ends_at").asc(nulls_last=True), "-starts_at")


class HoursTerm(models.Model):
    """When somebody is at work, and where, from an instant on: so that the past stays what it was (R11, domain.md 5.6).

    Without an end it holds until the next one (a new contract, a move); with an end it is a stay (travel), which wins
    over those without. Before the first one, the person's own fields hold.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="hours_terms")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # null: until the next one
    time_zone = models.CharField(max_length=64, validators=[check_time_zone])
    calendar = models.ForeignKey(
        WorkCalendar, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: their team's calendar, else the house default
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=8, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: kept when the person's own fields were changed
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # null: it stands
    objects = HoursTermQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                name="hours_term_starts_before_it_ends",
                condition=Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
            ),
            models.CheckConstraint(
                name="hours_term_bounded",
                condition=Q(starts_at__gte=EARLIEST, starts_at__lt=LATEST)
                & (Q(ends_at__isnull=True) | Q(ends_at__lt=LATEST)),
            ),
            models.UniqueConstraint(
                name="one_hours_term_each_instant",
                fields=["person", "starts_at"],
                condition=Q(ends_at__isnull=True, withdrawn_at__isnull=True),
            ),
            ExclusionConstraint(
                name="one_stay_at_a_time",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=Q(ends_at__isnull=False, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.time_zone} from {self.starts_at:%d %b %Y %H:%M} UTC"


class Team(models.Model):
    """People with one skill and one calendar. Campaign Management, the Data Facility, the observers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    skill = models.CharField(max_length=80, blank=True, help_text="What one calls them for, in a word or two.")
    wbs = models.CharField(max_length=20, blank=True, help_text="Work breakdown code (R08).")
    calendar = models.ForeignKey(WorkCalendar, null=True, blank=True, on_delete=models.PROTECT)
    lead = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="leads"
    )  # null: nobody leads it; the pilot is told instead
    members = models.ManyToManyField(Person, through="Membership", related_name="teams")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person belongs to a team."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(name="one_membership_each", fields=["person", "team"])]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class RoleTermQuerySet(models.QuerySet["RoleTerm"]):
    def at(self, instant: datetime) -> "RoleTermQuerySet":
        """Terms that cover `instant`: starts_at <= instant < ends_at."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=instant), starts_at__lte=instant)


class RoleTerm(models.Model):
    """A role a person holds for a time: pilot of the rotations (R27), manager of a team, observer at the summit."""

    class Role(models.TextChoices):
        PILOT = "pilot", "Pilot"
        MANAGER = "manager", "Manager"
        OBSERVER = "observer", "Observing Specialist"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="role_terms")
    role = models.CharField(max_length=10, choices=Role.choices)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)  # null: of everybody
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # null: until further notice
    objects = RoleTermQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="role_known", condition=Q(role__in=["pilot", "manager", "observer"])),
            models.CheckConstraint(
                name="role_term_starts_before_it_ends",
                condition=Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
            ),
            models.CheckConstraint(
                name="role_term_bounded",
                condition=Q(starts_at__gte=EARLIEST, starts_at__lt=LATEST)
                & (Q(ends_at__isnull=True) | Q(ends_at__lt=LATEST)),
            ),
            ExclusionConstraint(
                name="one_pilot_at_a_time",
                expressions=[(TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS)],
                condition=Q(role="pilot"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.get_role_display()}"


class Site(models.Model):
    """A place with a sky and a clock of its own. The night is that of the one site that observes (domain.md 2.3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    latitude = models.FloatField(
        validators=[MinValueValidator(-90), MaxValueValidator(90)], help_text="Degrees, north is positive."
    )
    longitude = models.FloatField(
        validators=[MinValueValidator(-180), MaxValueValidator(180)], help_text="Degrees, east is positive."
    )
    time_zone = models.CharField(max_length=64, validators=[check_time_zone])
    observing = models.BooleanField(default=False, help_text="Whether its sun makes the night.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                name="one_observing_site",
                fields=["observing"],
                condition=Q(observing=True),
                violation_error_message="Another site observes already. Change that one first: one makes the night.",
            ),
            models.CheckConstraint(
                name="site_on_earth",
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                violation_error_message="Write a latitude from -90 to 90 and a longitude from -180 to 180 degrees.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A secret by which a program acts for a person. Only its SHA-256 is kept; it is shown once (security.md S12)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12, help_text="Its first letters, to tell tokens apart.")
    read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)  # null: never used
    revoked_at = models.DateTimeField(null=True, blank=True)  # null: still good

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(name="token_expires_after_creation", condition=Q(created_at__lt=F("expires_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class CountedTry(models.Model):
    """One try that is counted against a limit per hour: a sign-in that failed, a password reset that was asked for.

    Kept in PostgreSQL, so that it holds over every web process and without a broker (security.md S13).
    """

    class Kind(models.TextChoices):
        ACCOUNT = "account", "sign-in, by account"
        ADDRESS = "address", "sign-in, by network address"
        RESET_ACCOUNT = "reset", "password reset, by mail address"
        RESET_ADDRESS = "reset-from", "password reset, by network address"
        PIN = "pin", "PIN by telephone, by number"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    subject = models.CharField(max_length=254)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                name="counted_try_kind_known",
                condition=Q(kind__in=["account", "address", "reset", "reset-from", "pin"]),
            ),
        ]
        indexes = [models.Index(name="tries_of_subject", fields=["kind", "subject", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%H:%M}"
