"""What was learned of an incident: its review in every version, the actions it asks for, what was missed."""

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q

from incidents.alarms.models import Cause
from incidents.command.models import Incident
from incidents.reviews.states import STATES
from oncall.people.models import Person, Team
from oncall.work.models import WorkItem


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, person: Person) -> "ReviewQuerySet":
        """Those of incidents that `person` may see (R43)."""
        return self.filter(incident__in=Incident.objects.visible_to(person).order_by().values("pk"))

    def unfinished(self) -> "ReviewQuerySet":
        return self.exclude(state="closed")

    def published(self) -> "ReviewQuerySet":
        """Those that everybody may read, without signing in. A restricted incident's never is."""
        return self.filter(published_at__isnull=False, incident__restricted=False)


class Review(models.Model):
    """The blameless post-mortem of an incident (domain.md 3.1).

    `figures` are as counted at the draft, `recounted` as counted again later: verdicts change with catch-up. `version`
    counts changes of the text and the state. What everybody may read is frozen in `published` as it was looked at.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="review")
    state = models.CharField(max_length=9, default="draft")
    severity = models.PositiveSmallIntegerField(help_text="By which it is due; the incident's, as last looked at.")
    owner = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="reviews_owned"
    )  # null: nobody had command, and nobody was named yet
    reviewers = models.ManyToManyField(Person, related_name="reviews_to_look_at", blank=True)
    drafted_at = models.DateTimeField()
    drafted_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: by rule
    due_at = models.DateTimeField(null=True, blank=True)  # null: optional, nobody waits for it
    calendar = models.CharField(max_length=80, blank=True, help_text="Whose working days it is due by; empty: days.")
    remind_at = models.DateTimeField(null=True, blank=True)  # null: nobody is reminded
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When its incident was over, as last looked at."
    )  # null: it was not
    content = models.JSONField(default=dict, help_text="Text by section (drafting.SECTIONS).")
    version = models.PositiveIntegerField(default=1)
    cause = models.CharField(max_length=12, choices=Cause.choices, blank=True)  # empty: nobody has said
    impact_starts_at = models.DateTimeField(null=True, blank=True)  # null: as the incident says
    impact_ends_at = models.DateTimeField(null=True, blank=True)  # null: as its states say
    figures = models.JSONField()
    figures_at = models.DateTimeField()
    recounted = models.JSONField(null=True, blank=True)  # null: neither asked for nor needed yet
    recounted_at = models.DateTimeField(null=True, blank=True)  # null: as above
    count_at = models.DateTimeField(
        null=True, blank=True, help_text="When a rule looks whether it can be counted for good."
    )  # null: time alone changes nothing
    reviewed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not reviewed
    reviewed_at = models.DateTimeField(null=True, blank=True)  # null: not reviewed
    closed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: not closed
    closed_at = models.DateTimeField(null=True, blank=True)  # null: not closed
    published = models.JSONField(default=dict, help_text="Title, text by section and actions, without names.")
    published_text = models.TextField(blank=True, help_text="All of it, to be searched.")
    published_at = models.DateTimeField(null=True, blank=True)  # null: only who is signed in may read it
    published_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as above
    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-drafted_at"]
        constraints = [
            models.CheckConstraint(name="review_state_known", condition=Q(state__in=STATES)),
            models.CheckConstraint(name="review_cause_known", condition=Q(cause__in=["", *Cause.values])),
            models.CheckConstraint(
                name="review_by_a_second_person",
                condition=Q(state__in=["reviewed", "closed"], reviewed_by__isnull=False, reviewed_at__isnull=False)
                & (Q(owner__isnull=True) | ~Q(reviewed_by=F("owner")))
                | Q(state__in=["draft", "in_review"], reviewed_by__isnull=True, reviewed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="review_closed_says_when",
                condition=Q(state="closed", closed_by__isnull=False, closed_at__isnull=False)
                | ~Q(state="closed") & Q(closed_by__isnull=True, closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="review_published_by_somebody",
                condition=Q(published_at__isnull=False, published_by__isnull=False)
                | Q(published_at__isnull=True, published_by__isnull=True, published_text=""),
            ),
            models.CheckConstraint(
                name="review_impact_starts_before_it_ends",
                condition=Q(impact_starts_at__isnull=True)
                | Q(impact_ends_at__isnull=True)
                | Q(impact_starts_at__lt=F("impact_ends_at")),
            ),
        ]
        indexes = [
            models.Index(name="review_reminds", fields=["remind_at"], condition=Q(remind_at__isnull=False)),
            models.Index(name="review_published", fields=["-published_at"], condition=Q(published_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Review of incident {self.incident.number}"

    @property
    def path(self) -> str:
        return f"/reviews/{self.incident.number}/"

    @property
    def public_path(self) -> str:
        return f"/reviews/published/{self.incident.number}/"


class ReviewWords(models.Model):
    """What finds a review: the words of its incident's title, of what it says and of what was published of it, as one
    text. Written by triggers, with the text.
    """

    review = models.OneToOneField(Review, primary_key=True, on_delete=models.CASCADE, related_name="searched")
    words = SearchVectorField()

    class Meta:
        indexes = [GinIndex(name="review_words", fields=["words"])]

    def __str__(self) -> str:
        return f"words of {self.review_id}"


class Version(models.Model):
    """The text of a review as it was. Append-only: a trigger refuses change and removal."""

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    at = models.DateTimeField()
    by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: by rule
    what = models.CharField(max_length=200, help_text="What was done: drafted, changed, reviewed.")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(name="review_versions_count", fields=["review", "number"])]

    def __str__(self) -> str:
        return f"version {self.number} of {self.review}"


class ActionItemQuerySet(models.QuerySet["ActionItem"]):
    def open(self) -> "ActionItemQuerySet":
        """Those to be done: neither here nor as a work item has anybody said that they are."""
        return self.filter(done_at__isnull=True).exclude(work__state=WorkItem.State.DONE)

    def visible_to(self, person: Person) -> "ActionItemQuerySet":
        return self.filter(review__in=Review.objects.visible_to(person).order_by().values("pk"))


class ActionItem(models.Model):
    """Something to be done so that it does not happen again, or hurts less: whose it is, until when, where it stands.

    It is a work item too (`work`), unless its incident is restricted: those are listed for all.
    """

    class Kind(models.TextChoices):
        PROCESS = "process", "process"
        DOCS = "docs", "documentation"
        TECHNICAL = "technical", "technical"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="actions")
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=9, choices=Kind.choices)
    owner = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: a team's
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: one person's
    due_on = models.DateField()
    ticket = models.CharField(max_length=1000, blank=True, help_text="Address of a ticket elsewhere; empty: none yet.")
    ticket_name = models.CharField(max_length=80, blank=True, help_text="How it is called there, such as DM-12345.")
    work = models.OneToOneField(
        WorkItem, null=True, blank=True, on_delete=models.PROTECT, related_name="review_action"
    )  # null: of a restricted incident
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)  # null: to be done, unless its work item is
    done_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # null: so
    objects = ActionItemQuerySet.as_manager()

    class Meta:
        ordering = ["due_on", "made_at"]
        constraints = [
            models.CheckConstraint(name="action_kind_known", condition=Q(kind__in=["process", "docs", "technical"])),
            models.CheckConstraint(
                name="action_is_a_persons_or_a_teams",
                condition=Q(owner__isnull=False, team__isnull=True) | Q(owner__isnull=True, team__isnull=False),
            ),
            models.CheckConstraint(
                name="action_done_says_who",
                condition=Q(done_at__isnull=True, done_by__isnull=True)
                | Q(done_at__isnull=False, done_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_done(self) -> bool:
        return self.done_at is not None or (self.work is not None and self.work.state == WorkItem.State.DONE)

    @property
    def whose(self) -> str:
        return self.owner.name if self.owner else self.team.name if self.team else ""


class TicketRequest(models.Model):
    """A ticket to be made elsewhere. The row is the outbox: made once, by whoever holds the lease.

    `asked_at`: we asked for it and have no clear answer, so it may be there; from then on it is only looked for, never
    asked for again, because two tickets are worse than none. Dropped: before it was made nobody needed it any more.
    """

    class Tracker(models.TextChoices):
        JIRA = "jira", "Jira"
        GITHUB = "github", "GitHub"

    class State(models.TextChoices):
        WAITING = "waiting", "on its way"
        MADE = "made", "made"
        FAILED = "failed", "failed"
        DROPPED = "dropped", "not made"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.OneToOneField(ActionItem, on_delete=models.PROTECT, related_name="request")
    tracker = models.CharField(max_length=6, choices=Tracker.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_due = models.DateTimeField(null=True, blank=True)  # null: made, given up or dropped
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody is at it now
    asked_at = models.DateTimeField(null=True, blank=True)  # null: it cannot be there
    error_text = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    wanted_at = models.DateTimeField()

    class Meta:
        ordering = ["wanted_at"]
        constraints = [
            models.CheckConstraint(name="ticket_tracker_known", condition=Q(tracker__in=["jira", "github"])),
            models.CheckConstraint(
                name="ticket_waits_or_ended",
                condition=Q(state="waiting", next_due__isnull=False)
                | Q(state__in=["made", "failed", "dropped"], next_due__isnull=True),
            ),
        ]
        indexes = [models.Index(name="ticket_due", fields=["next_due"], condition=Q(next_due__isnull=False))]

    def __str__(self) -> str:
        return f"{self.get_tracker_display()} ticket for {self.action}"


class CatchUp(models.Model):
    """That a major incident has its task to catch up with what was missed: written once, with the task."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="catch_up")
    work = models.OneToOneField(
        WorkItem, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: the incident is restricted, and work items are listed for all
    at = models.DateTimeField()

    class Meta:
        ordering = ["at"]

    def __str__(self) -> str:
        return f"catching up after incident {self.incident_id}"
