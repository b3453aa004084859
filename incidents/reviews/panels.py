"""What the page of an incident shows of its review."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from incidents.command.models import Incident
from incidents.reviews import queries
from incidents.reviews.models import Review
from incidents.reviews.services import OVER
from incidents.reviews.states import BADGES, WORDS
from oncall.people.models import Person


def of_incident(subject: Incident, *, person: Person, now: datetime) -> SafeString:
    """Return the state of the review, when it is due and whose it is; or the button that drafts it. Two queries."""
    review = Review.objects.filter(incident=subject).select_related("owner").first()
    if review is None and subject.state not in OVER:
        return SafeString("")
    context: dict[str, object] = {"incident": subject, "review": review, "now": now}
    if review is not None:
        review.incident = subject
        context["word"] = WORDS[queries.state_of(review)]
        context["badge"] = BADGES[queries.state_of(review)]
        context["late"] = review.state != "closed" and review.due_at is not None and review.due_at <= now
    return SafeString(render_to_string("reviews/panel.html", context))
