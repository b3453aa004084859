"""Products and services as a tree, who owns each, and how sorely it is needed."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat

from oncall.catalogue.table import LONGEST_NAME, LONGEST_PATH, Said, said
from oncall.people.models import Person, Site, Team, WorkCalendar


class ProductQuerySet(models.QuerySet["Product"]):
    def present(self) -> "ProductQuerySet":
        """Those that the table still has, or that never came from one."""
        return self.filter(vanished_at__isnull=True)

    def below(self, path: str) -> "ProductQuerySet":
        """It and whatever hangs below it."""
        return self.filter(Q(path=path) | Q(path__startswith=path + "/"))


class Product(models.Model):
    """A product, service, activity, team or group of the product table (R37, R38). Its key is its path in the tree:
    names occur twice (C3).

    What the table says of manager, owner and notes is kept verbatim; who that is here stands beside it.
    """

    class Kind(models.TextChoices):
        GROUP = "group", "Group"
        TEAM = "team", "Team"
        PRODUCT = "product", "Product"
        ACTIVITY = "activity", "Activity"

    class Tier(models.TextChoices):
        """How sorely it is needed (R30): only Real Time calls people at night."""

        REAL_TIME = "real_time", "Real Time"
        CRITICAL = "critical", "Critical"
        OPERATIONAL = "operational", "Operational"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    path = models.CharField(max_length=LONGEST_PATH, unique=True)
    segment = models.CharField(max_length=LONGEST_PATH, help_text="The last part of the path.")
    parent = models.ForeignKey(
        "self", null=True, blank=True, to_field="path", on_delete=models.PROTECT, related_name="children"
    )  # null: a root. The column holds the parent's path, so that one row says whether the path is right.
    name = models.CharField(max_length=LONGEST_NAME)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.PRODUCT)
    position = models.PositiveIntegerField(default=0, help_text="Its place in the table.")

    manager_raw = models.TextField(blank=True)
    owner_raw = models.TextField(blank=True)
    notes_raw = models.TextField(blank=True)
    table = models.CharField(max_length=40, blank=True, help_text="The table it was imported from; empty: made here.")
    table_row = models.JSONField(default=dict, blank=True, help_text="The row as it was imported last.")
    vanished_at = models.DateTimeField(null=True, blank=True)  # null: the table still has it

    manager = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="manages"
    )  # null: nobody with an account here
    owner_person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="owns"
    )  # null: a team owns it, or somebody elsewhere, or nobody, or whoever owns what it hangs below
    owner_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="owns"
    )  # null: as above; of a foreign owner: the team here that stands for them
    elsewhere = models.CharField(
        max_length=80, blank=True, help_text="The team of another house that owns it (R31), such as TSSW."
    )
    elsewhere_contact = models.CharField(
        max_length=300, blank=True, help_text="How to reach them: a telephone number, a form, a room."
    )
    tier = models.CharField(max_length=12, blank=True, choices=Tier.choices, help_text="Empty: its parent's.")
    playbooks = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    sites = models.ManyToManyField(Site, through="ProductSite", related_name="products")
    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["path"]
        constraints = [
            # A child's path begins with its parent's and is longer, so nothing hangs below itself.
            models.CheckConstraint(
                name="product_path_hangs_below_its_parent",
                condition=Q(parent__isnull=True, path=F("segment"))
                | Q(parent__isnull=False, path=Concat(F("parent"), Value("/"), F("segment"))),
            ),
            models.CheckConstraint(
                name="product_segment_is_one_level", condition=~Q(segment="") & ~Q(segment__contains="/")
            ),
            models.CheckConstraint(
                name="product_kind_known", condition=Q(kind__in=["group", "team", "product", "activity"])
            ),
            models.CheckConstraint(
                name="product_tier_known", condition=Q(tier__in=["", "real_time", "critical", "operational"])
            ),
            models.CheckConstraint(
                name="product_owner_is_a_person_or_a_team",
                condition=Q(owner_person__isnull=True) | Q(owner_team__isnull=True, elsewhere=""),
                violation_error_message="Name a person or a team as the owner, not both; a person here owns nothing "
                "of another house.",
            ),
        ]
        indexes = [models.Index(name="product_by_name", fields=["name"])]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """Return how many stand above it."""
        return self.path.count("/")

    @property
    def manager_said(self) -> Said:
        return said(self.manager_raw)

    @property
    def owner_said(self) -> Said:
        return said(self.owner_raw)

    @property
    def is_owned(self) -> bool:
        """Say whether somebody who can be called, here or elsewhere, owns the product itself."""
        return bool(self.owner_person_id or self.owner_team_id or self.elsewhere)

    @property
    def owner_words(self) -> str:
        """Return who owns the product itself: who can be called, else what the table says, else nothing."""
        here = str(self.owner_person or self.owner_team or "")
        if self.elsewhere:
            return f"{self.elsewhere}, elsewhere" + (f" ({here} stands for them)" if here else "")
        return here or self.owner_said.words

    def in_use_words(self) -> str:
        return f"the owner or manager of {self.path}"

    @classmethod
    def held_by(cls, person: Person, now: datetime) -> list[str]:
        """Return what a person owns, so that an account is not closed over it."""
        return [f"the product {one.path} as its owner" for one in cls.objects.present().filter(owner_person=person)]


class ProductSite(models.Model):
    """A product runs at a site, perhaps with hours of its own (R44)."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="places")
    site = models.ForeignKey(Site, on_delete=models.PROTECT)
    calendar = models.ForeignKey(
        WorkCalendar, null=True, blank=True, on_delete=models.PROTECT
    )  # null: the owner's hours; read on the wall clock of the site
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["site__name"]
        constraints = [models.UniqueConstraint(name="product_once_at_a_site", fields=["product", "site"])]

    def __str__(self) -> str:
        return f"{self.product} at {self.site}"


class Contact(models.Model):
    """Whom one asks about a product, by kind (R41): databases and infrastructure have keepers of their own."""

    class Kind(models.TextChoices):
        OWNER = "owner", "Owner at this site"
        DBA = "dba", "Database administration"
        INFRASTRUCTURE = "infrastructure", "Infrastructure"
        SUPPORT = "support", "Operations support"
        SPONSOR = "sponsor", "Sponsor"
        DOCUMENTATION = "documentation", "Documentation"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT)  # null: at all of them
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)  # null: a person or a text
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT)  # null: as above
    text = models.CharField(max_length=300, blank=True, help_text="Somebody without an account, and how to reach them.")

    class Meta:
        ordering = ["kind", "pk"]
        constraints = [
            models.CheckConstraint(
                name="contact_kind_known",
                condition=Q(kind__in=["owner", "dba", "infrastructure", "support", "sponsor", "documentation"]),
            ),
            models.CheckConstraint(
                name="contact_is_somebody",
                condition=(Q(team__isnull=False, person__isnull=True) | Q(team__isnull=True, person__isnull=False))
                | (Q(team__isnull=True, person__isnull=True) & ~Q(text="")),
                violation_error_message="Name a team, a person, or write who it is; a team and a person are two rows.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.words}"

    @property
    def words(self) -> str:
        """Return who it is, fit to show."""
        who = str(self.team or self.person or "")
        return f"{who}: {self.text}" if who and self.text else who or self.text
