"""Take a review's row as it is, with its incident before it, and keep versions of its text: what verbs begin with."""

from collections.abc import Mapping
from datetime import datetime

from incidents.command import writing as command
from incidents.command.models import Entry, Incident
from incidents.command.writing import Moved as Moved  # noqa: PLC0414  # who presses takes it from here
from incidents.command.writing import Refused as Refused  # noqa: PLC0414
from incidents.reviews.models import Review, Version
from incidents.reviews.queries import state_of
from incidents.reviews.states import EDITABLE, WORDS
from oncall.people.models import Person


def take(review: Review, *, version: int | None = None) -> tuple[Incident, Review]:
    """Lock the incident and then the review, and return both as they are now.

    :raises Moved: if the review is no longer at `version`, which the press was offered for.
    """
    incident = command.lock(review.incident)
    current = Review.objects.select_for_update(of=("self",)).select_related("owner").get(pk=review.pk)
    current.incident = incident
    if version is not None and version != current.version:
        raise Moved(
            f"Somebody changed this review since you looked: it is {WORDS[state_of(current)]} now, at version"
            f" {current.version}. What you wrote is still below; look at theirs, and save again."
        )
    return incident, current


CHANGED = "Changed: "  # what a version of changed text begins with


def wrote_last(review: Review, person: Person) -> bool:
    """Say whether `person` was the last to change the text: nobody reviews their own words."""
    last = review.versions.filter(what__startswith=CHANGED).order_by("-number").first()
    return last is not None and last.by_id == person.pk


def editable(review: Review, field: str) -> None:
    """
    :raises Refused: unless the review is a draft or in review.
    """
    if state_of(review) not in EDITABLE:
        raise Refused(field, f"It is {WORDS[state_of(review)]}, so its text stays. Press “Work on it again” first.")


def keep(review: Review, *, by: Person | None, what: str, now: datetime) -> Version:
    """Keep the text as it is now as one more version."""
    return Version.objects.create(
        review=review, number=review.version, content=review.content, at=now, by=by, what=what[:200]
    )


def tell(incident: Incident, text: str, *, now: datetime, by: Person | None, url: str, key: str = "") -> Entry:
    """Add a line to the timeline of the incident, which is locked."""
    return command.write(incident, Entry.Kind.NOTE, text, now=now, person=by, url=url, key=key)


def clean(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text.replace("\x00", "").replace("\r\n", "\n").strip() for name, text in texts.items()}
