"""One page: who is called, by which ways, every attempt, and what the provider said. Rows come before requests."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from oncall.paging.truth import in_words, truth
from oncall.people.models import Person


class Channel(models.TextChoices):
    SMS = "sms", "SMS"
    VOICE = "voice", "Call"
    EMAIL = "email", "E-mail"
    SLACK = "slack", "Slack"
    PUSH = "push", "Push"
    NULL = "null", "Nowhere"  # goes the whole way and reaches nobody: the canary's


class Urgency(models.TextChoices):
    HIGH = "high", "High (SEV-1 and SEV-2)"
    LOW = "low", "Low"


class Lane(models.TextChoices):
    """What sort of message it is; each has a throttle of its own (throttle.py)."""

    HIGH = "high", "page of high urgency"
    LOW = "low", "page of low urgency"
    REPLY = "reply", "reply or code"
    NOTICE = "notice", "notice"
    STATUS = "status", "news of an incident"


class ContactMethodQuerySet(models.QuerySet["ContactMethod"]):
    def usable(self) -> "ContactMethodQuerySet":
        return self.filter(disabled_at__isnull=True)


class ContactMethod(models.Model):
    """A telephone number or an address by which one person can be reached."""

    class Kind(models.TextChoices):
        PHONE = "phone", "Telephone"
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        PUSH = "push", "Browser"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contact_methods")
    kind = models.CharField(max_length=5, choices=Kind.choices)
    address = models.CharField(
        max_length=254,
        help_text="E.164 for a telephone (+56912345678); a mail address; a Slack user id; a browser's digest.",
    )
    label = models.CharField(max_length=40, blank=True)
    details = models.JSONField(default=dict, blank=True, help_text="What its channel needs beside the address.")
    verified_at = models.DateTimeField(null=True, blank=True)  # null: its owner has not typed our code back
    confirmed_at = models.DateTimeField(null=True, blank=True)  # null: no human has ever answered a page here
    no_texts_since = models.DateTimeField(null=True, blank=True)  # null: it takes texts; else it is called instead
    suspect_since = models.DateTimeField(null=True, blank=True)  # null: nothing says that the number changed hands
    disabled_at = models.DateTimeField(null=True, blank=True)  # null: in use
    disabled_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    objects = ContactMethodQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(name="one_contact_each", fields=["person", "kind", "address"]),
            models.CheckConstraint(
                name="phone_is_e164", condition=~Q(kind="phone") | Q(address__regex=r"^\+[1-9][0-9]{6,14}$")
            ),
            models.CheckConstraint(
                name="disabled_contact_says_why", condition=Q(disabled_at__isnull=True) | ~Q(disabled_reason="")
            ),
        ]
        indexes = [models.Index(name="contact_by_address", fields=["address"])]

    def __str__(self) -> str:
        return self.masked

    @property
    def proved(self) -> bool:
        """Whether its owner has shown that it reaches them: by our code, or by answering a page there (S24)."""
        return (self.verified_at is not None or self.confirmed_at is not None) and self.suspect_since is None

    @property
    def proved_at(self) -> datetime | None:
        """When that was last shown; nothing if never."""
        return max((at for at in (self.verified_at, self.confirmed_at) if at is not None), default=None)

    @property
    def masked(self) -> str:
        """+56 •••• 5678, or g•••@example.org: enough to know it again, not enough to call it (security.md S14)."""
        if self.kind == self.Kind.PHONE:
            return f"{self.address[:3]} •••• {self.address[-4:]}"
        if self.kind == self.Kind.EMAIL:
            name, _, domain = self.address.partition("@")
            return f"{name[:1]}•••@{domain}"
        return f"{self.get_kind_display()} •••• {self.address[-4:]}"


class Verification(models.Model):
    """A code of ours on its way to one contact, by the way of pages. Only its keyed hash is kept (security.md S24)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(
        ContactMethod, null=True, on_delete=models.SET_NULL, related_name="verifications"
    )  # null: removed since
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="verifications")
    address_digest = models.CharField(
        max_length=64, help_text="Keyed hash of the address: sends are counted for it, whoever's contact it is."
    )
    channel = models.CharField(max_length=5, choices=Channel.choices)
    code_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Wrong codes typed so far.")
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)  # null: the code may still be typed
    closed_why = models.CharField(max_length=10, blank=True, help_text="right, wrong, replaced or expired")

    class Meta:
        ordering = ["sent_at"]
        constraints = [
            models.UniqueConstraint(name="one_code_at_a_time", fields=["contact"], condition=Q(closed_at__isnull=True)),
            models.CheckConstraint(
                name="code_closed_says_why",
                condition=Q(closed_at__isnull=True, closed_why="")
                | Q(closed_at__isnull=False, closed_why__in=["right", "wrong", "replaced", "expired"]),
            ),
        ]
        indexes = [models.Index(name="code_by_address", fields=["address_digest", "sent_at"])]

    def __str__(self) -> str:
        return f"a code by {self.get_channel_display()}"


class QuietHours(models.Model):
    """When loud ways wait for one person, for low urgency alone: on the wall clock of their own zone."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="quiet_hours")
    starts = models.TimeField()
    ends = models.TimeField(help_text="Not later than it starts: the next morning.")

    class Meta:
        verbose_name_plural = "quiet hours"
        constraints = [
            models.CheckConstraint(
                name="quiet_hours_are_not_all_day",
                condition=~Q(starts=models.F("ends")),
                violation_error_message="Quiet hours that end when they start would never end.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.starts:%H:%M}–{self.ends:%H:%M}"


class NotificationRule(models.Model):
    """How one person wants to be paged: by this way, so long after the page began. “Call after 1 minute.”"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notification_rules")
    urgency = models.CharField(max_length=4, choices=Urgency.choices, default=Urgency.HIGH)
    delay_s = models.PositiveIntegerField(help_text="Seconds after the page began; 0 is at once.")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    contact = models.ForeignKey(ContactMethod, on_delete=models.CASCADE, related_name="rules")

    class Meta:
        ordering = ["urgency", "delay_s", "channel"]
        constraints = [
            models.UniqueConstraint(
                name="one_rule_each", fields=["person", "urgency", "delay_s", "channel", "contact"]
            ),
            models.CheckConstraint(
                name="rule_channel_known", condition=Q(channel__in=["sms", "voice", "email", "slack", "push"])
            ),
            models.CheckConstraint(name="rule_within_an_hour", condition=Q(delay_s__lte=3600)),
        ]

    def __str__(self) -> str:
        when = "at once" if not self.delay_s else f"after {self.delay_s} s"
        return f"{self.get_channel_display()} {when}"


class PageQuerySet(models.QuerySet["Page"]):
    def calling(self) -> "PageQuerySet":
        return self.filter(state=Page.State.CALLING)

    def due(self, now: datetime) -> "PageQuerySet":
        return self.filter(next_due__lte=now)


class Page(models.Model):
    """A call on one person that must be answered. It goes on by its ladder until somebody answers or it has an end.

    `id` is derived from `key`, so doing the same thing twice makes one page (paging.md 2.8). The personal rules are
    copied into `ladder` when it begins. `next_due`: when the next attempt starts, or the waiting ends. `held_until`: an
    attempt whose time has come waits so long, for the reason beside it; what comes meanwhile for its person joins it.
    """

    class State(models.TextChoices):
        CALLING = "calling", "calling"
        ANSWERED = "answered", "answered"
        UNANSWERED = "unanswered", "not answered"
        UNREACHABLE = "unreachable", "not reached by any way"
        CANCELLED = "cancelled", "no longer needed"

    id = models.UUIDField(primary_key=True, editable=False)
    key = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="pages")
    urgency = models.CharField(max_length=4, choices=Urgency.choices)
    severity = models.PositiveSmallIntegerField()
    reference = models.CharField(max_length=4, help_text="The code to reply with; never used twice for one person.")
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    answer_path = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=State.choices, default=State.CALLING)
    edition = models.PositiveIntegerField(default=1, help_text="Counts what joined it: each retelling is the next.")
    ladder = models.JSONField()
    next_rung = models.PositiveSmallIntegerField(default=0)
    next_due = models.DateTimeField(null=True, blank=True)  # null: it has ended
    leads = models.BooleanField(default=False, help_text="The first of its source in a while: it goes before others.")
    paged_before_at = models.DateTimeField(null=True, blank=True)  # null: its person was not paged just before
    quiet_until = models.DateTimeField(null=True, blank=True)  # null: no quiet hours hold its calls and texts back
    held_until = models.DateTimeField(null=True, blank=True)  # null: no throttle holds it
    held_why = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)  # null: still calling
    ended_why = models.CharField(max_length=300, blank=True)
    objects = PageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(name="one_reference_per_person", fields=["person", "reference"]),
            models.CheckConstraint(
                name="page_state_known",
                condition=Q(state__in=["calling", "answered", "unanswered", "unreachable", "cancelled"]),
            ),
            models.CheckConstraint(
                name="page_calling_has_next_due",
                condition=Q(state="calling", next_due__isnull=False, ended_at__isnull=True)
                | (~Q(state="calling") & Q(next_due__isnull=True, ended_at__isnull=False)),
            ),
            models.CheckConstraint(name="page_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(
                name="page_held_says_why",
                condition=Q(held_until__isnull=True, held_why="") | (Q(held_until__isnull=False) & ~Q(held_why="")),
            ),
        ]
        indexes = [
            models.Index(name="page_by_person", fields=["person", "-created_at"]),
            models.Index(name="page_due", fields=["next_due"], condition=Q(state="calling")),
            models.Index(name="page_calling_by_person", fields=["person", "created_at"], condition=Q(state="calling")),
        ]

    def __str__(self) -> str:
        return f"{self.reference} to {self.person}"


class Notice(models.Model):
    """A message that need not be answered. It waits behind every page."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    lane = models.CharField(max_length=6, choices=Lane.choices, default=Lane.NOTICE)
    address = models.CharField(max_length=254)
    text = models.TextField()
    next_due = models.DateTimeField(null=True, blank=True)  # null: handed over, or given up
    held_why = models.CharField(max_length=120, blank=True, help_text="What it waits for; empty: its turn.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at"]
        indexes = [
            models.Index(name="notice_due", fields=["next_due"], condition=Q(next_due__isnull=False)),
            models.Index(name="notice_to_address", fields=["address", "-created_at"]),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def unsettled(self) -> "AttemptQuerySet":
        """Nobody knows yet how it ends: to be looked at when `look_at` comes."""
        return self.filter(state__in=[Attempt.State.INTENT, Attempt.State.UNKNOWN, Attempt.State.ACCEPTED])


class Attempt(models.Model):
    """One request to a provider, written down before it is made. Its id travels in every callback URL."""

    class State(models.TextChoices):
        INTENT = "intent", "about to be sent"
        UNKNOWN = "unknown", "sent, but the answer was lost"
        ACCEPTED = "accepted", "with the provider"
        FINISHED = "finished", "finished"
        REFUSED = "refused", "refused by the provider"
        LOST = "lost", "never arrived at the provider"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    page = models.ForeignKey(Page, null=True, on_delete=models.PROTECT, related_name="attempts")  # null: of a notice
    notice = models.ForeignKey(Notice, null=True, on_delete=models.CASCADE, related_name="attempts")  # null: of a page
    n = models.PositiveSmallIntegerField()
    rung = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=1, help_text="Which send of this rung it is.")
    channel = models.CharField(max_length=5, choices=Channel.choices)
    lane = models.CharField(max_length=6, choices=Lane.choices, default=Lane.HIGH)
    provider = models.CharField(max_length=20, blank=True, help_text="Which provider's account was asked, by name.")
    contact = models.ForeignKey(ContactMethod, null=True, on_delete=models.SET_NULL)  # null: removed since
    address = models.CharField(max_length=254)
    body = models.TextField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.INTENT)
    sid = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=20, blank=True, help_text="The provider's own word for where it is.")
    rank = models.SmallIntegerField(default=0)
    sequence = models.SmallIntegerField(default=-1)
    error_code = models.CharField(max_length=10, blank=True)
    error_text = models.CharField(max_length=300, blank=True)
    started_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)  # null: not accepted, or not known to be
    told_at = models.DateTimeField(null=True, blank=True)  # null: a call that nobody has picked up yet
    told_edition = models.PositiveIntegerField(null=True, blank=True)  # null: as told_at; else what they know of
    answered_at = models.DateTimeField(null=True, blank=True)  # null: no human has confirmed it
    ended_at = models.DateTimeField(null=True, blank=True)  # null: not settled
    look_at = models.DateTimeField(null=True, blank=True)  # null: settled, nothing left to ask
    asked_in_vain_at = models.DateTimeField(null=True, blank=True)  # null: the provider could be asked, or nobody has
    lease_token = models.UUIDField(null=True, blank=True)  # null: nobody is sending it now
    objects = AttemptQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "n"]
        constraints = [
            models.UniqueConstraint(name="one_attempt_n_per_page", fields=["page", "n"]),
            models.UniqueConstraint(name="one_attempt_n_per_notice", fields=["notice", "n"]),
            models.UniqueConstraint(name="one_attempt_per_sid", fields=["sid"], condition=~Q(sid="")),
            models.CheckConstraint(
                name="attempt_of_page_or_notice",
                condition=Q(page__isnull=False, notice__isnull=True) | Q(page__isnull=True, notice__isnull=False),
            ),
            models.CheckConstraint(
                name="attempt_settled_or_looked_at",
                condition=Q(state__in=["intent", "unknown", "accepted"], look_at__isnull=False, ended_at__isnull=True)
                | Q(state__in=["finished", "refused", "lost"], look_at__isnull=True, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="attempt_accepted_has_sid",
                condition=~Q(state="accepted") | (~Q(sid="") & Q(accepted_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(name="attempt_to_look_at", fields=["look_at"], condition=Q(look_at__isnull=False)),
            models.Index(name="attempt_to_address", fields=["address", "-started_at"]),
            models.Index(name="attempt_by_start", fields=["started_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.n} {self.state}"

    @property
    def known(self) -> str:
        """How much is proven of it, in a word: accepted, sent, delivered, human-confirmed (truth.py)."""
        accepted, answered = self.accepted_at is not None, self.answered_at is not None
        return in_words(truth(channel=self.channel, accepted=accepted, status=self.status, answered=answered))


class Breaker(models.Model):
    """How one provider did lately. Open: it is left alone, but for a probe now and then (breaker.py)."""

    provider = models.CharField(primary_key=True, max_length=20)
    answers = models.JSONField(default=list, help_text="The latest, while some of them are failures: [instant, good].")
    opened_at = models.DateTimeField(null=True, blank=True)  # null: closed
    probe_at = models.DateTimeField(null=True, blank=True)  # null: closed; else when a page may try it again
    why = models.CharField(max_length=300, blank=True)
    reported = models.BooleanField(
        default=False, help_text="A status report opened it: that a request is accepted says nothing then."
    )
    crowded_until = models.DateTimeField(null=True, blank=True)  # null: its queue has room for low urgency too

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="breaker_open_is_probed",
                condition=Q(opened_at__isnull=True, probe_at__isnull=True)
                | Q(opened_at__isnull=False, probe_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider} {'open' if self.opened_at else 'closed'}"


class Callback(models.Model):
    """What the provider reported, as it came. Append-only; the attempt keeps only the furthest state."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="callbacks")
    sid = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    sequence = models.SmallIntegerField(default=-1)
    error_code = models.CharField(max_length=10, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["received_at"]
        constraints = [models.UniqueConstraint(name="one_callback_each", fields=["attempt", "status", "sid"])]

    def __str__(self) -> str:
        return f"{self.status} of {self.sid}"


class InboundSms(models.Model):
    """A text somebody sent us, kept as it came; the provider's id makes a repeat harmless."""

    sid = models.CharField(max_length=40, primary_key=True)
    sender = models.CharField(max_length=254)
    body = models.CharField(max_length=1600)
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=300, blank=True)
    understood = models.BooleanField(default=False)

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(name="inbound_by_sender", fields=["sender", "-received_at"]),
            models.Index(name="inbound_waiting", fields=["received_at"], condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.body[:20]} ({self.outcome})"
