"""What a person did, read from an event or a message of Slack's. PURE.

What machines say, our own lines first of all, is nobody's word and is passed over. Source: the reference of Slack's
Events API and of `conversations.history`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

GONE = "gone"  # Saying.change of a message that was removed
OLDEST = timedelta(days=1)  # that a saying is taken to be
PLACE = re.compile(r"[CG][A-Z0-9]{1,30}")
USER = re.compile(r"[UW][A-Z0-9]{1,40}")
MOMENT = re.compile(r"[0-9]{1,12}\.[0-9]{1,12}")  # seconds since 1970: Slack's name of a message
SAID = frozenset({"", "file_share", "thread_broadcast", "me_message"})  # subtypes that are a person's words
MOST_FILES = 20
WEB = re.compile(r"https?://[^\s<>|\"]{1,1000}")


@dataclass(frozen=True)
class Saying:
    """One event of Slack's, as far as it is a person's doing."""

    channel: str
    ts: str
    user: str  # empty: Slack does not say who
    text: str = ""
    thread: str = ""
    change: str = ""  # empty: said; else when it was changed, or GONE
    change_at: str = ""  # when, by Slack's clock; empty: said
    files: Sequence[tuple[str, str]] = ()  # name and address

    def age_at(self, instant: datetime) -> timedelta:
        """Return how long ago it was done, by Slack's clock and this reading of ours: tests and the demo travel, Slack
        does not. Never below nothing, never above a day.
        """
        age = timedelta(seconds=instant.timestamp() - float(self.change_at or self.ts))
        return min(max(age, timedelta()), OLDEST)


def saying_of(event: Mapping[str, Any]) -> Saying | None:
    """Return what a person did; nothing for what is no message, or a machine's.

    :raises ValueError: if it cannot be read.
    """
    if event["type"] != "message":
        return None
    channel, subtype = text_of(event, "channel"), event.get("subtype", "")
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


def sayings_of(channel: str, message: Mapping[str, Any]) -> list[Saying]:
    """Return what a person did to a message that stands in a channel: said it, and perhaps changed it since. Its words
    are those it has now, in both.

    :raises ValueError: if it cannot be read.
    """
    said = saying_of({**message, "type": "message", "channel": channel})
    if said is None or not message.get("edited"):
        return [said] if said else []
    at = _moment(message["edited"], "ts")
    return [said, replace(said, change=at, change_at=at, thread="")]


def _changed(channel: str, message: Mapping[str, Any], before: Mapping[str, Any]) -> Saying | None:
    """Return a change that a person made: Slack tells of one also where it merely added a preview of a link."""
    if _is_a_machines(message) or not message.get("edited") or message.get("text") == before.get("text"):
        return None
    at = _moment(message["edited"], "ts")
    return Saying(
        channel, _moment(message, "ts"), _user(message), text=_words(message), change=at, change_at=at,
        files=_files(message),
    )  # fmt: skip


def _is_a_machines(message: Mapping[str, Any]) -> bool:
    return any(message.get(name) for name in ("bot_id", "bot_profile")) or message.get("subtype") == "bot_message"


def text_of(among: Mapping[str, Any], name: str) -> str:
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
    return text_of(among, "text") if among.get("text") is not None else ""


def _moment(among: Mapping[str, Any], name: str) -> str:
    """
    :raises ValueError: if it is no moment.
    """
    text = text_of(among, name)
    if not MOMENT.fullmatch(text):
        raise ValueError
    return text


def _user(among: Mapping[str, Any]) -> str:
    """
    :raises ValueError: if it is no account.
    """
    text = text_of(among, "user")
    if not USER.fullmatch(text):
        raise ValueError
    return text


def _files(event: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the files of a message, as name and address; what cannot be opened in a browser is named alone."""
    found = []
    for one in (event.get("files") or [])[:MOST_FILES]:
        name = text_of(one, "name") if one.get("name") else "without a name"
        link = text_of(one, "permalink") if one.get("permalink") else ""
        found.append((" ".join(name.split())[:200], link if WEB.fullmatch(link) else "no link"))
    return found
