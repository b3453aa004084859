"""Actions that a review asks for: made, changed, done, and given a ticket elsewhere. Each is a work item too."""

import re
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.db import transaction

from incidents.command.assigning import title_of
from incidents.command.models import Incident
from incidents.reviews import hiding, trackers
from incidents.reviews.models import ActionItem, Review, TicketRequest
from incidents.reviews.queries import state_of
from incidents.reviews.writing import Refused, take, tell
from oncall.outside.addresses import BadAddress, parse
from oncall.paging import services as paging
from oncall.people.instants import EARLIEST, LATEST
from oncall.people.models import Person, Team
from oncall.work import services as work
from oncall.work.models import WorkItem
from oncall.work.queries import calendar_of

LONGEST_TITLE = 200
MOST = 100  # actions of one review
_NO_PART_OF_ONE = re.compile(r"""[\s"<>\\^`{|}]""")  # what no address has in it


@transaction.atomic
def add(
    *,
    review: Review,
    title: str,
    kind: str,
    due_on: date,
    by: Person,
    now: datetime,
    owner: Person | None = None,
    team: Team | None = None,
    ticket: str = "",
) -> ActionItem:
    """Ask for something to be done, by a person or a team. `ticket`: the address of one that is there already.

    :raises Refused: naming the field.
    """
    title = _checked(title, kind, due_on, owner, team)
    ticket = _address(ticket)
    incident, current = take(review)
    if state_of(current) == "closed":
        raise Refused("title", "The review is closed. Open a work item instead, or reopen the incident.")
    if current.actions.count() >= MOST:
        raise Refused("title", f"It has {MOST} actions already. Choose those that matter.")
    same = current.actions.filter(
        title=title, owner=owner, team=team, made_by=by, made_at__gt=now - timedelta(minutes=2)
    )
    if (twice := same.first()) is not None:
        return twice  # one press that was made twice
    if owner is not None and not Incident.objects.visible_to(owner).filter(pk=incident.pk).exists():
        raise Refused("owner", f"{owner.name} may not see this incident. Let them in there first, or choose another.")
    action = ActionItem(
        review=current, title=title, kind=kind, owner=owner, team=team, due_on=due_on, ticket=ticket,
        ticket_name=trackers.name_of(ticket), made_at=now, made_by=by,
    )  # fmt: skip
    if not incident.restricted:
        action.work = work.open_item(
            key=f"review-action:{action.pk}",
            **hiding.of_action(action, incident),
            origin=f"Review of incident {incident.number}",
            url=current.path,
            team=team or _team_of(owner),
            due=end_of(due_on, team or _team_of(owner)),
            now=now,
        )
    action.save()
    tell(incident, f"{by.name} asks {action.whose} for: {title}", now=now, by=by, url=current.path)
    if owner is not None and owner.pk != by.pk:
        text = f"{by.name} asks you for an action after {title_of(incident)}, due {due_on:%d %b %Y}"
        text += f": {title}" if not incident.restricted else ""
        paging.notice(key=f"action:{action.pk}:{owner.pk}", person=owner, text=text, now=now)
    return action


@transaction.atomic
def change(
    *,
    action: ActionItem,
    by: Person,
    now: datetime,
    title: str | None = None,
    kind: str | None = None,
    due_on: date | None = None,
    owner: Person | None = None,
    team: Team | None = None,
    ticket: str | None = None,
) -> ActionItem:
    """Say otherwise what is asked for, of whom, until when, and where its ticket is. None leaves it.

    :raises Refused: naming the field.
    """
    incident, _ = take(action.review)
    row = _row(action)
    if row.is_done:
        raise Refused("title", f"“{row.title}” is done. Ask for something new instead.")
    if owner is not None or team is not None:
        row.owner, row.team = owner, team
    row.kind, row.due_on = kind or row.kind, due_on or row.due_on
    row.title = _checked(row.title if title is None else title, row.kind, row.due_on, row.owner, row.team)
    if row.owner is not None and not Incident.objects.visible_to(row.owner).filter(pk=incident.pk).exists():
        raise Refused("owner", f"{row.owner.name} may not see this incident. Choose somebody else.")
    if ticket is not None:
        row.ticket = _address(ticket)
        row.ticket_name = trackers.name_of(row.ticket)
    row.save()
    if row.work is not None and row.work.state == WorkItem.State.OPEN:
        team = row.team or _team_of(row.owner)
        WorkItem.objects.filter(pk=row.work.pk).update(**hiding.of_action(row, incident))
        work.change(id=row.work.pk, now=now, team=team, due=end_of(row.due_on, team), ticket=row.ticket_name)
    tell(incident, f"{by.name} changed an action: {row.title}", now=now, by=by, url=row.review.path)
    return row


@transaction.atomic
def finish(*, action: ActionItem, by: Person, now: datetime, outcome: str = "") -> ActionItem:
    """It is done, and so is its work item. Twice is once."""
    incident, _ = take(action.review)
    row = _row(action)
    if row.is_done:
        return row
    row.done_at, row.done_by = now, by
    row.save(update_fields=["done_at", "done_by"])
    how = ""
    if row.work is not None:
        said = outcome.replace("\x00", "")
        if incident.restricted:  # work items are listed for all
            said, how = "", f". {said}" if said else ""
        work.close_item(item=row.work, by=by, outcome=said, now=now)
    tell(incident, f"{by.name} has done: {row.title}{how}", now=now, by=by, url=row.review.path)
    return row


@transaction.atomic
def want_ticket(*, action: ActionItem, tracker: str, by: Person, now: datetime) -> TicketRequest:
    """Have a ticket made elsewhere, once; who looked there and found none may ask again after a failure.

    :raises Refused: if that tracker is not set up, there is a ticket, it is done, or the incident is restricted.
    """
    if tracker not in trackers.configured():
        raise Refused("tracker", "That tracker is not set up here. Make the ticket there, and paste its address.")
    incident, _ = take(action.review)
    if incident.restricted:
        raise Refused("tracker", "The incident is restricted. Make the ticket by hand, where only they can read it.")
    row = _row(action)
    if row.ticket:
        raise Refused("tracker", f"It has a ticket already: {row.ticket_name or row.ticket}.")
    if row.is_done:
        raise Refused("tracker", f"“{row.title}” is done, so nobody would work on the ticket.")
    request = TicketRequest.objects.select_for_update().filter(action=row).first()
    if request is None:
        return TicketRequest.objects.create(action=row, tracker=tracker, by=by, wanted_at=now, next_due=now)
    if request.state in (TicketRequest.State.FAILED, TicketRequest.State.DROPPED):
        request.tracker, request.by, request.state = tracker, by, TicketRequest.State.WAITING
        request.tries, request.next_due, request.asked_at, request.error_text = 0, now, None, ""
        request.save()
    return request


def end_of(day: date, team: Team | None) -> datetime:
    """Return when work ends on `day`, in UTC, by the calendar of a team or the default one."""
    calendar = calendar_of(team)
    last = day if calendar.ends != time(0) else day + timedelta(days=1)
    return datetime.combine(last, calendar.ends, ZoneInfo(calendar.time_zone))


def _row(action: ActionItem) -> ActionItem:
    rows = ActionItem.objects.select_for_update(of=("self",))
    return rows.select_related("work", "owner", "team", "review__incident").get(pk=action.pk)


def _team_of(owner: Person | None) -> Team | None:
    return owner.teams.order_by("name").first() if owner is not None else None


def _checked(title: str, kind: str, due_on: date, owner: Person | None, team: Team | None) -> str:
    """
    :raises Refused: naming the field.
    """
    title = " ".join(title.replace("\x00", "").split())
    if not title:
        raise Refused("title", "Say in a few words what is to be done, such as: alarm on the disk at 80 %.")
    if len(title) > LONGEST_TITLE:
        raise Refused("title", f"That is over {LONGEST_TITLE} characters. The rest belongs in the ticket.")
    if kind not in ActionItem.Kind.values:
        raise Refused("kind", f"“{kind[:40]}” is no kind. Choose one of: {', '.join(ActionItem.Kind.values)}.")
    if (owner is None) == (team is None):
        raise Refused("owner", "Say whose it is: one person or one team.")
    if not EARLIEST.date() < due_on < LATEST.date() - timedelta(days=2):
        raise Refused("due_on", f"“{due_on}” is too far away. Choose a day from 1990 to 2099.")
    return title


def _address(text: str) -> str:
    """
    :raises Refused: unless it is empty or an address.
    """
    text = text.replace("\x00", "").strip()
    if not text:
        return ""
    try:
        parse(text[:1001], example="Such as https://example.atlassian.net/browse/DM-12345.")
    except BadAddress as error:
        raise Refused("ticket", str(error)) from None
    if _NO_PART_OF_ONE.search(text):
        raise Refused(
            "ticket", "That is no address: it has a space, a quotation mark or a bracket in it. Copy it again."
        )
    if len(text) > 1000 or urlsplit(text).username:
        raise Refused("ticket", "Give the plain address of the ticket: shorter, and without a name before an @.")
    return text
