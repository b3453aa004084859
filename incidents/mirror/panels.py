"""What the page of an incident says of its channel in Slack: where it is, what waits, what went wrong."""

from datetime import datetime

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from incidents.command.models import Incident
from incidents.mirror import queries
from incidents.mirror.models import Mirror
from oncall.people.models import Person

OPENS = "https://slack.com/app_redirect?channel="  # Slack's own way to a channel by its id


def shown(subject: Incident, *, person: Person, now: datetime) -> SafeString:
    """Return the panel; nothing where incidents are not mirrored. Two queries at most."""
    if not queries.is_offered():
        return SafeString("")
    mirror = queries.mirror_of(subject)
    if mirror is None and subject.state in queries.OVER:
        return SafeString("")
    return SafeString(render_to_string("mirror/panel.html", standing(subject, mirror)))


def standing(incident: Incident, mirror: Mirror | None) -> dict[str, object]:
    """Return what there is to know of its channel."""
    return {
        "incident": incident,
        "mirror": mirror,
        "link": f"{OPENS}{mirror.channel}" if mirror is not None and mirror.channel else "",
        "waiting": queries.waiting(mirror).count() if mirror is not None else 0,
        "goes": mirror is not None and mirror.state != Mirror.State.STOPPED,
        "over": incident.state in queries.OVER,
    }
