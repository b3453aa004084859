"""What the telescope took, what became of it, and how each visit was judged."""

from django.db import models
from django.db.models import F, Q

from incidents.latency.rule_models import Rule as Rule  # noqa: PLC0414  # Django looks for models here
from incidents.latency.rule_models import RuleWatch as RuleWatch  # noqa: PLC0414
from oncall.people.models import Person


class SurveyBlock(models.Model):
    """A block of the survey, and whether its visits are to become alerts. One that nobody has settled counts as
    expected and is listed for the pilot (domain.md 5.2).
    """

    code = models.CharField(max_length=60, primary_key=True)
    alerts_expected = models.BooleanField(null=True, blank=True)  # null: nobody has said, counts as expected
    first_seen_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)  # null: as above
    settled_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: as above, or a program without a person said it
    judge_below = models.BigIntegerField(
        null=True, blank=True
    )  # visits before this one are still to be judged by how it was settled; null: none is

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="block_settled_says_what",
                condition=Q(settled_at__isnull=True, alerts_expected__isnull=True)
                | Q(settled_at__isnull=False, alerts_expected__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.code


class Waived(models.TextChoices):
    NO = "", "no"
    TEMPLATE_GAP = "template_gap", "template gap"
    ENGINEERING = "engineering", "engineering"


class Verdict(models.TextChoices):
    """What became of a visit (domain.md 5.3)."""

    IN_TIME = "in_time", "in time"
    DELAYED = "delayed", "delayed"
    FAILED = "failed", "failed"
    PENDING = "pending", "pending"
    UNKNOWN = "unknown", "unknown"
    NOT_ELIGIBLE = "not_eligible", "not eligible"


class Visit(models.Model):
    """One exposure, as last reported, and its verdict as of the last time it was judged.

    `why`: for a visit that is not eligible, what makes it so (verdict.py names them); else empty.
    """

    visit_id = models.BigIntegerField(primary_key=True)  # begins with its day_obs
    day_obs = models.PositiveIntegerField()
    instrument = models.CharField(max_length=40)
    survey_block = models.CharField(max_length=60)
    band = models.CharField(max_length=10, blank=True)
    end_readout = models.DateTimeField()
    on_sky = models.BooleanField()
    dome_open = models.BooleanField()
    expected_alerts = models.PositiveIntegerField(null=True, blank=True)  # null: the sender does not say
    waived = models.CharField(max_length=12, choices=Waived.choices, blank=True)
    received_at = models.DateTimeField()  # when we first heard of it
    reported_at = models.DateTimeField()  # when we last heard of it
    verdict = models.CharField(max_length=12, choices=Verdict.choices, default=Verdict.PENDING)
    why = models.CharField(max_length=40, blank=True)
    judged_at = models.DateTimeField()
    judge_due = models.DateTimeField(null=True, blank=True)  # null: no passing of time changes the verdict

    class Meta:
        ordering = ["visit_id"]
        constraints = [
            models.CheckConstraint(name="visit_verdict_known", condition=Q(verdict__in=Verdict.values)),
            models.CheckConstraint(name="visit_waived_known", condition=Q(waived__in=Waived.values)),
            models.CheckConstraint(name="visit_why_when_not_eligible", condition=Q(verdict="not_eligible") | Q(why="")),
            models.CheckConstraint(
                name="visit_pending_is_judged_later", condition=~Q(verdict="pending") | Q(judge_due__isnull=False)
            ),
            models.CheckConstraint(
                name="visit_of_a_night", condition=Q(visit_id__gt=0, day_obs__range=(19000101, 99991231))
            ),
        ]
        indexes = [
            models.Index(name="visit_of_night", fields=["day_obs", "verdict"]),
            models.Index(name="visit_by_time", fields=["-end_readout"]),
            models.Index(name="visit_judge_due", fields=["judge_due"], condition=Q(judge_due__isnull=False)),
            models.Index(name="visit_of_block", fields=["survey_block", "visit_id"]),
        ]

    def __str__(self) -> str:
        return str(self.visit_id)


class Delivery(models.Model):
    """What was sent for a visit, as last reported; it may come before the visit does. `limit_s`: the reporting limit
    that the sender applied to `sent_within_limit`.
    """

    class Stage(models.TextChoices):
        NONE = "none", "none"
        ISR = "isr", "ISR"
        SINGLE_FRAME = "single_frame", "single frame"
        AP_PIPE = "ap_pipe", "AP pipe"
        SENT = "sent", "sent"

    class Ended(models.TextChoices):
        COMPLETE = "complete", "complete"
        FAILED = "failed", "failed"

    visit_id = models.BigIntegerField(primary_key=True)
    sent = models.PositiveIntegerField()
    sent_within_limit = models.PositiveIntegerField()
    first_sent_at = models.DateTimeField(null=True, blank=True)  # null: nothing was sent
    last_sent_at = models.DateTimeField(null=True, blank=True)  # null: as above
    stage = models.CharField(max_length=12, choices=Stage.choices)
    ended = models.CharField(max_length=8, choices=Ended.choices)
    waived = models.CharField(max_length=12, choices=Waived.choices, blank=True)
    limit_s = models.PositiveIntegerField(default=60)
    received_at = models.DateTimeField()  # when we first heard of it
    reported_at = models.DateTimeField()  # when we last heard of it

    class Meta:
        ordering = ["visit_id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(
                name="delivery_within_is_part_of_sent", condition=Q(sent_within_limit__lte=F("sent"))
            ),
            models.CheckConstraint(
                name="delivery_sent_has_instants",
                condition=Q(sent=0, first_sent_at__isnull=True, last_sent_at__isnull=True)
                | Q(sent__gt=0, first_sent_at__isnull=False, last_sent_at__gte=F("first_sent_at")),
            ),
            models.CheckConstraint(
                name="delivery_stage_known",
                condition=Q(stage__in=["none", "isr", "single_frame", "ap_pipe", "sent"]),
            ),
            models.CheckConstraint(name="delivery_ended_known", condition=Q(ended__in=["complete", "failed"])),
        ]
        indexes = [models.Index(name="delivery_last_sent", fields=["-last_sent_at"])]

    def __str__(self) -> str:
        return f"{self.sent} for {self.visit_id}"


class VerdictChange(models.Model):
    """How a visit was judged before and since, and what changed it. Append-only, by trigger."""

    visit_id = models.BigIntegerField()
    at = models.DateTimeField()
    was = models.CharField(max_length=12, choices=Verdict.choices)
    became = models.CharField(max_length=12, choices=Verdict.choices)
    text = models.CharField(max_length=200)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(name="verdict_change_of_visit", fields=["visit_id", "at"])]

    def __str__(self) -> str:
        return f"{self.visit_id}: {self.was} to {self.became}"


class NextVisit(models.Model):
    """The telescope's word that a visit is coming. Some are never taken; that alone is no fault."""

    group_id = models.CharField(max_length=80, primary_key=True)
    instrument = models.CharField(max_length=40)
    survey_block = models.CharField(max_length=60)
    announced_at = models.DateTimeField()
    visit_id = models.BigIntegerField(null=True, blank=True)  # null: the sender does not say which it will be
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["-announced_at"]
        indexes = [models.Index(name="next_visit_by_time", fields=["-announced_at"])]

    def __str__(self) -> str:
        return self.group_id


class UnreadMessage(models.Model):
    """A message of a broker that could not be taken, and why, by field. It is kept for who looks after the mapping, and
    known by its place in the topic, so that the same one is not kept twice.
    """

    topic = models.CharField(max_length=249)
    partition = models.PositiveIntegerField()
    offset = models.PositiveBigIntegerField()
    at = models.DateTimeField()  # when we first met it
    body = models.TextField()  # its first 16 KiB, as far as it is text
    errors = models.JSONField()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [models.UniqueConstraint(name="one_unread_message_each", fields=["topic", "partition", "offset"])]

    def __str__(self) -> str:
        return f"{self.topic} {self.partition}:{self.offset}"
