"""What a press on a link or on a button outside does: as a key or a text, once.

A press names the attempt that was answered; who presses it a second time hears what the first one did.
"""

from datetime import UTC, datetime
from enum import StrEnum

from django.db import connection, transaction

from incidents.alarms import replies, services
from incidents.alarms.models import Alarm, AlarmPage, LogEntry
from incidents.alarms.replies import Reply, Verb
from oncall.paging.models import Attempt, Page


class Press(StrEnum):
    """`CANNOT`: I am no use here now; call the next. It is an escalation that says so in the log."""

    ACKNOWLEDGE = "acknowledge"
    ESCALATE = "escalate"
    CANNOT = "cannot"


VERBS = {Press.ACKNOWLEDGE: Verb.ACKNOWLEDGE, Press.ESCALATE: Verb.ESCALATE, Press.CANNOT: Verb.ESCALATE}


def told_by(attempt: Attempt) -> list[AlarmPage]:
    """Return what `attempt` told its reader, the worst first; nothing for a test page."""
    assert attempt.page is not None
    edition = attempt.told_edition or 1
    links = attempt.page.links.filter(edition__lte=edition).select_related("alarm__acknowledged_by")
    return list(links.order_by("alarm__severity", "linked_at", "pk"))


@transaction.atomic
def press(*, attempt: Attempt, what: Press, now: datetime) -> Reply:
    """Do it to every alarm that `attempt` told of, as the page's owner, once.

    Two presses of the same link at the same moment are taken one after the other.
    """
    _one_at_a_time(attempt)
    attempt = Attempt.objects.select_related("page__person").get(pk=attempt.pk)
    page = attempt.page
    assert page is not None
    if attempt.answered_at is not None:
        return Reply(f"You answered this already, at {attempt.answered_at.astimezone(UTC):%H:%M} UTC.", done=False)
    links = told_by(attempt)
    reply = replies.answer(page=page, attempt=attempt, verb=VERBS[what], now=now)
    if what is Press.CANNOT and reply.done:
        for one in links:
            text = f"{page.person.name} cannot take it."
            services.write(one.alarm, LogEntry.Kind.NOTE, text, now=now, person=page.person, page=page)
    return reply


def _one_at_a_time(attempt: Attempt) -> None:
    """Held until the transaction ends. Nobody who holds a row waits for it: it is the first thing that is taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"answer:{attempt.pk}"])


def may_still_answer(attempt: Attempt, links: list[AlarmPage]) -> bool:
    """Whether a press would change anything: this attempt was not answered, and something it told of is firing.

    A page that ended because nobody answered may still be answered: late is better than never.
    """
    assert attempt.page is not None
    if attempt.answered_at is not None:
        return False
    if not links:
        return attempt.page.state == Page.State.CALLING
    return any(one.alarm.state == Alarm.State.FIRING and one.alarm.cycle == one.cycle for one in links)
