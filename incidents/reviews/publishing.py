"""Let everybody read a review: what was looked at, frozen, and without names. A restricted incident's never is."""

from collections.abc import Mapping
from datetime import UTC, datetime

from django.db import transaction

from incidents.command.roles import ROLES
from incidents.reviews import drafting, queries, services
from incidents.reviews.impact import Figures
from incidents.reviews.models import Review
from incidents.reviews.queries import state_of
from incidents.reviews.states import WORDS
from incidents.reviews.writing import Refused, clean, take, tell
from oncall.limits import queries as limits
from oncall.people.models import Person

READY = ("reviewed", "closed")
FIGURES = (
    "eligible",
    "delayed",
    "failed",
    "pending",
    "unknown",
    "lost",
    "unseen",
    "seconds",
    "minutes_by_severity",
    "year",
    "nights",
)


def roles_by_name(review: Review) -> dict[str, str]:
    """Return what stands for each name: the role of whoever had one, "a responder" for all others.

    Whole names and usernames of everybody we know; one name alone only of who had a role or wrote in the timeline.
    """
    found: dict[str, str] = {}
    for name, username in Person.objects.values_list("name", "username"):
        for one in (name, username):
            if one.strip():
                found[one] = "a responder"
    incident = review.incident
    wrote = Person.objects.filter(pk__in=incident.entries.exclude(person=None).values("person"))
    took = [(one.person, ROLES[one.role].lower()) for one in incident.assignments.select_related("person")]  # type: ignore[index]  # the column has a constraint
    for person, role in [*((one, "responder") for one in wrote), *took]:
        article = "an" if role[0] in "aeiou" else "a"
        words = f"the {role}" if role == "incident commander" else f"{article} {role}"
        for one in (person.name, person.username, *person.name.split()):
            found[one] = words
    return found


def usernames() -> set[str]:
    return set(Person.objects.values_list("username", flat=True))


def counted(review: Review, *, now: datetime) -> Figures:
    """Return the figures that a report has: as they are now, or as they were when the review was closed."""
    if review.state == "closed":
        closed: Figures = review.recounted or review.figures
        return closed
    return services.count_now(review, now=now, limits=limits.at(now))


def proposed(review: Review, *, numbers: Figures | None = None) -> dict[str, str]:
    """Return what a report for everybody would say, section by section, to be looked at. Where it says what was counted
    once, it says what was counted last (`numbers`: just now).
    """
    texts = _following(review, review.content, numbers or review.recounted or review.figures)
    return drafting.public(texts, roles_by_name(review), usernames())


def proposed_title(review: Review) -> str:
    return drafting.blameless(review.incident.title, roles_by_name(review), usernames())


def _following(review: Review, texts: Mapping[str, str], numbers: Figures) -> dict[str, str]:
    return drafting.follow(texts, [one for one in (review.recounted, review.figures) if one], numbers)


@transaction.atomic
def publish(
    *, review: Review, title: str, texts: Mapping[str, str], by: Person, version: int | None, now: datetime
) -> Review:
    """Let everybody read it: `title` and the `texts` of drafting.PUBLIC as somebody looked at them. Names that are
    still in it are replaced once more, and it is counted once more.

    :raises Refused: if it is not reviewed, restricted, `by` may not, or visits are pending; naming the section.
    :raises Moved: if it changed meanwhile.
    """
    incident, current = take(review, version=version)
    if incident.restricted:
        raise Refused("title", "A restricted incident is never published. What may be said of it, say in a message.")
    if not queries.may_close(current, by, now=now):
        raise Refused("title", "A lead of the owner's team, the pilot or an administrator publishes it. Ask one.")
    if state_of(current) not in READY:
        raise Refused(
            "title", f"It is {WORDS[state_of(current)]}. It is published when a second person has reviewed it."
        )
    title = " ".join(title.replace("\x00", "").split())[:200]
    if not title:
        raise Refused("title", "It has no title. Write in a few words what was wrong.")
    numbers = counted(current, now=now)
    if numbers["pending"]:
        raise Refused(
            "title",
            f"{numbers['pending']:,} visits are pending, so nobody knows yet what it cost. Publish it when they are"
            " decided: a day after they were taken at most.",
        )
    names, known = roles_by_name(current), usernames()
    texts = clean({name: texts.get(name, "") for name in drafting.PUBLIC})
    too_long = next((name for name, text in texts.items() if len(text) > drafting.LONGEST), None)
    if too_long is not None:
        raise Refused(too_long, f"That is over {drafting.LONGEST:,} characters. Shorten it.")
    title = drafting.blameless(title, names, known)
    sections = drafting.public(_following(current, texts, numbers), names, known)
    actions = [
        {"title": drafting.blameless(one.title, names, known), "kind": one.get_kind_display(), "done": one.is_done}
        for one in current.actions.select_related("work")
    ]
    if state_of(current) != "closed" and numbers != (current.recounted or current.figures):
        services.count_anew(current, now=now, limits=limits.at(now), by=by, figures=numbers)
    current.published = {
        "title": title,
        "sections": sections,
        "actions": actions,
        "severity": incident.severity,
        "product": incident.product,
        "cause": current.get_cause_display() if current.cause else "",
        "day": f"{incident.declared_at.astimezone(UTC):%Y-%m-%d}",
        "figures": {name: numbers[name] for name in FIGURES},
    }
    said = [title, incident.product, *sections.values(), *(str(one["title"]) for one in actions)]
    current.published_text = drafting.plain(said)
    current.published_at, current.published_by = now, by
    current.save()
    tell(incident, f"{by.name} published the review for everybody.", now=now, by=by, url=current.public_path)
    return current


@transaction.atomic
def withdraw(*, review: Review, by: Person, now: datetime) -> Review:
    """Take it back: only who is signed in reads it again. Twice is once.

    :raises Refused: if `by` may not.
    """
    incident, current = take(review)
    if not queries.may_close(current, by, now=now):
        raise Refused("title", "A lead of the owner's team, the pilot or an administrator takes it back. Ask one.")
    if current.published_at is None:
        return current
    take_back(current)
    current.save(update_fields=["published", "published_text", "published_at", "published_by"])
    tell(incident, f"{by.name} took the published review back.", now=now, by=by, url=current.path)
    return current


def take_back(review: Review) -> None:
    """Nobody outside reads it any more. The caller has locked it, and saves it."""
    review.published, review.published_text, review.published_at, review.published_by = {}, "", None, None
