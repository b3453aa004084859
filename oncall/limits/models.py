"""Every number of the process as a dated row, so that a rule can change without a release and the past stays as it
was.
"""

from django.db import models
from django.db.models import Q

from oncall.people.instants import EARLIEST, LATEST


class Limit(models.Model):
    """A number of the process: its value from an instant on, its unit, and where it comes from (domain.md 5.14)."""

    name = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=14, decimal_places=4)
    unit = models.CharField(max_length=20)
    source = models.CharField(max_length=200)
    effective_from = models.DateTimeField()

    class Meta:
        ordering = ["name", "-effective_from"]
        constraints = [
            models.UniqueConstraint(name="one_limit_per_name_and_start", fields=["name", "effective_from"]),
            models.CheckConstraint(
                name="limit_bounded", condition=Q(effective_from__gte=EARLIEST, effective_from__lt=LATEST)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} = {self.value.normalize():f} {self.unit}"
