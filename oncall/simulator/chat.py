"""EDGE: a stand-in for Slack: the few methods of its Web API that the portal calls, and pages on which a visitor reads
every message and presses its buttons. A press is signed and posted to the portal as Slack does.

Users are called U…, channels C…; a direct message to U0ADA is the conversation D0ADA. U0GONE is nobody.
"""

import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from .channels import BOT, Channels
from .events import Events, signed_post
from .notebook import Notebook, Row

NOBODY = "U0GONE"
CALL_PATH = "/slack/api/"


class Chat:
    """The conversations, and what goes wrong on purpose."""

    def __init__(self, notebook: Notebook, channels: Channels, events: Events) -> None:
        self.notebook, self.channels, self.events = notebook, channels, events
        self.faults: list[Row] = []
        self._lock = threading.Lock()
        self._last = 0.0

    def timestamp(self) -> str:
        """Return a message's name: the time, and never the same twice."""
        with self._lock:
            self._last = max(time.time(), self._last + 0.000002)
            return f"{self._last:.6f}"

    def fault(self, method: str) -> Row | None:
        """Return what is to go wrong with this call, and count it."""
        with self._lock:
            for one in self.faults:
                if one["method"] == method and one.get("times", 1) > 0:
                    one["times"] = one.get("times", 1) - 1
                    return one
        return None

    def post(self, fields: Row) -> Row:
        channel = str(fields.get("channel", ""))
        if channel == NOBODY or channel[:1] not in {"U", "D", "C"}:
            return {"ok": False, "error": "user_not_found" if channel == NOBODY else "channel_not_found"}
        if not fields.get("text") and not fields.get("blocks"):
            return {"ok": False, "error": "no_text"}
        channel = f"D{channel[1:]}" if channel.startswith("U") else channel
        if refusal := self.channels.refusal(channel):
            return {"ok": False, "error": refusal}
        message = {
            "ts": self.timestamp(),
            "thread_ts": str(fields.get("thread_ts") or ""),
            "bot_id": "B0BOT",
            "text": str(fields.get("text") or ""),
            "blocks": _read(fields.get("blocks")) or [],
            "metadata": _read(fields.get("metadata")) or {},
            "edited": 0,
        }
        if message["thread_ts"] and not self._known(channel, str(message["thread_ts"])):
            return {"ok": False, "error": "thread_not_found"}
        self.notebook.add("message", channel, message)
        self.events.said(channel, message, user=BOT)
        return {"ok": True, "channel": channel, "ts": message["ts"], "message": message}

    def _known(self, channel: str, ts: str) -> bool:
        return any(one["ts"] == ts for one in self.notebook.all("message", channel))

    def update(self, fields: Row) -> Row:
        channel = str(fields.get("channel", ""))
        for known in self.notebook.all("message", channel):
            if known["ts"] == str(fields.get("ts", "")):
                changed = known | {
                    "text": str(fields.get("text") or ""),
                    "blocks": _read(fields.get("blocks")) or [],
                    "edited": known["edited"] + 1,
                }
                self.notebook.change(known["id"], changed)
                return {"ok": True, "channel": channel, "ts": known["ts"], "text": changed["text"]}
        return {"ok": False, "error": "message_not_found"}

    def open(self, fields: Row) -> Row:
        user = str(fields.get("users", ""))
        if user == NOBODY or not user.startswith("U"):
            return {"ok": False, "error": "user_not_found"}
        return {"ok": True, "channel": {"id": f"D{user[1:]}"}}

    def history(self, fields: Row) -> Row:
        found = self.notebook.all("message", str(fields.get("channel", "")))[::-1]
        return self._page([one for one in found if not one.get("thread_ts") and not one.get("removed")], fields)

    def replies(self, fields: Row) -> Row:
        found = self.notebook.all("message", str(fields.get("channel", "")))
        top = str(fields.get("ts", ""))
        return self._page([one for one in found if top in (one["ts"], one.get("thread_ts"))], fields)

    def _page(self, found: list[Row], fields: Row) -> Row:
        """One page of messages, none before `oldest`; the cursor is where the next one begins."""
        limit, begin = int(fields.get("limit") or 100), int(fields.get("cursor") or 0)
        oldest = float(fields.get("oldest") or 0)
        found = [one for one in found if float(one["ts"]) > oldest]
        wanted = str(fields.get("include_all_metadata", "")).lower() in {"1", "true"}
        page = [self._shown(one, fields, wanted=wanted) for one in found[begin : begin + limit]]
        more = str(begin + limit) if len(found) > begin + limit else ""
        return {"ok": True, "messages": page, "has_more": bool(more), "response_metadata": {"next_cursor": more}}

    def _shown(self, one: Row, fields: Row, *, wanted: bool) -> Row:
        """A message as Slack shows it: with who said it, when it was changed, and which answer is its last."""
        answers = [
            other["ts"]
            for other in self.notebook.all("message", str(fields.get("channel", "")))
            if other.get("thread_ts") == one["ts"]
        ]
        return {
            "type": "message",
            **{name: one[name] for name in ["ts", "text", "blocks", *(["metadata"] if wanted else [])]},
            **({"user": one["user"]} if one.get("user") else {"user": BOT, "bot_id": "B0BOT"}),
            **({"files": one["files"]} if one.get("files") else {}),
            **({"edited": {"user": one["user"], "ts": one["edited_ts"]}} if one.get("edited_ts") else {}),
            **({"thread_ts": one["thread_ts"]} if one.get("thread_ts") else {}),
            **({"latest_reply": max(answers)} if answers else {}),
        }

    def say(self, fields: Row) -> Row:
        """Let a person say something in a channel, as in Slack; returns the message's name."""
        message: Row = {
            "ts": self.timestamp(),
            "thread_ts": str(fields.get("thread_ts") or ""),
            "text": str(fields.get("text") or ""),
            "blocks": [],
            "metadata": {},
            "edited": 0,
            "user": str(fields["user"]),
            "files": list(fields.get("files") or []),
        }
        self.notebook.add("message", str(fields["channel"]), message)
        event = self.events.said(str(fields["channel"]), message, user=message["user"])
        return {"ts": message["ts"], "event": event}

    def edit(self, fields: Row) -> Row:
        """Let a person change what they said; without text, remove it."""
        channel, ts, text = str(fields["channel"]), str(fields["ts"]), str(fields.get("text") or "")
        known = next(one for one in self.notebook.all("message", channel) if one["ts"] == ts)
        at = self.timestamp()
        changed = known | {
            "text": text or "(removed)",
            "edited": known["edited"] + 1,
            "edited_ts": at if text else "",
            "removed": not text,
        }
        self.notebook.change(known["id"], changed)
        event = self.events.changed(channel, known, changed, at=at) if text else self.events.removed(channel, known, at)
        return {"ts": ts, "event": event}


def _read(value: Any) -> Any:
    """Blocks and metadata come as JSON, or as JSON in a form's field."""
    return json.loads(value) if isinstance(value, str) and value else value


def blueprint(notebook: Notebook, *, token: str, secret: str, portal: str) -> Blueprint:  # noqa: C901 -- a table of routes
    pages = Blueprint("chat", __name__)
    channels, events = Channels(notebook), Events(notebook, portal=portal, secret=secret)
    chat = Chat(notebook, channels, events)
    methods: dict[str, Callable[[Row], Row]] = {
        **channels.methods(),
        "auth.test": lambda _: {"ok": True, "team": "Simulated", "user_id": BOT},
        "chat.postMessage": chat.post,
        "chat.update": chat.update,
        "conversations.open": chat.open,
        "conversations.history": chat.history,
        "conversations.replies": chat.replies,
    }

    @pages.post(f"{CALL_PATH}<method>")
    def call(method: str) -> tuple[Response, int, dict[str, str]]:
        given = request.headers.get("Authorization", "")
        if not token or not hmac.compare_digest(given, f"Bearer {token}"):
            return jsonify({"ok": False, "error": "invalid_auth" if given else "not_authed"}), 200, {}
        if method not in methods:
            return jsonify({"ok": False, "error": "unknown_method"}), 200, {}
        fields: Row = request.get_json(silent=True) or request.form.to_dict()
        fault = chat.fault(method)
        if fault is not None and not fault.get("accepted"):
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
            return jsonify({"ok": False, "error": fault.get("error", "")}), int(fault.get("status", 200)), headers
        answer = methods[method](fields)
        if fault is not None:  # taken, and the answer is lost
            time.sleep(float(fault.get("sleep_s", 0)))
            return jsonify({"ok": False, "error": fault.get("error", "")}), int(fault.get("status", 200)), {}
        return jsonify(answer), 200, {}

    def press(fields: Row) -> tuple[int, str]:
        """Press a button of a message; return the portal's status and words."""
        payload = {
            "type": "block_actions",
            "user": {"id": fields["user"], "name": str(fields["user"]).lower()},
            "channel": {"id": fields.get("channel", "")},
            "message": {"ts": fields.get("ts", "")},
            "actions": [
                {
                    "type": "button",
                    "action_id": fields["action_id"],
                    "value": fields["value"],
                    "action_ts": fields.get("action_ts") or chat.timestamp(),
                }
            ],
        }
        form = urlencode({"payload": json.dumps(payload)})
        answer = signed_post(f"{portal}/hooks/slack/", form.encode(), secret=secret)
        return answer.status_code, answer.text

    @pages.get("/slack/")
    def conversations() -> str:
        messages = notebook.all("message")
        names = sorted({one["name"] for one in messages}, key=lambda name: (not name.startswith("C"), name))
        chosen = request.args.get("in", "") or (names[0] if names else "")
        shown = [one for one in messages if one["name"] == chosen][::-1][:60]
        about = channels.one(chosen)
        return render_template("slack.html", names=names, chosen=chosen, messages=shown, about=about, channels=channels)

    @pages.post("/slack/say/")
    def said() -> AnyResponse:
        fields = request.form.to_dict()
        about = channels.one(fields.get("channel", ""))
        if about is not None and not about["is_archived"] and fields.get("user", "").startswith("U"):
            chat.say(fields)
        return redirect(f"{url_for('chat.conversations')}?{urlencode({'in': fields.get('channel', '')})}", 303)

    @pages.post("/api/slack/say/")
    def say_by_script() -> Response:
        return jsonify(chat.say(request.get_json(force=True)))

    @pages.post("/api/slack/join/")
    def join_by_script() -> Response:
        fields: Row = request.get_json(force=True)
        channels.invite({"channel": fields["channel"], "users": fields["user"]})
        return jsonify({"event": events.joined(str(fields["channel"]), str(fields["user"]), at=chat.timestamp())})

    @pages.post("/api/slack/edit/")
    def edit_by_script() -> Response:
        return jsonify(chat.edit(request.get_json(force=True)))

    @pages.get("/api/slack/channels/")
    def known_channels() -> Response:
        return jsonify({"results": channels.all()})

    @pages.get("/api/slack/events/")
    def told() -> Response:
        return jsonify({"results": notebook.all("event", request.args.get("channel"))})

    @pages.post("/slack/press/")
    def pressed() -> AnyResponse:
        fields = request.form.to_dict()
        action, _, value = fields.get("press", "").partition(" ")
        if fields.get("user", "").startswith("U"):
            press(fields | {"action_id": action, "value": value})
        return redirect(f"{url_for('chat.conversations')}?{urlencode({'in': fields.get('channel', '')})}", 303)

    @pages.post("/api/slack/press/")
    def press_by_script() -> Response:
        status, text = press(request.get_json(force=True))
        return jsonify({"status": status, "text": text})

    @pages.get("/api/slack/messages/")
    def messages() -> Response:
        return jsonify({"results": notebook.all("message", request.args.get("channel"))})

    @pages.put("/api/slack/faults/")
    def faults() -> Response:
        chat.faults = list(request.get_json(force=True))
        return jsonify(chat.faults)

    return pages
