"""An edge: what Slack's Events API tells us of the channels we made. Signed, kept, answered within its three seconds.

Slack sends an event again after a second, a minute and five minutes when it was not answered 200; each is kept once.
What machines say, our own lines first of all, is nobody's word and is passed over.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

from incidents.mirror import hearing, queries
from incidents.mirror.hearing import GONE, Saying
from oncall import clock
from oncall.paging.slack_signing import signed_by_slack_up_to

LARGEST = 512 * 1024  # bytes: a message of 40000 characters, as text and as blocks, before and after a change
PLACE = re.compile(r"[CG][A-Z0-9]{1,30}")
USER = re.compile(r"[UW][A-Z0-9]{1,40}")
MOMENT = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}")  # seconds since 1970: Slack's name of a message
SAID = frozenset({"", "file_share", "thread_broadcast", "me_message"})  # subtypes that are a person's words
LONGEST_CHALLENGE = 200
MOST_FILES = 20
WEB = re.compile(r"https?://[^\s<>|\"]{1,1000}")
NOT_READABLE = "This is no event of Slack's that can be read."


@signed_by_slack_up_to(LARGEST)
def slack_events(request: HttpRequest) -> HttpResponse:
    """Take one event. What Slack signed but we cannot read is answered 400; what does not concern us, with nothing."""
    try:
        told = json.loads(request.body)
        if told["type"] == "url_verification":
            return HttpResponse(_text(told, "challenge")[:LONGEST_CHALLENGE], content_type="text/plain")
        if told["type"] != "event_callback":
            return HttpResponse()
        saying = _saying(told["event"])
        joined = _text(told["event"], "channel") if told["event"]["type"] == "member_joined_channel" else ""
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RecursionError):
        return HttpResponseBadRequest(NOT_READABLE)
    if saying is not None and queries.is_offered():
        now = clock.now()
        # Slack's clock tells how old it is, ours when that was: tests and the demo travel, Slack does not.
        age = clock.reading().timestamp() - float(saying.ts if not saying.change else saying.change_at)
        hearing.take(saying, at=now - timedelta(seconds=min(max(age, 0.0), 86400.0)), now=now)
    if joined and queries.is_offered():
        hearing.joined(joined, now=clock.now())
    return HttpResponse()


def _saying(event: Mapping[str, Any]) -> Saying | None:
    """Return what a person did; nothing for what is no message, or a machine's.

    :raises ValueError: if it cannot be read.
    """
    if event["type"] != "message":
        return None
    channel, subtype = _text(event, "channel"), event.get("subtype", "")
    if not PLACE.fullmatch(channel):
        return None  # a direct message
    if subtype == "message_deleted":
        before = event.get("previous_message") or {}
        if _is_a_machines(before):
            return None
        return Saying(channel, _moment(event, "deleted_ts"), "", change=GONE, change_at=_moment(event, "ts"))
    if subtype == "message_changed":
        return _changed(channel, event["message"], event.get("previous_message") or {})
    if subtype not in SAID or _is_a_machines(event):
        return None
    thread = _moment(event, "thread_ts") if "thread_ts" in event else ""
    return Saying(channel, _moment(event, "ts"), _user(event), text=_words(event), thread=thread, files=_files(event))


def _changed(channel: str, message: Mapping[str, Any], before: Mapping[str, Any]) -> Saying | None:
    """Return a change that a person made: Slack tells of one also where it merely added a preview of a link."""
    if _is_a_machines(message) or not message.get("edited") or message.get("text") == before.get("text"):
        return None
    at = _moment(message["edited"], "ts")
    return Saying(channel, _moment(message, "ts"), _user(message), text=_words(message), change=at, change_at=at)


def _is_a_machines(message: Mapping[str, Any]) -> bool:
    return any(message.get(name) for name in ("bot_id", "bot_profile")) or message.get("subtype") == "bot_message"


def _text(among: Mapping[str, Any], name: str) -> str:
    """Return what is a text there.

    :raises ValueError: if it is none, or one that the database could not hold (NUL, half a pair of surrogates).
    """
    text = among[name]
    if not isinstance(text, str) or "\0" in text:
        raise ValueError
    text.encode()
    return text


def _words(among: Mapping[str, Any]) -> str:
    """Return what was said; of a file alone, nothing.

    :raises ValueError: as above.
    """
    return _text(among, "text") if among.get("text") is not None else ""


def _moment(among: Mapping[str, Any], name: str) -> str:
    """
    :raises ValueError: if it is no moment.
    """
    text = _text(among, name)
    if not MOMENT.fullmatch(text):
        raise ValueError
    return text


def _user(among: Mapping[str, Any]) -> str:
    """
    :raises ValueError: if it is no account.
    """
    text = _text(among, "user")
    if not USER.fullmatch(text):
        raise ValueError
    return text


def _files(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the files of a message, as name and address; what cannot be opened in a browser is named alone."""
    found = []
    for one in (event.get("files") or [])[:MOST_FILES]:
        name = _text(one, "name") if one.get("name") else "without a name"
        link = _text(one, "permalink") if one.get("permalink") else ""
        found.append((" ".join(name.split())[:200], link if WEB.fullmatch(link) else "no link"))
    return found
