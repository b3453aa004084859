"""Who may raise an alarm by telephone: known lines and people, each with a PIN, and the calls that try."""

import uuid

from django.db import models
from django.db.models import Q

from incidents.escalation.models import EscalationPolicy
from oncall.people.models import Person

LEFT = Q(proved_at__isnull=False, stopped_at__isnull=True, alarm__isnull=True)


class SummitLine(models.Model):
    """A telephone, such as the control room's, from which alarms may be raised with its PIN, by a call or a text.

    The number alone proves nothing: it can be forged. `kept_by` is who looks after it; replies by text are filed there.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80, unique=True)
    number = models.CharField(max_length=20, unique=True, help_text="E.164.")
    pin = models.CharField(max_length=128, help_text="Hashed as passwords are.")
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT
    )  # null: the default one
    severity = models.PositiveSmallIntegerField(default=2)
    is_enabled = models.BooleanField(default=True)
    kept_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="summit_line_severity_1_to_5", condition=Q(severity__range=(1, 5))),
            models.CheckConstraint(name="summit_line_has_a_number", condition=Q(number__regex=r"^\+[1-9][0-9]{6,14}$")),
            models.CheckConstraint(name="summit_line_has_a_pin", condition=~Q(pin="")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked(self) -> str:
        return f"{self.number[:3]} •••• {self.number[-4:]}"


class CallerPin(models.Model):
    """The PIN with which somebody raises an alarm from their own telephone."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="caller_pin")
    pin = models.CharField(max_length=128, help_text="Hashed as passwords are.")
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"PIN of {self.person}"


class SummitCallQuerySet(models.QuerySet["SummitCall"]):
    def left(self) -> "SummitCallQuerySet":
        """Those that proved who they are, were not stopped, and have raised nothing yet."""
        return self.filter(LEFT)


class SummitCall(models.Model):
    """One call to our number by somebody known, as far as it came; the provider's id makes a repeat harmless."""

    class Said(models.TextChoices):
        NO_ALERTS = "no_alerts", "Images are taken, no alerts go out"
        OTHER = "other", "Somebody calls for help"

    sid = models.CharField(max_length=40, primary_key=True)
    line = models.ForeignKey(
        SummitLine, null=True, blank=True, on_delete=models.CASCADE, related_name="calls"
    )  # null: a person calls
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )  # null: a line calls
    began_at = models.DateTimeField()
    said = models.CharField(max_length=10, choices=Said.choices, blank=True)
    wrong_pins = models.PositiveSmallIntegerField(default=0)
    proved_at = models.DateTimeField(null=True, blank=True)  # null: no right PIN yet
    alarm = models.ForeignKey(
        "alarms.Alarm", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: none raised
    stopped_at = models.DateTimeField(null=True, blank=True)  # null: star was not pressed
    objects = SummitCallQuerySet.as_manager()

    class Meta:
        ordering = ["-began_at"]
        indexes = [models.Index(name="summit_call_left", fields=["proved_at"], condition=LEFT)]
        constraints = [
            models.CheckConstraint(
                name="summit_call_of_a_line_or_a_person",
                condition=Q(line__isnull=False, person__isnull=True) | Q(line__isnull=True, person__isnull=False),
            ),
            models.CheckConstraint(
                name="summit_call_raises_with_a_pin", condition=Q(alarm__isnull=True) | Q(proved_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"call of {self.line or self.person} at {self.began_at:%H:%M:%S}"
