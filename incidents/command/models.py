"""A coordinated response: the incident, who has which role in it, and everything that was said and done."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from incidents.alarms.models import CALLED_IN, HANDED_OVER, Alarm, AlarmPage
from incidents.command.lifecycle import STATES
from incidents.command.roles import ROLES
from oncall import words
from oncall.people.models import Person, TimeSpan

COMMAND = uuid.UUID("00000000-0000-4000-8000-000000000004")  # source of alarms that an incident has no commander


class IncidentQuerySet(models.QuerySet["Incident"]):
    def live(self) -> "IncidentQuerySet":
        """Those somebody works on: not resolved, closed, a false alarm or merged."""
        return self.filter(state__in=["investigating", "identified", "mitigated"])

    def visible_to(self, person: Person) -> "IncidentQuerySet":
        """Everybody signed in sees every incident, but a restricted one only whom it names."""
        return self.filter(Q(restricted=False) | self._names(person)) if person.is_active else self.none()

    def naming(self, person: Person) -> "IncidentQuerySet":
        """Those that `person` would see if all were restricted."""
        return self.filter(self._names(person)) if person.is_active else self.none()

    def locked(self) -> "IncidentQuerySet":
        """Restricted ones that nobody who is here can read: whoever they name has left."""
        return self.filter(restricted=True).exclude(self._names(True, of="__is_active"))

    def _names(self, person: object, *, of: str = "") -> Q:
        """Whoever declared it, has or had a role in it, is offered its command, was called into it (by its call, not by
        somebody who passed that on), or is a member. `of`: what is asked of the person, if it is not who they are.
        """
        here = {"incident": models.OuterRef("pk")}  # one index look-up each: a join of them all would multiply
        roles = RoleAssignment.objects.filter(**{f"person{of}": person}, **here)
        members = Member.objects.filter(**{f"person{of}": person}, **here)
        asked = CommandOffer.objects.filter(**{f"to{of}": person}, answered_at__isnull=True, **here)
        # Only whom its call reached by its own plan: whoever lets it be handed to them has not been asked in.
        pages = AlarmPage.objects.filter(**{f"page__person{of}": person}, alarm=models.OuterRef("alarm"))
        pages = pages.exclude(step__in=(CALLED_IN, HANDED_OVER))
        called = IncidentAlarm.objects.filter(models.Exists(pages), calls=True, **here)
        named = Q(**{f"declared_by{of}": person}) | models.Exists(roles) | models.Exists(members)
        return named | models.Exists(asked) | models.Exists(called)


class Incident(models.Model):
    """Something serious enough that people work on it together, with a commander (domain.md 3).

    `version` counts changes, so that a press on a page that is out of date is refused. Severity 1 and 2 are major.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(unique=True)  # what people call it: incident 12
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, max_length=4000)
    severity = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=13, default="investigating")
    product = models.CharField(max_length=120, blank=True, help_text="Path of the product, as alarms have it.")
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="incidents_declared"
    )  # null: by rule
    impact_starts_at = models.DateTimeField(null=True, blank=True)  # null: not known yet
    resolved_at = models.DateTimeField(null=True, blank=True)  # null: not resolved
    closed_at = models.DateTimeField(null=True, blank=True)  # null: not closed
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged"
    )  # null: it stands for itself
    restricted = models.BooleanField(default=False, help_text="A security incident: only for whom it names (R43).")
    room = models.CharField(max_length=1000, blank=True, help_text="Where people talk: an address; empty: here.")
    reopened = models.PositiveSmallIntegerField(default=0, help_text="How often.")
    version = models.PositiveIntegerField(default=1)
    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="incident_state_known", condition=Q(state__in=sorted(STATES))),
            models.CheckConstraint(name="incident_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="incident_merged_into_another",
                condition=Q(state="merged", merged_into__isnull=False) & ~Q(merged_into=F("id"))
                | ~Q(state="merged") & Q(merged_into__isnull=True),
            ),
            models.CheckConstraint(
                name="incident_resolved_has_its_instant",
                condition=Q(state__in=["resolved", "closed"], resolved_at__isnull=False)
                | Q(state__in=["investigating", "identified", "mitigated"], resolved_at__isnull=True)
                | Q(state__in=["merged", "false_alarm"]),
            ),
            models.CheckConstraint(
                name="incident_closed_has_its_instant",
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="incident_live",
                fields=["-number"],
                condition=Q(state__in=["investigating", "identified", "mitigated"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Incident {self.number}: {self.title}"

    @property
    def is_major(self) -> bool:
        return self.severity <= 2

    @property
    def path(self) -> str:
        return f"/incidents/{self.number}/"


class IncidentWords(models.Model):
    """What finds an incident: the words of its title, its summary and every line of its timeline, as one text.

    Written by triggers (migration 0006) in the transaction that writes the text.
    """

    incident = models.OneToOneField(Incident, primary_key=True, on_delete=models.CASCADE, related_name="searched")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="incident_words", fields=["words"])]

    def __str__(self) -> str:
        return f"words of {self.incident_id}"


class IncidentAlarm(models.Model):
    """An alarm that an incident is about, or that called somebody into it. An alarm is part of one at a time."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="alarm_links")
    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="incident_links")
    linked_at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: by rule
    unlinked_at = models.DateTimeField(null=True, blank=True)  # null: part of it
    calls = models.BooleanField(default=False, help_text="Raised from the incident, to call somebody into it.")
    severity = models.PositiveSmallIntegerField(help_text="The worst that the alarm was known to be here.")

    class Meta:
        ordering = ["linked_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_incident_per_alarm", fields=["alarm"], condition=Q(unlinked_at__isnull=True)
            ),
        ]
        indexes = [
            models.Index(name="links_that_call", fields=["alarm"], condition=Q(calls=True, unlinked_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.alarm} in {self.incident}"


class Member(models.Model):
    """Somebody whom a restricted incident names besides those who have a role in it."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_member_each", fields=["incident", "person"])]

    def __str__(self) -> str:
        return f"{self.person} in {self.incident}"


class RoleAssignment(models.Model):
    """Somebody has a role in an incident, from an instant until another (domain.md 3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="assignments")
    role = models.CharField(max_length=16)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="incident_roles")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # null: has it now
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: by rule
    why = models.CharField(max_length=200, blank=True, help_text="Such as: on call as incident commander.")

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(name="incident_role_known", condition=Q(role__in=sorted(ROLES))),
            models.CheckConstraint(
                name="assignment_starts_before_it_ends",
                condition=Q(ends_at__isnull=True) | Q(starts_at__lte=F("ends_at")),
            ),
            ExclusionConstraint(
                name="one_of_each_role_but_experts",
                expressions=[
                    ("incident", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(role="expert"),
            ),
            ExclusionConstraint(
                name="an_expert_is_one_once",
                expressions=[
                    ("incident", RangeOperators.EQUAL),
                    ("person", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role} of {self.incident}"


class CommandOffer(models.Model):
    """The commander asks somebody to take over; it passes with an explicit yes (domain.md 3)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="command_offers")
    giver = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: nobody has command
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="command_offers")
    why = models.CharField(max_length=200, blank=True)
    brief = models.TextField(blank=True, max_length=4000)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)  # null: waits
    accepted = models.BooleanField(null=True, blank=True)  # null: waits, or was taken back

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                name="one_command_offer_at_a_time", fields=["incident"], condition=Q(answered_at__isnull=True)
            ),
            models.CheckConstraint(
                name="command_offered_to_another", condition=Q(giver__isnull=True) | ~Q(giver=F("to"))
            ),
        ]

    def __str__(self) -> str:
        return f"command of {self.incident} offered to {self.to}"


class Picture(models.Model):
    """An image pasted into a timeline, kept as it was checked and written anew (never as it came)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="pictures")
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"picture in {self.incident}"


class Entry(models.Model):
    """One line of an incident's timeline. Append-only: a trigger refuses change and removal; a correction is a line.

    What happened to the incident's alarms (pages, keypresses, acknowledgements) is not copied: the timeline is these
    lines and the log of its alarms, in order of `at`. `nth` counts within the incident, for readers that missed some.
    """

    class Kind(models.TextChoices):
        IMPACT = "impact", "impact began"
        DETECTED = "detected", "detected"
        DECLARED = "declared", "declared"
        STATE = "state", "state"
        SEVERITY = "severity", "severity"
        CHANGED = "changed", "changed"
        ROLE = "role", "role"
        NOTE = "note", "note"
        FINDING = "finding", "finding"
        ACTION = "action", "action"
        STEP = "step", "playbook step"
        ALARM = "alarm", "alarm"
        UPDATE = "update", "message sent"
        DEPLOYMENT = "deployment", "deployment"
        FIXED = "fixed", "fixed"
        CORRECTION = "correction", "correction"
        LINK = "link", "link"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    nth = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    at = models.DateTimeField(help_text="When it happened.")
    written_at = models.DateTimeField(help_text="When it was written down.")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: this system
    text = models.TextField(max_length=20000)
    url = models.CharField(max_length=1000, blank=True)
    corrects = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrections"
    )  # null: it corrects no line of this timeline
    picture = models.ForeignKey(
        Picture, null=True, blank=True, on_delete=models.PROTECT, related_name="entries"
    )  # null: without
    key = models.CharField(max_length=200, blank=True, help_text="Whatever is written once; empty: nothing like that.")
    said = models.JSONField(default=dict, help_text="Of changes: what it was and what it is.")

    class Meta:
        ordering = ["nth"]
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(name="entries_count", fields=["incident", "nth"]),
            models.UniqueConstraint(name="entry_once_by_key", fields=["incident", "key"], condition=~Q(key="")),
            models.CheckConstraint(
                name="correction_points_at_a_line", condition=~Q(kind="correction") | Q(corrects__isnull=False)
            ),
        ]
        indexes = [
            models.Index(name="entries_in_order", fields=["incident", "at"]),
            GinIndex(words.vector("text"), name="entries_by_words"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
