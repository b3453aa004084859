"""The one file that talks to Slack: pages by direct message, messages in channels, and what Slack's answers mean.

Slack says when it has a message and nothing more: no word of a device, so “sent” is the end until somebody presses.
Its answers carry no idempotency key; our own id travels in the message's metadata, and is looked for before anything is
sent again (paging.md 2.8). Only processes that send import this file.
"""

import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from oncall.outside.postings import Claimed, Said
from oncall.paging.channels import LookupFailed, Order, Outcome, Report, Verdict
from oncall.paging.slack_words import page_blocks

OFFICIAL = "https://slack.com/api/"
TIMEOUT_S = 10
END = 90
LONGEST_PATIENCE_S = 15
RECENT = 50  # messages looked through for our own
PAGE, POSTING = "oncall_page", "oncall_posting"  # names of our metadata
# Slack's own words, from its reference of methods.
DEAD = frozenset(
    {
        "user_not_found", "users_not_found", "user_disabled", "user_not_visible", "channel_not_found", "cannot_dm_bot",
        "account_inactive", "messages_tab_disabled", "is_archived",
    }
)  # fmt: skip
MISCONFIGURED = frozenset(
    {
        "invalid_auth", "not_authed", "token_revoked", "token_expired", "missing_scope", "not_allowed_token_type",
        "no_permission", "org_login_required", "ekm_access_denied", "access_denied", "team_access_not_granted",
        "not_in_channel", "restricted_action",
    }
)  # fmt: skip
BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "team_added_to_org", "request_timeout"})
NEVER_SENT = (ConnectionRefusedError, ssl.SSLError, TimeoutError)
_local = threading.local()


def client() -> WebClient:
    """Return this thread's client. It never tries again by itself: we look before we send again.

    :raises ImproperlyConfigured: without a token, or when production would send it to another address.
    """
    if not getattr(_local, "client", None):
        if not settings.SLACK_BOT_TOKEN:
            raise ImproperlyConfigured("Set SLACK_BOT_TOKEN to page by Slack.")
        if settings.PRODUCTION and settings.SLACK_API_BASE != OFFICIAL:
            raise ImproperlyConfigured(f"SLACK_API_BASE must be {OFFICIAL} in production.")
        _local.client = WebClient(
            token=settings.SLACK_BOT_TOKEN,
            base_url=settings.SLACK_API_BASE,
            timeout=TIMEOUT_S,
            retry_handlers=[],
        )
    made: WebClient = _local.client
    return made


class DirectMessage:
    """A page as a direct message with buttons. The address is a Slack user id; the SID is channel and timestamp."""

    def send(self, order: Order) -> Outcome:
        return attempt_request(
            lambda: client().chat_postMessage(
                channel=order.address,
                text=order.subject if order.reference else order.body,
                blocks=_blocks(order),
                metadata={"event_type": PAGE, "event_payload": {"attempt": order.attempt_id.hex}},
                unfurl_links=False,
                unfurl_media=False,
            )
        )

    def find(self, order: Order) -> Report | None:
        """Look for our id among the last messages that we and this person have exchanged."""
        opened = ask(lambda: client().conversations_open(users=order.address))
        channel = str(opened["channel"]["id"])
        sought = {"event_type": PAGE, "event_payload": {"attempt": order.attempt_id.hex}}
        timestamp = _look_for(channel, sought)
        return Report(sid=f"{channel}:{timestamp}", status="sent", rank=END) if timestamp else None

    def poll(self, sid: str) -> Report:
        """Slack never says more than that it has the message."""
        return Report(sid=sid, status="sent", rank=END)


def _blocks(order: Order) -> list[dict[str, Any]] | None:
    """Buttons where something can be answered; a notice is plain text."""
    if not order.reference:
        return None
    return page_blocks(subject=order.subject, body=order.body, attempt_id=order.attempt_id)


def _look_for(channel: str, metadata: dict[str, Any]) -> str:
    """Return the timestamp of the message in `channel` with this metadata, or nothing."""
    history = ask(lambda: client().conversations_history(channel=channel, limit=RECENT, include_all_metadata=True))
    for message in history["messages"] or []:
        if message.get("metadata") == metadata:
            return str(message["ts"])
    return ""


def attempt_request(make: Callable[[], Any]) -> Outcome:
    """Make the request and say what its answer means. Never raises."""
    made, failed = try_request(make)
    return failed or Outcome(Verdict.ACCEPTED, sid=f"{made['channel']}:{made['ts']}", status="sent")


def try_request(make: Callable[[], Any], *, patience_s: int = LONGEST_PATIENCE_S) -> tuple[Any, Outcome | None]:
    """Make the request; return what was answered, and beside it what a failure means. Never raises.

    `patience_s`: for how many seconds Slack is believed that it is busy; a page cannot wait long, other things can.
    """
    try:
        return make(), None
    except SlackApiError as error:
        return {}, classify(error, patience_s=patience_s)
    except URLError as error:  # before anything was sent, or while it was
        unsent = isinstance(error.reason, NEVER_SENT) or "Name or service" in str(error.reason)
        verdict = Verdict.REFUSED if unsent or not isinstance(error.reason, OSError) else Verdict.UNKNOWN
        wait = timedelta(seconds=1) if verdict is Verdict.REFUSED else None
        return {}, Outcome(verdict, code="connection", text=str(error.reason)[:300], retry_after=wait)
    except ImproperlyConfigured as error:
        return {}, Outcome(Verdict.REFUSED, code="settings", text=str(error), misconfigured=True)
    except (SlackClientError, HTTPException, OSError, ValueError) as error:  # a reset or a silence after sending
        return {}, Outcome(Verdict.UNKNOWN, code=type(error).__name__, text=str(error)[:300])


def classify(error: SlackApiError, *, patience_s: int = LONGEST_PATIENCE_S) -> Outcome:
    """Say what an error of Slack's means: surely refused, or perhaps accepted (5xx)."""
    answer: Any = error.response
    status = int(getattr(answer, "status_code", 0) or 0)
    word = str(answer.get("error") or "")[:80]
    if status == 429 or word in {"ratelimited", "rate_limited"}:
        seconds = str((answer.headers or {}).get("Retry-After", "1"))
        wait = timedelta(seconds=min(patience_s, int(seconds) if seconds.isdigit() else 1))
        return Outcome(Verdict.REFUSED, code="429", text="Slack asks for patience.", retry_after=wait)
    if status >= 500 or word in BROKEN or not word:
        return Outcome(Verdict.UNKNOWN, code=str(status), text=word)
    dead = f"Slack says: {word}" if word in DEAD else ""
    return Outcome(
        Verdict.REFUSED,
        code="slack",
        text=f"Slack says: {word}",
        dead_address=dead,
        misconfigured=word in MISCONFIGURED or status in (401, 403),
    )


def ask(question: Callable[[], Any]) -> Any:
    """Ask Slack, turning every way it can fail into one.

    :raises LookupFailed: if there was no usable answer.
    """
    try:
        return question()
    except (SlackClientError, HTTPException, ImproperlyConfigured, OSError, ValueError) as error:
        raise LookupFailed(str(error)[:300]) from error


def say(claimed: Claimed) -> Said:
    """Say a message in a channel, or change the one that is there. Never raises."""
    metadata = {"event_type": POSTING, "event_payload": {"key": claimed.key}}
    reference = claimed.reference
    if not reference and claimed.tries > 1:  # an earlier try may have been taken although nobody heard so
        try:
            timestamp = _look_for(claimed.channel, metadata)
        except LookupFailed:
            timestamp = ""
        reference = f"{claimed.channel}:{timestamp}" if timestamp else ""
    if reference:
        channel, _, timestamp = reference.partition(":")
        outcome = attempt_request(
            lambda: client().chat_update(
                channel=channel, ts=timestamp, text=claimed.text, blocks=claimed.blocks, metadata=metadata
            )
        )
    else:
        outcome = attempt_request(
            lambda: client().chat_postMessage(
                channel=claimed.channel,
                text=claimed.text,
                blocks=claimed.blocks or None,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
            )
        )
    if outcome.verdict is Verdict.ACCEPTED:
        return Said(reference=outcome.sid)
    hopeless = bool(outcome.dead_address) or outcome.misconfigured
    return Said(error=outcome.text or outcome.code, retry_after=outcome.retry_after, hopeless=hopeless)
