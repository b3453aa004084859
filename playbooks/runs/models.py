"""One use of a playbook, and what each step of it came to."""

import uuid

from django.db import models
from django.db.models import F, Q

from oncall.people.models import Person
from playbooks.library.models import Playbook, Revision
from playbooks.runs.folding import WORDS

ENDS = ("solved", "written", "failed", "left")


class RunQuerySet(models.QuerySet["Run"]):
    def open(self) -> "RunQuerySet":
        return self.filter(ended_at__isnull=True)

    def counted(self) -> "RunQuerySet":
        """Those that were about something: practice proves nothing."""
        return self.exclude(subject="")


class Run(models.Model):
    """One use of a playbook, by one or several people, as its revision said (R20).

    What it is about belongs to rooms above, so it is told here in words and as an address: `subject` is whatever it is
    (empty: practice), `about` how people call it, and the key, the head of the title and the product of an alarm are
    what its like is found by.
    """

    class End(models.TextChoices):
        SOLVED = "solved", "solved"
        WRITTEN = "written", "ended as it says"
        FAILED = "failed", "without success"
        LEFT = "left", "left"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="runs")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="runs")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )  # null: no other playbook led to it
    subject = models.CharField(max_length=80, blank=True)
    about = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=200, blank=True)
    restricted = models.BooleanField(default=False, help_text="What is written in it is not for everybody (R43).")
    alarm_key = models.CharField(max_length=200, blank=True)
    alarm_head = models.CharField(max_length=120, blank=True)
    product = models.CharField(max_length=120, blank=True)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="runs_started")
    touched_at = models.DateTimeField(help_text="When somebody last did something in it.")
    solved_step = models.PositiveSmallIntegerField(null=True, blank=True)  # null: none is marked as what solved it
    ended_at = models.DateTimeField(null=True, blank=True)  # null: somebody follows it
    ended_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: it is open, was left, or ended with what it was about
    end = models.CharField(max_length=7, blank=True, choices=End.choices)
    missing = models.TextField(max_length=4000, blank=True, help_text="What the playbook lacked.")
    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="run_ended_says_how",
                condition=Q(ended_at__isnull=True, end="", ended_by__isnull=True)
                | Q(ended_at__isnull=False, end__in=list(ENDS)),
            ),
            models.CheckConstraint(name="run_ends_after_it_starts", condition=Q(touched_at__gte=F("started_at"))),
            models.CheckConstraint(
                name="run_lacks_only_without_success", condition=Q(missing="") | Q(end__in=["failed", "left"])
            ),
            models.UniqueConstraint(
                name="one_open_run_of_each",
                fields=["playbook", "subject"],
                condition=Q(ended_at__isnull=True) & ~Q(subject=""),
            ),
        ]
        indexes = [
            models.Index(name="run_open", fields=["touched_at"], condition=Q(ended_at__isnull=True)),
            models.Index(name="run_of_playbook", fields=["playbook", "-started_at"]),
            models.Index(name="run_of_subject", fields=["subject"]),
            models.Index(name="run_newest", fields=["-started_at", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.playbook} since {self.started_at:%d %b %H:%M} UTC"

    @property
    def path(self) -> str:
        return f"/runs/{self.pk}/"

    @property
    def asks(self) -> bool:
        """Say whether somebody still has to tell what was missing."""
        return self.end in (self.End.FAILED, self.End.LEFT) and not self.missing


class StepOutcome(models.Model):
    """What a step of a run came to. Append-only, by trigger: the last one of a step holds, `nth` counts in the run."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="outcomes")
    nth = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200, help_text="Of the step, by which it is counted across revisions.")
    outcome = models.CharField(max_length=7, choices=list(WORDS.items()))
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)  # null: nobody knows
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["nth"]
        constraints = [
            models.UniqueConstraint(name="outcomes_count", fields=["run", "nth"]),
            models.CheckConstraint(name="outcome_known", condition=Q(outcome__in=list(WORDS))),
            models.CheckConstraint(name="outcome_of_a_step", condition=Q(step__gte=1, nth__gte=1)),
            models.CheckConstraint(
                name="outcome_within_a_day", condition=Q(minutes__isnull=True) | Q(minutes__lte=1440)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step}: {self.get_outcome_display()}"
