"""Checks before observing, what was found for each night, who let one be red, and what was deployed."""

import uuid

from django.db import models
from django.db.models import F, Q

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person, Team
from playbooks.readiness import standing


class CheckQuerySet(models.QuerySet["Check"]):
    def in_use(self, night: object) -> "CheckQuerySet":
        """Those that are made before a night (a date)."""
        return self.filter(Q(used_until__isnull=True) | Q(used_until__gt=night), used_from__lte=night)


class Check(models.Model):
    """A test before observing (domain.md 3.2). `name` is what programs may call it; both it and the number stay.

    It is made before the nights from `used_from` on and before `used_until`. What was changed is in `changes`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveSmallIntegerField(unique=True)
    name = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=120)
    how = models.TextField(max_length=2000, blank=True)
    limit = models.CharField(max_length=200, blank=True)  # in words, such as: at most 5 s
    owner_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="readiness_checks"
    )  # null: nobody's yet
    used_from = models.DateField()
    used_until = models.DateField(null=True, blank=True)  # null: in use
    objects = CheckQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(name="check_counts_from_1", condition=Q(number__gte=1)),
            models.CheckConstraint(name="check_has_a_title", condition=~Q(title="")),
            models.CheckConstraint(
                name="check_used_from_before_until",
                condition=Q(used_until__isnull=True) | Q(used_from__lte=F("used_until")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    def in_use_words(self) -> str:
        return f"the owner of check {self.number}, {self.title}"


class CheckChange(models.Model):
    """What was changed about a check, in words. Append-only, by trigger."""

    of = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: by rule
    text = models.TextField(max_length=8000)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(name="check_change_by_time", fields=["at"])]

    def __str__(self) -> str:
        return self.text


class Night(models.Model):
    """When the checks of a night are due, and how it stands as of the last look. Planned from above, where the sun is
    known. All instants are UTC; see standing.Plan for what they mean.

    `terms`: of what the instants were computed, so that whoever plans sees whether they still hold.
    """

    day_obs = models.DateField(primary_key=True)
    morning_due = models.DateTimeField()
    rerun_from = models.DateTimeField()
    evening_due = models.DateTimeField()
    urgent_at = models.DateTimeField()
    sunset = models.DateTimeField()
    ends_at = models.DateTimeField()
    close_of_work = models.DateTimeField()
    terms = models.CharField(max_length=200)
    verdict = models.CharField(max_length=7, default="unknown")
    called = models.JSONField(default=list)  # of what is red, that which its open trouble has told: “4 fail”
    looked_at = models.DateTimeField(null=True, blank=True)  # null: nobody has looked yet
    next_due = models.DateTimeField(null=True, blank=True)  # null: it is over, and time alone changes nothing

    class Meta:
        ordering = ["-day_obs"]
        constraints = [
            models.CheckConstraint(name="readiness_verdict_known", condition=Q(verdict__in=sorted(standing.VERDICTS))),
            models.CheckConstraint(
                name="readiness_runs_in_order",
                condition=Q(morning_due__lte=F("rerun_from"), rerun_from__lte=F("evening_due"))
                & Q(sunset__lt=F("ends_at")),
            ),
        ]
        indexes = [
            models.Index(name="night_to_look_at", fields=["next_due"], condition=Q(next_due__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.day_obs:%Y%m%d}"

    @property
    def plan(self) -> standing.Plan:
        return standing.Plan(
            morning_due=self.morning_due,
            rerun_from=self.rerun_from,
            evening_due=self.evening_due,
            urgent_at=self.urgent_at,
            sunset=self.sunset,
            ends_at=self.ends_at,
            close_of_work=self.close_of_work,
        )

    @property
    def path(self) -> str:
        return f"/readiness/{self}/"


class Result(models.Model):
    """What a check found for a night, with the version that was tried. The newest of each counts. Append-only."""

    class Outcome(models.TextChoices):
        PASS = "pass", "pass"
        FAIL = "fail", "fail"

    nth = models.BigAutoField(primary_key=True)  # in which order they came
    id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    day_obs = models.DateField()
    of = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="results")
    result = models.CharField(max_length=4, choices=Outcome.choices)
    version = models.CharField(max_length=120, blank=True)
    link = models.CharField(max_length=1000, blank=True)
    detail = models.TextField(max_length=4000, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    by_hand = models.BooleanField(default=False)

    class Meta:
        ordering = ["-nth"]
        constraints = [models.CheckConstraint(name="result_known", condition=Q(result__in=["pass", "fail"]))]
        indexes = [models.Index(name="result_of_night", fields=["day_obs", "of", "-nth"])]

    def __str__(self) -> str:
        return f"{self.day_obs:%Y%m%d} {self.of}: {self.result}"


class Waiver(models.Model):
    """Somebody lets a check be red until an instant, and says why. Taken back, it keeps when and by whom."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    of = models.ForeignKey(Check, on_delete=models.PROTECT, related_name="waivers")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    why = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: not taken back
    ended_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not taken back

    class Meta:
        ordering = ["until", "id"]
        constraints = [
            models.CheckConstraint(name="readiness_waiver_says_why", condition=~Q(why="")),
            models.CheckConstraint(
                name="readiness_waiver_ends", condition=Q(until__gt=F("starts_at"), until__lt=LATEST)
            ),
            models.CheckConstraint(
                name="readiness_waiver_taken_back_by",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.of} waived by {self.by} until {self.until:%d %b %H:%M} UTC"

    @property
    def plain(self) -> standing.Waiver:
        return standing.Waiver(self.starts_at, self.until, self.ended_at)


class Deployment(models.Model):
    """A version of a service went into use at an instant (domain.md 3.2). Append-only: a step back is a deployment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.CharField(max_length=120)
    version = models.CharField(max_length=120)
    at = models.DateTimeField()
    who = models.CharField(max_length=120)  # as the sender says it
    link = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")  # whose token reported it
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-received_at", "service"]
        constraints = [
            models.UniqueConstraint(name="one_deployment_each", fields=["service", "version", "at"]),
            models.CheckConstraint(
                name="deployment_names_both", condition=~Q(service="") & ~Q(version="") & Q(at__gte=EARLIEST)
            ),
        ]
        indexes = [
            models.Index(name="deployment_by_time", fields=["-at"]),
            models.Index(name="deployment_of_service", fields=["service", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.version}"
