"""An edge: buttons pressed in Slack. Slack waits three seconds for an answer, so the words follow by the outbox.

A button on a direct message answers that page, as the person whose Slack user pressed it; a button on the channel's
message works on the alarm, in the cycle it was offered for. The same press told twice is done once.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from incidents.alarms import pressing, services, work
from incidents.alarms.models import Alarm, LogEntry
from incidents.alarms.pressing import Press
from oncall import clock
from oncall.outside import postings
from oncall.paging.models import Attempt, ContactMethod
from oncall.paging.slack_signing import signed_by_slack
from oncall.paging.slack_words import ALARM_ACTION, PAGE_ACTION, answered_blocks
from oncall.people.models import Person

USER = re.compile(r"[UW][A-Z0-9]{1,40}")
MOMENT = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")  # Slack's name of a press
LONGEST_VALUE = 2000  # characters; ours are shorter
LAST_CYCLE = 2**31 - 1  # what the column holds
STRANGER = "oncall does not know your Slack account. Add it in oncall under Me, and confirm it there; then press again."
GONE = "This button answers nothing any more. Open oncall to see what is open."


@signed_by_slack
def slack_answers(request: HttpRequest) -> HttpResponse:
    """Take one press. What Slack signed but we cannot read is answered 400; what is no button of ours, with nothing."""
    try:
        payload = json.loads(request.POST.get("payload", ""))
        pressed = _button(payload)
        user, action = _text(payload["user"], "id"), pressed.get("action_id")
        if not USER.fullmatch(user) or not (action is None or isinstance(action, str)):
            raise ValueError
        if action not in {Press.ACKNOWLEDGE, Press.ESCALATE}:
            return HttpResponse()  # a link that opens a page of ours tells Slack too
        at, value = _text(pressed, "action_ts"), _text(pressed, "value")[:LONGEST_VALUE]
        if not MOMENT.fullmatch(at):
            raise ValueError
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        return HttpResponseBadRequest("This is no press of a button.")
    what = Press(action)
    kind, _, rest = value.partition(":")
    now = clock.now()
    if kind == PAGE_ACTION:
        _answer_page(rest, what, user=user, at=at, now=now)
    elif kind == ALARM_ACTION:
        _work_on_alarm(rest, what, user=user, at=at, now=now)
    return HttpResponse()


def _button(payload: Any) -> dict[str, Any]:
    if payload["type"] != "block_actions":
        return {}
    first: dict[str, Any] = payload["actions"][0]
    return first


def _text(among: dict[str, Any], name: str) -> str:
    """Return what is a text there.

    :raises ValueError: if it is none, or one that the database could not hold (NUL, half a pair of surrogates).
    """
    text = among[name]
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    text.encode()
    return text


def _person(user: str) -> Person | None:
    """Return whose Slack account this is: the one person who has proved it. What somebody merely typed is no proof."""
    known = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.SLACK, address=user, person__is_active=True)
    people = {one.person for one in known.select_related("person") if one.proved}
    return people.pop() if len(people) == 1 else None


def _is_theirs(attempt: Attempt, user: str) -> bool:
    """Whether this page went to that very Slack account, and its owner still has it."""
    assert attempt.page is not None
    mine = ContactMethod.objects.usable().filter(kind=ContactMethod.Kind.SLACK, person=attempt.page.person)
    return attempt.address == user and attempt.page.person.is_active and mine.filter(address=user).exists()


def _tell(user: str, text: str, *, at: str, now: datetime) -> None:
    """Answer them by a message of their own; the same press told twice makes one."""
    postings.say_once(key=f"press:{user}:{at}", channel=user, text=text, now=now)


def _answer_page(rest: str, what: Press, *, user: str, at: str, now: datetime) -> None:
    """Answer the page that this message was; its buttons give way to what came of it."""
    attempt = _attempt(rest)
    if attempt is None or attempt.page is None:
        _tell(user, GONE, at=at, now=now)
        return
    if not _is_theirs(attempt, user):
        _tell(user, STRANGER, at=at, now=now)
        return
    reply = pressing.press(attempt=attempt, what=what, now=now)
    if not reply.done and attempt.answered_at is not None:
        _tell(user, reply.text, at=at, now=now)
        return
    subject = f"[SEV-{attempt.page.severity}] {attempt.page.title}"
    postings.say(
        key=f"answered:{attempt.pk}",
        channel=user,
        text=f"{subject}: {reply.text}",
        blocks=answered_blocks(subject=subject, reply=reply.text),
        reference=attempt.sid,
        now=now,
    )


def _attempt(id: str) -> Attempt | None:
    try:
        attempt_id = UUID(id)
    except ValueError:
        return None
    return Attempt.objects.select_related("page__person").filter(pk=attempt_id, page__isnull=False).first()


def _work_on_alarm(rest: str, what: Press, *, user: str, at: str, now: datetime) -> None:
    """Acknowledge or escalate the alarm; what comes of it stands in the channel's message, a refusal they are told."""
    try:
        id, cycle, offered = rest.split(":", 2)
        as_of, number = datetime.fromisoformat(offered), int(cycle)
        if as_of.tzinfo is None or not 0 < number <= LAST_CYCLE:
            raise ValueError
        alarm = Alarm.objects.get(pk=UUID(id))
        as_of = as_of.astimezone(UTC)
    except (ValueError, OverflowError, Alarm.DoesNotExist):
        _tell(user, GONE, at=at, now=now)
        return
    person = _person(user)
    if person is None:
        _tell(user, STRANGER, at=at, now=now)
        return
    try:
        _act(alarm, what, by=person, cycle=number, as_of=as_of, now=now)
    except (work.AlreadyAcknowledged, work.AlreadyEscalated, services.AlreadyResolved) as error:
        _tell(user, str(error), at=at, now=now)


@transaction.atomic
def _act(alarm: Alarm, what: Press, *, by: Person, cycle: int, as_of: datetime, now: datetime) -> None:
    """Do it, unless they have done just that since the button was offered: every change offers new buttons."""
    Alarm.objects.select_for_update().get(pk=alarm.pk)
    acknowledges = what is Press.ACKNOWLEDGE
    kind = LogEntry.Kind.ACKNOWLEDGED if acknowledges else LogEntry.Kind.ESCALATED
    if alarm.log.filter(person=by, kind=kind, at__gt=as_of).exists():
        return
    if acknowledges:
        work.acknowledge(alarm=alarm, by=by, now=now, cycle=cycle)
    else:
        work.escalate(alarm=alarm, by=by, now=now, cycle=cycle, as_of=as_of)
