"""Draft a review, write in it, say whose it is, and take it from draft to closed. All of it is in the timeline.

An incident is locked before its review. Closing a review closes its incident. Source: domain.md 3.1 (afterwards).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction

from incidents.alarms.models import Cause
from incidents.command import services as command
from incidents.command import timeline
from incidents.command.assigning import title_of
from incidents.command.lifecycle import LIVE
from incidents.command.models import Incident
from incidents.command.roles import ROLES
from incidents.command.writing import state_of as state_of_incident
from incidents.reviews import counting, drafting, impact, queries
from incidents.reviews.models import Review
from incidents.reviews.queries import state_of
from incidents.reviews.states import EDITABLE, SAID, WORDS, Facts, Move, after
from incidents.reviews.states import NotAllowed as NotAllowed  # noqa: PLC0414  # who presses takes it from here
from incidents.reviews.writing import CHANGED, clean, editable, keep, take, tell, wrote_last
from incidents.reviews.writing import Moved as Moved  # noqa: PLC0414
from incidents.reviews.writing import Refused as Refused  # noqa: PLC0414
from oncall.limits import queries as limits_now
from oncall.limits.queries import Limits
from oncall.paging import services as paging
from oncall.people import queries as people
from oncall.people.models import Person

OVER = ("mitigated", "resolved", "closed")  # states of an incident that can be reviewed
MOST_REVIEWERS = 10
COUNT_EVERY = timedelta(hours=1)  # own choice: how often a rule looks whether nothing is pending any more


def address(review: Review) -> str:
    return urljoin(settings.PUBLIC_BASE_URL, review.path)


@transaction.atomic
def draft(
    *, incident: Incident, by: Person | None, now: datetime, owner: Person | None = None, limits: Limits | None = None
) -> Review:
    """Write the first version of a review from what is known. One that is there already is returned as it is.

    `by` None: a rule did. `owner`: named by the commander; without one, whoever had command last, else who declared
    it; nobody, and the pilot is told, where these have left.

    :raises Refused: if the incident is still worked on, a false alarm or merged; if the owner may not see it.
    """
    current = command.lock(incident)
    known = Review.objects.filter(incident=current).select_related("owner").first()
    if known is not None:
        known.incident = current
        return known
    if current.state not in OVER:
        words = "is still worked on. Press that the effect has stopped, or that it is over, first."
        if current.state not in LIVE:
            words = "was a false alarm or is merged into another. There is nothing to review here."
        raise Refused("incident", f"{title_of(current)[0].upper()}{title_of(current)[1:]} {words}")
    limits = limits or limits_now.at(now)
    if owner is not None:
        _may_own(current, owner)
    owner = owner or queries.default_owner(current)
    figures = counting.count(current, now=now, limits=limits)
    due_at, calendar = queries.due_of(current.severity, owner, resolved_at=current.resolved_at or now, limits=limits)
    review = Review(
        incident=current,
        severity=current.severity,
        owner=owner,
        drafted_at=now,
        drafted_by=by,
        due_at=due_at,
        calendar=calendar,
        remind_at=due_at - limits.span("review_remind_s") if due_at else None,
        ended_at=current.resolved_at,
        cause=queries.likely_cause(current),
        figures=figures,
        figures_at=now,
        count_at=_next_count(figures, now),
    )
    review.content = drafting.draft(_known(current, review))
    review.save()
    keep(review, by=by, what="Drafted from the timeline.", now=now)
    who = by.name if by else "It is over, so this system"
    whose = f" Its owner is {owner.name}." if owner else " Nobody owns it yet."
    tell(current, f"{who} drafted the review.{whose}", now=now, by=by, url=review.path, key="review:drafted")
    if owner is None:
        _say_it_is_nobodys(review, now=now)
    elif by is None or owner.pk != by.pk:
        _say_it_is_yours(review, now=now)
    return review


def _known(incident: Incident, review: Review) -> drafting.Known:
    """Return what a draft is written from: its own lines as corrected, without what only calls people."""
    lines = [line for line in timeline.lines(incident) if line.nth is not None]
    said = {line.nth: line for line in lines}
    told = []
    for line in lines:
        if line.corrects is not None:
            continue
        text = said[line.corrected_by[-1]].text if line.corrected_by else line.text
        told.append(drafting.Told(line.at, line.word, text))
    roles = incident.assignments.select_related("person").order_by("starts_at", "role", "person__name")
    return drafting.Known(
        number=incident.number,
        title=incident.title,
        summary=incident.summary,
        severity=incident.severity,
        product=incident.product,
        link=address(review),
        lines=told,
        roles=[(ROLES[one.role], one.person.name, one.starts_at, one.ends_at) for one in roles],  # type: ignore[index]  # the column has a constraint
        figures=review.figures,
    )


@transaction.atomic
def edit(
    *,
    review: Review,
    content: Mapping[str, str],
    by: Person,
    version: int,
    now: datetime,
    cause: str | None = None,
) -> Review:
    """Write the text of some sections anew; the others stay. What was there before is kept as a version.

    `version`: of the review as it was seen. `cause`: None leaves it.

    :raises Moved: if somebody changed it meanwhile; nothing is lost of theirs.
    :raises Refused: naming the section, or the cause.
    """
    texts = clean(content)
    for name, text in texts.items():
        if name not in drafting.NAMES:
            raise Refused("content", f"“{name[:40]}” is no section. There are: {', '.join(drafting.NAMES)}.")
        if len(text) > drafting.LONGEST:
            raise Refused(name, f"That is over {drafting.LONGEST:,} characters. Shorten it, or link to a document.")
    if cause is not None and cause not in ("", *Cause.values):
        raise Refused("cause", f"“{cause[:40]}” is no cause. Choose one of: {', '.join(Cause.values)}.")
    _, current = take(review, version=version)
    editable(current, "content")
    written = current.content | texts
    cause = current.cause if cause is None else cause
    if written == current.content and cause == current.cause:
        return current
    changed = [words for name, words, _ in drafting.SECTIONS if written.get(name) != current.content.get(name)]
    current.content, current.cause, current.version = written, cause, current.version + 1
    current.save(update_fields=["content", "cause", "version"])
    keep(current, by=by, what=f"{CHANGED}{', '.join(changed) or 'cause'}.", now=now)
    return current


@transaction.atomic
def appoint(
    *,
    review: Review,
    by: Person,
    now: datetime,
    owner: Person | None = None,
    reviewers: Collection[Person] | None = None,
    version: int | None = None,
) -> Review:
    """Say whose it is (None: as it is), and who is to look at it (None: as they are).

    :raises Refused: if `by` may not say so, it is reviewed already, or somebody may not see the incident.
    :raises Moved: as above.
    """
    incident, current = take(review, version=version)
    editable(current, "owner")
    new = owner if owner is not None else current.owner
    if new != current.owner and not queries.may_appoint(current, by, now=now):
        raise Refused("owner", "Its owner, whoever had command, the pilot or an administrator names another owner.")
    if new is not None:
        _may_own(incident, new)
    asked = list(current.reviewers.all()) if reviewers is None else list(reviewers)
    if len(asked) > MOST_REVIEWERS:
        raise Refused("reviewers", f"That are {len(asked)} reviewers. Choose {MOST_REVIEWERS} at most.")
    for person in asked:
        if new is not None and person.pk == new.pk:
            raise Refused("reviewers", f"{person.name} owns it: nobody reviews their own. Choose somebody else.")
        if not Incident.objects.visible_to(person).filter(pk=incident.pk).exists():
            raise Refused("reviewers", f"{person.name} may not see this incident. Let them in there first.")
    if new != current.owner:
        current.owner, current.version = new, current.version + 1
        if incident.resolved_at is not None or current.due_at is not None:
            current.due_at, current.calendar = queries.due_of(
                current.severity, new, resolved_at=incident.resolved_at or now, limits=limits_now.at(now)
            )
        current.save(update_fields=["owner", "version", "due_at", "calendar"])
        keep(current, by=by, what=f"Given to {new.name if new else 'nobody'}.", now=now)
        tell(
            incident, f"{by.name} gave the review to {new.name if new else 'nobody'}.", now=now, by=by, url=review.path
        )
        if new is not None and new.pk != by.pk:
            _say_it_is_yours(current, now=now)
    before = set(current.reviewers.values_list("pk", flat=True))
    current.reviewers.set(asked)
    for person in asked:
        if person.pk not in before and person.pk != by.pk:
            text = f"{by.name} asks you to look at the review of {title_of(incident)}: {address(current)}"
            paging.notice(key=f"review:{current.pk}:look:{person.pk}", person=person, text=text, now=now)
    return current


@transaction.atomic
def press(*, review: Review, move: Move, by: Person, now: datetime, version: int | None = None) -> Review:
    """Press `move`; states.py alone says what is allowed. Closing it closes the incident, in the same transaction.

    :raises NotAllowed: in words; nothing has changed then.
    :raises Moved: as above.
    """
    incident, current = take(review, version=version)
    named = set(current.reviewers.values_list("pk", flat=True))
    facts = Facts(
        has_owner=current.owner_id is not None,
        is_owner=current.owner_id == by.pk,
        may_review=not named or by.pk in named,
        wrote=move == "approve" and wrote_last(current, by),
        pending=(current.recounted or current.figures)["pending"],
        may_close=queries.may_close(current, by, now=now),
        over=state_of_incident(incident) in ("resolved", "closed"),
        incident_closed=incident.state == "closed",
    )
    current.state = after(state_of(current), move, facts)
    current.version += 1
    if move == "approve":
        current.reviewed_by, current.reviewed_at = by, now
    elif move == "close":
        current.closed_by, current.closed_at, current.remind_at, current.count_at = by, now, None, None
    elif move == "rework":
        unfinish(current)
    current.save()
    keep(current, by=by, what=f"{by.name} {SAID[move]}: {WORDS[state_of(current)]}.", now=now)
    tell(
        incident, f"{by.name} {SAID[move]}: the review is {WORDS[state_of(current)]}.", now=now, by=by, url=review.path
    )
    if move == "submit":
        for person in current.reviewers.exclude(pk=by.pk):
            text = f"The review of {title_of(incident)} waits for you: {address(current)}"
            key = f"review:{current.pk}:submitted:{current.version}:{person.pk}"
            paging.notice(key=key, person=person, text=text, now=now)
    if move == "close" and incident.state == "resolved":
        command.move(incident=incident, move="close", by=by, now=now, why="Its review is closed.", review_done=True)
    return current


def unfinish(review: Review) -> None:
    """It is worked on again: nobody has reviewed or closed what it will say. The caller saves it."""
    review.reviewed_by = review.reviewed_at = review.closed_by = review.closed_at = None


@transaction.atomic
def recount(
    *,
    review: Review,
    by: Person,
    now: datetime,
    starts: datetime | None = None,
    ends: datetime | None = None,
) -> Review:
    """Count the impact again beside what the draft counted: verdicts change with catch-up. Texts follow where they
    still say what was counted before.

    `starts`, `ends`: when the effect really began and ended; None: as the incident says.

    :raises Refused: if it ends before it starts, or in the future; if nothing is left of it; if the review is closed.
    """
    incident, current = take(review)
    if state_of(current) == "closed":
        raise Refused("starts", "It is closed, and its numbers with it. Reopen the incident to count again.")
    if ends is not None and ends > now:
        raise Refused("ends", "The impact cannot end in the future. Write when it ended, or nothing.")
    if starts is not None and starts > now:
        raise Refused("starts", "The impact cannot begin in the future. Write when it began, or nothing.")
    began = starts or incident.impact_starts_at or incident.declared_at
    if ends is not None and ends <= began:
        raise Refused("ends", f"It ends before it starts, at {began:%H:%M} UTC. Correct one of the two.")
    if (starts or ends) and not counting.spans_of(incident, starts=starts, ends=ends, now=now):
        last = counting.spans_of(incident, starts=None, ends=None, now=now)[-1:]
        until = f" at {last[0][1]:%d %b %H:%M} UTC" if last else ""
        raise Refused("starts", f"The effect had ended by then{until}. Write an earlier beginning, or when it ended.")
    current.impact_starts_at, current.impact_ends_at = starts, ends
    count_anew(current, now=now, limits=limits_now.at(now), by=by)
    current.save()
    tell(incident, f"{by.name} counted the impact again for the review.", now=now, by=by, url=current.path)
    return current


def count_anew(
    review: Review, *, now: datetime, limits: Limits, by: Person | None = None, figures: impact.Figures | None = None
) -> list[str]:
    """Count again, and let texts that may be changed follow; returns what is otherwise, in words. The caller has locked
    the review and its incident, and saves. `figures`: what was counted, if that was just done.
    """
    before = [one for one in (review.recounted, review.figures) if one]
    after = figures or count_now(review, now=now, limits=limits)
    review.recounted, review.recounted_at, review.count_at = after, now, _next_count(after, now)
    texts = drafting.follow(review.content, before, after)
    if state_of(review) in EDITABLE and texts != review.content:
        names = [words for name, words, _ in drafting.SECTIONS if texts.get(name) != review.content.get(name)]
        review.content, review.version = texts, review.version + 1
        keep(review, by=by, what=f"Counted again: {', '.join(names)}.", now=now)
    return [f"{words} {was} → {now_is}" for words, was, now_is in impact.changed(before[0], after)]


def count_now(review: Review, *, now: datetime, limits: Limits) -> impact.Figures:
    """Return what its impact is now, from when to when it says."""
    starts, ends = review.impact_starts_at, review.impact_ends_at
    return counting.count(review.incident, now=now, limits=limits, starts=starts, ends=ends)


def _next_count(figures: impact.Figures, now: datetime) -> datetime | None:
    return now + COUNT_EVERY if impact.unsettled(figures) else None


def _may_own(incident: Incident, owner: Person) -> None:
    """
    :raises Refused: if they may not see the incident.
    """
    if not queries.sees(owner, incident):
        raise Refused("owner", f"{owner.name} may not see this incident. Let them in there first, or choose another.")


def _say_it_is_yours(review: Review, *, now: datetime) -> None:
    assert review.owner is not None  # the caller has looked
    due = f", due {review.due_at:%d %b %H:%M} UTC" if review.due_at else ""
    text = f"The review of {title_of(review.incident)} is yours{due}. It is drafted: {address(review)}"
    paging.notice(key=f"review:{review.pk}:owner:{review.owner_id}", person=review.owner, text=text, now=now)


def _say_it_is_nobodys(review: Review, *, now: datetime) -> None:
    """Tell the pilot, who names somebody; of a restricted incident only where it names the pilot."""
    pilot = people.pilot(now=now)
    if pilot is not None and queries.sees(pilot, review.incident):
        text = f"The review of {title_of(review.incident)} is nobody's. Name an owner: {address(review)}"
        paging.notice(key=f"review:{review.pk}:nobodys", person=pilot, text=text, now=now)
