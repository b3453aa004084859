"""Tell others outside what happens to an alarm: webhooks that want to hear it, and Slack's channel of all alarms.

Written into outboxes with the change itself; sent later, behind every page.
"""

from datetime import UTC, datetime
from urllib.parse import urljoin

from django.conf import settings

from incidents.alarms.models import ITSELF, Alarm, LogEntry
from oncall.outside import deliveries, postings
from oncall.outside.models import Event
from oncall.paging.slack_words import ALARM_ACTION, alarm_blocks

Kind = LogEntry.Kind
EVENTS: dict[str, Event] = {
    Kind.FIRED: Event.FIRED, Kind.WORSE: Event.FIRED, Kind.REOPENED: Event.FIRED, Kind.LAPSED: Event.FIRED,
    Kind.UNDONE: Event.FIRED, Kind.WOKE: Event.FIRED,
    Kind.ACKNOWLEDGED: Event.ACKNOWLEDGED, Kind.REASSIGNED: Event.ACKNOWLEDGED,
    Kind.ESCALATED: Event.ESCALATED, Kind.STEP: Event.ESCALATED, Kind.END: Event.ESCALATED,
    Kind.RESOLVED: Event.RESOLVED,
}  # fmt: skip
SHOWN = frozenset({*EVENTS, Kind.SNOOZED})  # lines after which the channel's message is changed
ABOUT_OUTSIDE = ("webhook:", "posting:")  # keys of our own alarms that say that these very ways do not work
FIRST_STEP = "Step 1:"  # is no escalation: it is how every alarm begins


def announce(alarm: Alarm, entry: LogEntry) -> None:
    """Say what this line of the log says to whoever outside wants to know. Lines about nothing else are passed over.

    An alarm about these ways goes by none of them: its end would fail as well, and begin it anew, for ever.
    """
    if alarm.source_id == ITSELF and alarm.key.startswith(ABOUT_OUTSIDE):
        return
    event = EVENTS.get(entry.kind)
    if event is not None and not (entry.kind == Kind.STEP and entry.text.startswith(FIRST_STEP)):
        deliveries.tell(event=event, data=told(alarm, entry), now=entry.at)
    if entry.kind in SHOWN and settings.SLACK and settings.SLACK_CHANNEL:
        show_in_slack(alarm, entry.text, now=entry.at)


def told(alarm: Alarm, entry: LogEntry) -> dict[str, object]:
    """Return what a webhook is told of an alarm: names of people, never how they are reached."""
    holder = alarm.acknowledged_by if alarm.acknowledged_by_id else None
    return {
        "id": str(alarm.pk),
        "title": alarm.title,
        "severity": alarm.severity,
        "state": alarm.state,
        "cycle": alarm.cycle,
        "version": alarm.version,
        "source": alarm.source,
        "key": alarm.key,
        "product": alarm.product,
        "labels": alarm.labels,
        "link": alarm.link,
        "url": urljoin(settings.PUBLIC_BASE_URL, alarm.path),
        "fired_at": alarm.fired_at.isoformat(),
        "acknowledged_by": holder.name if holder else None,
        "text": entry.text,
    }


def show_in_slack(alarm: Alarm, text: str, *, now: datetime) -> None:
    """Let the alarm's message in the channel say how it stands. The buttons name the cycle they were offered for."""
    state = alarm.get_state_display()
    facts = f"{state} since {_since(alarm):%H:%M} UTC · {alarm.source} · {text}"
    title = f"[SEV-{alarm.severity}] {alarm.title}"
    postings.say(
        key=f"alarm:{alarm.pk}",
        channel=settings.SLACK_CHANNEL,
        text=f"{title}: {state}. {text}",
        blocks=alarm_blocks(
            title=title,
            facts=facts,
            open_now=alarm.state != Alarm.State.RESOLVED,
            value=f"{ALARM_ACTION}:{alarm.pk.hex}:{alarm.cycle}:{now.isoformat()}",
            url=urljoin(settings.PUBLIC_BASE_URL, alarm.path),
        ),
        now=now,
    )


def _since(alarm: Alarm) -> datetime:
    return (alarm.resolved_at or alarm.acknowledged_at or alarm.fired_at).astimezone(UTC)
