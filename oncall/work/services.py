"""Verbs of work items: opened by a rule or a person, changed, done. Any house above may call these."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from oncall.people.models import Person, Team
from oncall.work.models import WorkItem
from oncall.work.queries import due_for


class AlreadyDone(Exception):
    """Somebody has done it, or it was over. The message is fit to show."""


def open_item(
    *,
    key: str,
    title: str,
    text: str,
    url: str,
    team: Team | None,
    now: datetime,
    due: datetime | None = None,
    origin: str = "",
) -> WorkItem:
    """Open a work item, or bring the open one of this key up to date: its words change, its team and due time stay.

    Without a key each is an item of its own. `due`: an instant; without one the end of the next working day in the
    team's calendar. `origin` and `url`: what it came from.
    """
    said = {"title": title[:300], "text": text, "url": url[:1000], "origin": origin[:200]}
    if key and (item := _again(key[:200], said, now=now)):
        return item
    at, calendar = due_for(team, now=now)
    try:
        with transaction.atomic():
            return WorkItem.objects.create(
                key=key[:200], team=team, due_at=due or at, calendar=calendar, opened_at=now, changed_at=now, **said
            )
    except IntegrityError:  # somebody else has opened it at the same moment
        item = _again(key[:200], said, now=now) if key else None
        if item is None:
            raise
        return item


def _again(key: str, said: dict[str, str], *, now: datetime) -> WorkItem | None:
    same = WorkItem.objects.open().filter(key=key)
    if not same.update(count=F("count") + 1, changed_at=now, **said):
        return None
    return same.select_related("team").first()


@transaction.atomic
def close_item(
    *,
    now: datetime,
    item: WorkItem | None = None,
    key: str = "",
    by: Person | None = None,
    outcome: str = "",
) -> WorkItem | None:
    """Let an item be done, named by itself or by its key; nothing where no open item has this key.

    :raises AlreadyDone: if `item` is done.
    """
    rows = WorkItem.objects.select_for_update(of=("self",)).select_related("team", "done_by")
    if item is None:
        item = rows.filter(state=WorkItem.State.OPEN, key=key).first() if key else None
        if item is None:
            return None
    else:
        item = rows.get(pk=item.pk)
        if item.state == WorkItem.State.DONE:
            who = item.done_by.name if item.done_by else "What opened it"
            raise AlreadyDone(f"{who} closed “{item.title}” on {item.done_at:%d %b %Y at %H:%M} UTC.")
    item.state, item.done_at, item.changed_at = WorkItem.State.DONE, now, now
    item.done_by, item.outcome = by, outcome[:1000]
    item.save(update_fields=["state", "done_at", "changed_at", "done_by", "outcome"])
    return item


def reword(*, key: str, text: str, now: datetime) -> int:
    """Let all items of a key, the done ones too, say `text` instead: what they said is not for everybody any more, or
    is again (R43). Returns how many there are.
    """
    return WorkItem.objects.filter(key=key).update(text=text, changed_at=now)


@transaction.atomic
def change(*, id: UUID, now: datetime, team: Team | None, due: datetime, ticket: str) -> WorkItem:
    """Give an open item to a team (to nobody: None), with the instant at which it is due and the ticket elsewhere.

    :raises AlreadyDone: if it is done.
    """
    item = WorkItem.objects.select_for_update(of=("self",)).select_related("team").get(pk=id)
    if item.state == WorkItem.State.DONE:
        raise AlreadyDone(f"“{item.title}” is done. Open a new one for what is left.")
    if team != item.team:
        item.calendar = due_for(team, now=now)[1]
    item.team, item.due_at, item.ticket, item.changed_at = team, due, ticket[:200], now
    item.save(update_fields=["team", "calendar", "due_at", "ticket", "changed_at"])
    return item
