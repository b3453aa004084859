"""What follows an incident by itself: the draft of its review, the task to catch up, reminders.

All of this is safe late, twice and in parallel: an incident is looked at under its lock. Source: domain.md 3.1.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar
from urllib.parse import urljoin

from django.conf import settings
from django.db import InterfaceError, transaction
from django.db.models import F, Model, Q, QuerySet

from incidents.command.assigning import title_of
from incidents.command.lifecycle import LIVE
from incidents.command.models import Entry, Incident
from incidents.command.writing import write
from incidents.reviews import hiding, impact, publishing, queries, services
from incidents.reviews.hiding import NOTHING_MISSED
from incidents.reviews.models import ActionItem, CatchUp, Review
from incidents.reviews.writing import keep as keep_version
from incidents.reviews.writing import tell
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.people import queries as people
from oncall.people.models import Person, Team
from oncall.work import services as work
from oncall.work.models import WorkItem

log = logging.getLogger(__name__)
AT_MOST = 5  # of each kind at a time: counting a long incident takes its time
LOOKED_AT = 50  # of each kind, until so many are done: what breaks each time holds nobody up
NOTHING_TO_CATCH_UP = ("false_alarm", "merged")


def keep(*, now: datetime, limits: Limits) -> None:
    """Every half minute: draft, open tasks to catch up, follow what the incident became, count for good, remind.

    Nine queries where nothing is to be done. What breaks for one is said when the others have been looked at.
    """
    broken: list[Exception] = []
    over = Incident.objects.filter(severity__lte=2, state="resolved", review__isnull=True).order_by("number")
    _some(over, partial(_draft, now=now, limits=limits), broken)
    missing = Incident.objects.filter(severity__lte=2, catch_up__isnull=True).exclude(state__in=NOTHING_TO_CATCH_UP)
    _some(missing.order_by("number"), lambda one: catch_up(incident=one, now=now), broken)
    tasks = CatchUp.objects.select_related("incident", "work")
    needless = tasks.filter(work__state=WorkItem.State.OPEN, incident__state__in=NOTHING_TO_CATCH_UP)
    _some(needless, partial(_needless, now=now), broken)
    needed = tasks.filter(work__state=WorkItem.State.DONE, work__outcome=NOTHING_MISSED, incident__severity__lte=2)
    _some(needed.exclude(incident__state__in=NOTHING_TO_CATCH_UP), partial(_needed, now=now), broken)
    _some(hiding.tasks_said_otherwise(), _say_task, broken)
    _some(hiding.actions_said_otherwise(), _say_action, broken)
    reviews = Review.objects.select_related("incident")
    _some(reviews.filter(_moved()), partial(_follow, now=now, limits=limits), broken)
    uncounted = reviews.filter(count_at__lte=now).exclude(state="closed").order_by("count_at")
    _some(uncounted, partial(_count, now=now, limits=limits), broken)
    late = reviews.exclude(state="closed").filter(remind_at__lte=now).order_by("remind_at")
    _some(late, partial(_remind, now=now, limits=limits), broken)
    if broken:
        raise broken[0]


Row = TypeVar("Row", bound=Model)


def _some(rows: QuerySet[Row], act: Callable[[Row], object], broken: list[Exception]) -> None:
    """Do a few of them, beside those that break: these are added to `broken`."""
    done = 0
    for row in rows[:LOOKED_AT]:
        try:
            act(row)
        except InterfaceError:
            raise  # the connection is gone: the loop is made anew
        except Exception as error:
            log.exception("what follows an incident")
            broken.append(error)
        else:
            done += 1
        if done == AT_MOST:
            return


def _moved() -> Q:
    """Those whose incident is not what it was when they were last looked at: of another severity, worked on again, or
    over at another time.
    """
    other = Q(severity__lt=F("incident__severity")) | Q(severity__gt=F("incident__severity"))
    again = Q(state__in=["reviewed", "closed"]) | Q(ended_at__isnull=False) | Q(published_at__isnull=False)
    end = F("incident__resolved_at")
    over = Q(ended_at__isnull=True) | Q(ended_at__lt=end) | Q(ended_at__gt=end)
    return (other | Q(incident__state="resolved") & over) & ~Q(state="closed") | Q(incident__state__in=LIVE) & again


@transaction.atomic
def _draft(incident: Incident, *, now: datetime, limits: Limits) -> None:
    current = _free(incident)
    if current is not None and current.state == "resolved":
        services.draft(incident=current, by=None, now=now, limits=limits)


def _free(incident: Incident) -> Incident | None:
    """Take the incident unless somebody is at it: then its turn comes in half a minute."""
    return Incident.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=incident.pk).first()


@transaction.atomic
def catch_up(*, incident: Incident, now: datetime) -> CatchUp | None:
    """Open the task to catch up with what a major incident missed; once, whatever becomes of the task."""
    current = _free(incident)
    if current is None or current.state in NOTHING_TO_CATCH_UP or not current.is_major:
        return None
    known = CatchUp.objects.filter(incident=current).first()
    if known is not None:
        return known
    if current.restricted:  # work items are listed for all
        return CatchUp.objects.create(incident=current, at=now)
    item = _open(current, now=now)
    write(
        current, Entry.Kind.ACTION, "There is a task to catch up with what was missed.", now=now, key="catch-up",
        url=f"/work-items/{item.pk}/",
    )  # fmt: skip
    return CatchUp.objects.create(incident=current, work=item, at=now)


def _open(incident: Incident, *, now: datetime) -> WorkItem:
    return work.open_item(
        key=f"catch-up:{incident.pk}",
        **hiding.of_catch_up(incident),
        origin=f"Incident {incident.number}",
        url=incident.path,
        team=Team.objects.filter(slug=people.CAMPAIGN_MANAGEMENT).first(),
        now=now,
    )


@transaction.atomic
def _needless(row: CatchUp, *, now: datetime) -> None:
    if row.work is not None:
        work.close_item(key=row.work.key, outcome=NOTHING_MISSED, now=now)


@transaction.atomic
def _needed(row: CatchUp, *, now: datetime) -> None:
    """It was no false alarm, or is an incident of its own again: there is something to catch up with."""
    incident = _free(row.incident)
    if incident is None or incident.state in NOTHING_TO_CATCH_UP:
        return
    item = _open(incident, now=now)
    CatchUp.objects.filter(pk=row.pk).update(work=item)
    write(
        incident, Entry.Kind.ACTION, "There is a task to catch up with what was missed.", now=now,
        key=f"catch-up:{item.pk}", url=f"/work-items/{item.pk}/",
    )  # fmt: skip


@transaction.atomic
def _say_action(action: ActionItem) -> None:
    incident = _free(action.review.incident)
    if incident is not None and action.work is not None:
        hiding.say(action.work, hiding.of_action(action, incident), incident)


@transaction.atomic
def _say_task(row: CatchUp) -> None:
    incident = _free(row.incident)
    if incident is not None and row.work is not None:
        hiding.say(row.work, hiding.of_catch_up(incident), incident)


@transaction.atomic
def _follow(review: Review, *, now: datetime, limits: Limits) -> None:
    """The incident was given another severity, is worked on again, or is over at another time than it was."""
    incident = _free(review.incident)
    if incident is None:
        return
    current = Review.objects.select_for_update(of=("self",)).select_related("owner").get(pk=review.pk)
    current.incident = incident
    ended = current.ended_at
    if incident.state in LIVE:
        _begin_again(current, incident, now=now)
    if current.state == "closed":
        return
    over = incident.resolved_at
    if incident.state == "resolved" and over is not None and over != ended:
        current.ended_at = over
        if current.figures_at < over:  # it was drafted before, so what it says is of then
            services.count_anew(current, now=now, limits=limits)
    if over is not None and (current.ended_at != ended or current.severity != incident.severity):
        current.due_at, current.calendar = queries.due_of(
            incident.severity, current.owner, resolved_at=over, limits=limits
        )
    current.severity = incident.severity
    current.remind_at = current.due_at - limits.span("review_remind_s") if current.due_at else None
    current.save()


def _begin_again(current: Review, incident: Incident, *, now: datetime) -> None:
    """What was written of it is not the end: nobody reviewed what it will say, and it is due when it is over again."""
    if current.published_at is not None:
        publishing.take_back(current)
        text = "What was published of the review is taken back. Publish it again when it is over and reviewed."
        tell(incident, text, now=now, by=None, url=current.path)
    if current.state in ("reviewed", "closed"):
        current.state, current.version = "draft", current.version + 1
        services.unfinish(current)
        keep_version(current, by=None, what="The incident is worked on again: a draft.", now=now)
        tell(incident, "The review is a draft again.", now=now, by=None, url=current.path)
    if current.ended_at is not None:
        current.ended_at = current.due_at = current.impact_ends_at = current.count_at = None
        current.calendar = ""


@transaction.atomic
def _count(review: Review, *, now: datetime, limits: Limits) -> None:
    """Count for good, once nothing is pending any more and the night is over; until then, look again in an hour."""
    incident = _free(review.incident)
    if incident is None:
        return
    rows = Review.objects.select_for_update(of=("self",)).select_related("owner").exclude(state="closed")
    current = rows.filter(pk=review.pk, count_at__lte=now).first()
    if current is None:
        return
    current.incident = incident
    figures = services.count_now(current, now=now, limits=limits)
    if impact.unsettled(figures):
        current.count_at = now + services.COUNT_EVERY
        current.save(update_fields=["count_at"])
        return
    changes = services.count_anew(current, now=now, limits=limits, figures=figures)
    current.save()
    if not changes:
        return
    text = f"The impact of {title_of(incident)} was counted for good: {'; '.join(changes)}."
    tell(incident, text, now=now, by=None, url=current.path)
    if current.owner is not None and queries.sees(current.owner, incident):
        told = f"{text} {services.address(current)}"
        paging.notice(key=f"review:{current.pk}:counted:{now:%Y%m%d%H%M}", person=current.owner, text=told, now=now)


@transaction.atomic
def _remind(review: Review, *, now: datetime, limits: Limits) -> None:
    """Tell the owner, a day before it is due and then each day (a limit); a day after it was due the pilot too."""
    free = Review.objects.unfinished().select_for_update(of=("self",), skip_locked=True).select_related("owner")
    current = free.filter(pk=review.pk, remind_at__lte=now).first()
    if current is None or current.due_at is None or current.remind_at is None:
        return
    current.incident = review.incident
    every = limits.span("review_remind_s")
    late = now >= current.due_at
    text = (
        f"The review of {title_of(review.incident)} {'was' if late else 'is'} due {current.due_at:%d %b %H:%M} UTC "
        f"and is {current.state.replace('_', ' ')}: {urljoin(settings.PUBLIC_BASE_URL, current.path)}"
    )
    key = f"review:{current.pk}:due:{current.remind_at:%Y%m%d%H%M}"
    pilot = people.pilot(now=now)
    told: list[Person | None] = [current.owner] if current.owner else [pilot]
    if now >= current.due_at + every and pilot not in told:
        told.append(pilot)
    for person in told:
        # Of a restricted incident the pilot is told only where it names them.
        if person is not None and Incident.objects.visible_to(person).filter(pk=current.incident_id).exists():
            paging.notice(key=f"{key}:{person.pk}", person=person, text=text, now=now)
    current.remind_at = max(now, current.remind_at) + every if every else None
    current.save(update_fields=["remind_at"])
