"""Playbooks, and what each said when."""

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import F, Q

from oncall.people.models import Person, Team


class PlaybookQuerySet(models.QuerySet["Playbook"]):
    def present(self) -> "PlaybookQuerySet":
        """Those in use: not retired."""
        return self.filter(retired_at__isnull=True)


class Playbook(models.Model):
    """What to do when an alarm of some kind fires (R02, R20).

    What stands here beside the slug and the dates is read from the newest revision, number `revision`; it is kept
    here too so that an alarm finds its playbook without reading them all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40, unique=True, help_text="The short name, as in p6; it never changes.")
    title = models.CharField(max_length=200)
    products = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    alarms = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    steps = models.PositiveSmallIntegerField(default=0, help_text="How many it has.")
    owner_team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="playbooks"
    )  # null: the pilot and administrators look after it
    revision = models.PositiveIntegerField(help_text="The newest.")
    reviewed_at = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: it came with this system, or from a file
    retired_at = models.DateTimeField(null=True, blank=True)  # null: in use
    objects = PlaybookQuerySet.as_manager()

    class Meta:
        ordering = ["title", "slug"]
        constraints = [
            models.CheckConstraint(name="playbook_has_a_title_and_steps", condition=~Q(title="") & Q(steps__gte=1)),
            models.CheckConstraint(name="playbook_has_a_revision", condition=Q(revision__gte=1)),
            models.CheckConstraint(name="playbook_slug_is_plain", condition=Q(slug__regex=r"^[a-z][a-z0-9-]{0,39}$")),
        ]

    def __str__(self) -> str:
        return self.title

    def in_use_words(self) -> str:
        return f"the owner of the playbook {self.title}"


class RevisionQuerySet(models.QuerySet["Revision"]):
    def newest(self) -> "RevisionQuerySet":
        """What each playbook says now."""
        return self.filter(n=F("playbook__revision"))


class Revision(models.Model):
    """What a playbook says from `at` on, as Markdown with front matter. Append-only, by trigger."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    playbook = models.ForeignKey(Playbook, on_delete=models.PROTECT, related_name="revisions")
    n = models.PositiveIntegerField()  # from 1, as people call it
    source = models.TextField(max_length=100_000)
    by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: it came with this system, or from a file
    at = models.DateTimeField()
    message = models.CharField(max_length=200, blank=True, help_text="What is new in it.")
    is_from_file = models.BooleanField(default=False)
    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["playbook", "-n"]
        constraints = [
            models.UniqueConstraint(name="one_revision_of_a_number", fields=["playbook", "n"]),
            models.CheckConstraint(name="revision_counts_from_1", condition=Q(n__gte=1)),
            models.CheckConstraint(name="revision_says_something", condition=~Q(source="")),
        ]
        indexes = [GinIndex(SearchVector("source", config="english"), name="revision_by_words")]

    def __str__(self) -> str:
        return f"{self.playbook_id}, revision {self.n}"

    @classmethod
    def vector(cls) -> Any:
        """Return what the index above is made of, for queries that shall use it."""
        return SearchVector("source", config="english")
