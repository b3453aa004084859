"""Things to do in working hours."""

import uuid

from django.db import models
from django.db.models import Q

from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person, Team


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    def open(self) -> "WorkItemQuerySet":
        return self.filter(state=WorkItem.State.OPEN)


class WorkItem(models.Model):
    """Something to do in working hours: nobody is woken for it, and it stays until somebody says it is done.

    `origin` and `url`: what it came from, in words and as an address; `key`: one open item for each (domain.md 5.1 for
    the calendar in which it is due).
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        DONE = "done", "done"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, blank=True)  # empty: an item of its own, never opened again
    title = models.CharField(max_length=300)
    text = models.TextField(blank=True)
    origin = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)  # null: nobody's yet
    calendar = models.CharField(max_length=80)  # in which it is due, by name
    due_at = models.DateTimeField()
    ticket = models.CharField(max_length=200, blank=True, help_text="Where else it is worked on, such as DM-12345.")
    state = models.CharField(max_length=4, choices=State.choices, default=State.OPEN)
    count = models.PositiveIntegerField(default=1)  # how many times it was opened, while open
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)  # null: still to be done
    done_by = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # null: still to be done, or what opened it found that it is over
    outcome = models.CharField(max_length=1000, blank=True)
    objects = WorkItemQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            models.UniqueConstraint(
                name="one_open_work_item_per_key", fields=["key"], condition=Q(state="open") & ~Q(key="")
            ),
            models.CheckConstraint(name="work_item_state_known", condition=Q(state__in=["open", "done"])),
            models.CheckConstraint(
                name="work_item_done_says_when",
                condition=Q(state="open", done_at__isnull=True, done_by__isnull=True, outcome="")
                | Q(state="done", done_at__isnull=False),
            ),
            models.CheckConstraint(name="work_item_bounded", condition=Q(due_at__gte=EARLIEST, due_at__lt=LATEST)),
        ]
        indexes = [models.Index(name="work_item_to_do", fields=["state", "due_at", "id"])]

    def __str__(self) -> str:
        return self.title
