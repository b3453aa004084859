"""What the stand-in tells the portal of messages in channels the portal made: signed, as Slack's Events API does, and
told again where it was not taken. Everything told is kept, so that a script may tell it once more.
"""

import hashlib
import hmac
import json
import queue
import threading
import time

import requests

from .channels import Channels
from .notebook import Notebook, Row

ANSWER_WITHIN_S = 3.0  # Slack waits no longer
PAUSES_S = (0.0, 1.0, 5.0)  # Slack: at once, a minute, five minutes


class Events:
    """Told one after the other, by a thread of their own; without a portal only kept."""

    def __init__(self, notebook: Notebook, *, portal: str, secret: str) -> None:
        self.notebook, self.url, self.secret = notebook, f"{portal}/hooks/slack/events/" if portal else "", secret
        self._channels = Channels(notebook)
        self._queue: queue.SimpleQueue[tuple[int, Row]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._runs = False

    def said(self, channel: str, message: Row, *, user: str) -> Row:
        event = {"type": "message", "channel": channel, "user": user, "text": message["text"], "ts": message["ts"]}
        for name in ("thread_ts", "bot_id", "files"):
            if message.get(name):
                event[name] = message[name]
        if message.get("files"):
            event["subtype"] = "file_share"
        return self._tell(channel, event)

    def changed(self, channel: str, before: Row, after: Row, *, at: str) -> Row:
        def shown(one: Row) -> Row:
            return {name: one[name] for name in ("text", "ts", "user", "bot_id") if one.get(name)}

        edited = {"edited": {"user": after.get("user", ""), "ts": at}}
        event = {
            "type": "message", "subtype": "message_changed", "channel": channel, "ts": at,
            "message": shown(after) | edited, "previous_message": shown(before),
        }  # fmt: skip
        return self._tell(channel, event)

    def joined(self, channel: str, user: str, *, at: str) -> Row:
        return self._tell(channel, {"type": "member_joined_channel", "channel": channel, "user": user, "ts": at})

    def removed(self, channel: str, before: Row, at: str) -> Row:
        event = {
            "type": "message", "subtype": "message_deleted", "channel": channel, "ts": at, "deleted_ts": before["ts"],
            "previous_message": {name: before[name] for name in ("text", "ts", "user") if before.get(name)},
        }  # fmt: skip
        return self._tell(channel, event)

    def _tell(self, channel: str, event: Row) -> Row:
        told = {"type": "event_callback", "event_id": f"Ev{event['ts'].replace('.', '')}", "event": event}
        if self._channels.one(channel) is None:
            return told
        id = self.notebook.add("event", channel, told | {"status": 0})
        if self.url:
            with self._lock:
                if not self._runs:
                    self._runs = True
                    threading.Thread(target=self._run, name="slack-events", daemon=True).start()
            self._queue.put((id, told))
        return told

    def _run(self) -> None:
        while True:
            self._deliver(*self._queue.get())

    def _deliver(self, id: int, told: Row) -> None:
        """Tell the portal, again where it did not take it. The answer goes when this ends: whoever holds one holds its
        connection, and the portal waits there for more.
        """
        for pause in PAUSES_S:
            time.sleep(pause)
            try:
                answer = signed_post(self.url, json.dumps(told).encode(), secret=self.secret, kind="application/json")
            except requests.RequestException:
                continue
            self.notebook.change(id, told | {"status": answer.status_code})
            if answer.status_code == 200:
                return


def signed_post(
    url: str, body: bytes, *, secret: str, kind: str = "application/x-www-form-urlencoded"
) -> requests.Response:
    """Post as Slack does: HMAC-SHA256 over version, seconds and body."""
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}
    return requests.post(url, data=body, headers=headers, timeout=ANSWER_WITHIN_S)
