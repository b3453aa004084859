"""What work items say of what a review asks for: they are listed for all, so of a restricted incident they say nothing.

An incident may become restricted, and be opened, at any time; a chore (keeping.py) lets its work items follow.
"""

from typing import TypedDict

from django.db.models import Q, QuerySet

from incidents.command.assigning import title_of
from incidents.command.models import Incident
from incidents.reviews.models import ActionItem, CatchUp
from incidents.reviews.writing import tell
from oncall.work.models import WorkItem

HIDDEN = "The incident is restricted: what is to be done stands there, for whom it names."
NOTHING_MISSED = "Nothing was missed: a false alarm, or merged."


class Said(TypedDict):
    title: str
    text: str


def of_action(action: ActionItem, incident: Incident) -> Said:
    if incident.restricted:
        return {"title": f"An action after incident {incident.number}", "text": HIDDEN}
    return {"title": action.title, "text": f"An action of the review of {title_of(incident)}, for {action.whose}."}


def of_catch_up(incident: Incident) -> Said:
    if incident.restricted:
        return {"title": f"Catch up after incident {incident.number}", "text": HIDDEN}
    text = (
        "Process what was not sent while it lasted, and send the late alerts: delayed counts less than failed. "
        "Then press “Count again” in the review."
    )
    title = f"Catch up with what was missed: incident {incident.number}, {incident.title}"
    return {"title": title[:300], "text": text}


def actions_said_otherwise() -> QuerySet[ActionItem]:
    """Return those whose work items say more than they may, or less than they could."""
    rows = ActionItem.objects.filter(_otherwise("review__incident__restricted"))
    return rows.select_related("work", "owner", "team", "review__incident")


def tasks_said_otherwise() -> QuerySet[CatchUp]:
    """Return tasks to catch up, as above."""
    return CatchUp.objects.filter(_otherwise("incident__restricted")).select_related("work", "incident")


def _otherwise(restricted: str) -> Q:
    told = ~Q(work__text=HIDDEN)
    return Q(work__isnull=False) & (Q((restricted, True)) & told | Q((restricted, False), work__text=HIDDEN))


def say(item: WorkItem, said: Said, incident: Incident) -> None:
    """Let a work item say no more than it may. The incident is locked; how it went is kept in its timeline."""
    outcome = item.outcome
    if incident.restricted and outcome and outcome != NOTHING_MISSED:
        tell(incident, f"{item.title}: {outcome}", now=item.changed_at, by=item.done_by, url="", key=f"went:{item.pk}")
        outcome = ""
    WorkItem.objects.filter(pk=item.pk).update(title=said["title"], text=said["text"], outcome=outcome)
