"""Channels in Slack that a room above keeps: made, filled with people and lines, put away. Behind every page.

Nothing here is tried again by itself: each call is one request, and says what came of it. Whoever calls looks for its
own mark (Slack's message metadata) before it says a line again. Only processes that send import this file.
Source: the reference of methods of Slack's Web API.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from oncall.paging.channels import Outcome, Verdict
from oncall.paging.slack import client, try_request

LINE = "oncall_line"  # name of our metadata
PATIENCE_S = 1800  # Slack may ask for so long a pause, and gets it: no page waits for this
PAGE, MOST_PAGES = 200, 10  # messages looked through for our own
TOO_MANY = "many"  # Outcome.code: not all of it was looked through


@dataclass(frozen=True)
class Answer:
    """What Slack answered; `failed`: why it did not do it, or perhaps did (Verdict.UNKNOWN)."""

    data: Any
    failed: Outcome | None = None

    @property
    def word(self) -> str:
        """Return Slack's own word for why it refused, or nothing."""
        return self.failed.text.removeprefix("Slack says: ") if self.failed and self.failed.code == "slack" else ""

    @property
    def surely_not(self) -> bool:
        return self.failed is not None and self.failed.verdict is Verdict.REFUSED

    @property
    def retry_after(self) -> timedelta | None:
        return self.failed.retry_after if self.failed else None

    @property
    def error(self) -> str:
        return (self.failed.text or self.failed.code) if self.failed else ""


def _call(make: Callable[[], Any]) -> Answer:
    data, failed = try_request(make, patience_s=PATIENCE_S)
    return Answer(data, failed)


def create(name: str, *, private: bool) -> Answer:
    """Make a channel: `name_taken` where there is one of that name, `data["channel"]["id"]` where it was made."""
    return _call(lambda: client().conversations_create(name=name, is_private=private))


def find_unmarked(name: str, *, private: bool) -> Answer:
    """Return in `data` the id of a channel of that name that we made and have not marked by a purpose, or "".

    Such a one was made by a request whose answer was lost.
    """
    me = _call(lambda: client().auth_test())
    if me.failed:
        return me
    kind = "private_channel" if private else "public_channel"
    for page in _pages(
        lambda cursor: client().conversations_list(types=kind, limit=1000, cursor=cursor, exclude_archived=True)
    ):
        if page.failed and page.failed.code == TOO_MANY:
            break
        if page.failed:
            return page
        for one in page.data["channels"] or []:
            marked = (one.get("purpose") or {}).get("value")
            if one.get("name") == name and one.get("creator") == me.data["user_id"] and not marked:
                return Answer(str(one["id"]))
    return Answer("")


def set_purpose(channel: str, text: str) -> Answer:
    return _call(lambda: client().conversations_setPurpose(channel=channel, purpose=text))


def set_topic(channel: str, text: str) -> Answer:
    return _call(lambda: client().conversations_setTopic(channel=channel, topic=text))


def invite(channel: str, user: str) -> Answer:
    """Let one person in; `already_in_channel` where they are."""
    return _call(lambda: client().conversations_invite(channel=channel, users=user))


def remove(channel: str, user: str) -> Answer:
    return _call(lambda: client().conversations_kick(channel=channel, user=user))


def members(channel: str) -> Answer:
    """Return in `data` who is in a channel, without ourselves."""
    me = _call(lambda: client().auth_test())
    if me.failed:
        return me
    found: list[str] = []
    for page in _pages(lambda cursor: client().conversations_members(channel=channel, limit=PAGE, cursor=cursor)):
        if page.failed:
            return page
        found += [str(one) for one in page.data["members"] or [] if one != me.data["user_id"]]
    return Answer(found)


def archive(channel: str) -> Answer:
    return _call(lambda: client().conversations_archive(channel=channel))


def unarchive(channel: str) -> Answer:
    return _call(lambda: client().conversations_unarchive(channel=channel))


def post(channel: str, text: str, *, key: str, thread: str = "") -> Answer:
    """Say a line, marked with `key`; `thread`: the timestamp of the message that it answers."""
    return _call(
        lambda: client().chat_postMessage(
            channel=channel,
            text=text,
            thread_ts=thread or None,
            metadata=_mark(key),
            parse="none",
            link_names=False,
            unfurl_links=False,
            unfurl_media=False,
        )
    )


def change(channel: str, ts: str, text: str, *, key: str) -> Answer:
    """Let a line that is there say this instead."""
    return _call(lambda: client().chat_update(channel=channel, ts=ts, text=text, metadata=_mark(key), parse="none"))


def find_line(channel: str, *, key: str, thread: str = "", since: str = "") -> Answer:
    """Return in `data` the timestamp of the message marked with `key`, or "". `since`: none before that timestamp."""

    def ask(cursor: str) -> Any:
        wanted: dict[str, Any] = {"channel": channel, "limit": PAGE, "include_all_metadata": True, "cursor": cursor}
        if since:
            wanted["oldest"] = since
        if thread:
            return client().conversations_replies(ts=thread, **wanted)
        return client().conversations_history(**wanted)

    for page in _pages(ask):
        if page.failed:
            return page
        for message in page.data["messages"] or []:
            if message.get("metadata") == _mark(key):
                return Answer(str(message["ts"]))
    return Answer("")


def messages(channel: str, *, since: str = "") -> Answer:
    """Return in `data` the messages of a channel, oldest first: those said or answered after the timestamp `since`, and
    as many before them as came along. Answers are those after it.
    """

    def ask(cursor: str) -> Any:
        return client().conversations_history(channel=channel, limit=PAGE, cursor=cursor)

    found: list[dict[str, Any]] = []
    for page in _pages(ask):
        if page.failed and page.failed.code == TOO_MANY:
            break
        if page.failed:
            return page
        found += page.data["messages"] or []
        if found and _seconds(found[-1], "ts") <= float(since or 0):
            break
    for top in [str(one["ts"]) for one in found if _seconds(one, "latest_reply") > float(since or 0)]:
        told = _call(partial(client().conversations_replies, channel=channel, ts=top, limit=PAGE, oldest=since or None))
        if told.failed:
            return told
        found += [one for one in told.data["messages"] or [] if one["ts"] != top]
    return Answer(sorted(found, key=lambda one: _seconds(one, "ts")))


def _seconds(message: dict[str, Any], name: str) -> float:
    return float(message.get(name) or 0)


def name_of(user: str) -> Answer:
    """Return in `data` what somebody is called in Slack."""
    answer = _call(lambda: client().users_info(user=user))
    if answer.failed:
        return answer
    known = answer.data.get("user") or {}
    profile = known.get("profile") or {}
    return Answer(str(profile.get("real_name") or known.get("real_name") or known.get("name") or ""))


def _mark(key: str) -> dict[str, Any]:
    return {"event_type": LINE, "event_payload": {"key": key}}


def _pages(ask: Callable[[str], Any]) -> Iterator[Answer]:
    """Yield one page after the other. Where there are too many to look through, nothing is known: that is a failure."""
    cursor = ""
    for _ in range(MOST_PAGES):
        answer = _call(lambda at=cursor: ask(at))  # type: ignore[misc]
        yield answer
        if answer.failed:
            return
        cursor = str((answer.data.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return
    yield Answer({}, Outcome(Verdict.UNKNOWN, code=TOO_MANY, text="Too much has been said to look through it."))
