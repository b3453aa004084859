"""Routes: what of a source goes where. A noun; `routing.py` follows them, `route_services.py` changes them."""

import uuid

from django.db import models
from django.db.models import Q

from incidents.escalation.models import EscalationPolicy
from incidents.signals.matching import Matcher, from_json
from oncall.catalogue.models import Product


class RouteQuerySet(models.QuerySet["Route"]):
    def in_order(self) -> "RouteQuerySet":
        """Those that count, the first to be asked first, with what they lead to."""
        return self.filter(is_enabled=True).select_related("product").order_by("position", "pk")


class Route(models.Model):
    """The first route of a source whose matchers all fit a signal says where it goes. What a route leaves open stays as
    the signal or the source has it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.ForeignKey("signals.Source", on_delete=models.CASCADE, related_name="routes")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    is_enabled = models.BooleanField(default=True)
    matchers = models.JSONField(default=list, blank=True, help_text="matching.py; none: fits everything.")
    product = models.ForeignKey(
        Product, null=True, blank=True, on_delete=models.PROTECT, related_name="routes"
    )  # null: the signal's own
    severity = models.PositiveSmallIntegerField(null=True, blank=True)  # null: the signal's own
    policy = models.ForeignKey(EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT)  # null: the source's
    playbook = models.CharField(max_length=1000, blank=True, help_text="A name or an address; empty: the signal's own.")
    stage = models.CharField(max_length=40, blank=True, help_text="Of the pipeline; empty: the signal's own.")
    tier = models.CharField(max_length=12, blank=True, choices=Product.Tier.choices, help_text="Empty: the product's.")
    objects = RouteQuerySet.as_manager()

    class Meta:
        ordering = ["source", "position"]
        constraints = [
            models.UniqueConstraint(
                name="one_route_per_position", fields=["source", "position"], deferrable=models.Deferrable.DEFERRED
            ),
            models.CheckConstraint(
                name="route_severity_1_to_5", condition=Q(severity__isnull=True) | Q(severity__range=(1, 5))
            ),
            models.CheckConstraint(
                name="route_tier_known", condition=Q(tier__in=["", "real_time", "critical", "operational"])
            ),
        ]

    def __str__(self) -> str:
        return f"the route {self.name} of {self.source}"

    @property
    def matches(self) -> list[Matcher]:
        return from_json(self.matchers)
