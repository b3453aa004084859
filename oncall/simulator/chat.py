"""EDGE: a stand-in for Slack: the few methods of its Web API that the portal calls, and pages on which a visitor reads
every message and presses its buttons. A press is signed and posted to the portal as Slack does.

Users are called U…, channels C…; a direct message to U0ADA is the conversation D0ADA. U0GONE is nobody.
"""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import requests
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from .notebook import Notebook, Row

NOBODY = "U0GONE"
ANSWER_WITHIN_S = 3.0  # Slack waits no longer for what a press is answered with
CALL_PATH = "/slack/api/"


class Chat:
    """The conversations, and what goes wrong on purpose."""

    def __init__(self, notebook: Notebook) -> None:
        self.notebook = notebook
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
        message = {
            "ts": self.timestamp(),
            "text": str(fields.get("text") or ""),
            "blocks": _read(fields.get("blocks")) or [],
            "metadata": _read(fields.get("metadata")) or {},
            "edited": 0,
        }
        self.notebook.add("message", channel, message)
        return {"ok": True, "channel": channel, "ts": message["ts"], "message": message}

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
        limit = int(fields.get("limit") or 100)
        wanted = str(fields.get("include_all_metadata", "")).lower() in {"1", "true"}
        found = self.notebook.all("message", str(fields.get("channel", "")))[::-1][:limit]
        names = ["ts", "text", "blocks", *(["metadata"] if wanted else [])]
        return {"ok": True, "messages": [{name: one[name] for name in names} for one in found], "has_more": False}


def _read(value: Any) -> Any:
    """Blocks and metadata come as JSON, or as JSON in a form's field."""
    return json.loads(value) if isinstance(value, str) and value else value


def blueprint(notebook: Notebook, *, token: str, secret: str, portal: str) -> Blueprint:  # noqa: C901 -- a table of routes
    pages = Blueprint("chat", __name__)
    chat = Chat(notebook)
    methods: dict[str, Callable[[Row], Row]] = {
        "auth.test": lambda _: {"ok": True, "team": "Simulated", "user_id": "U0BOT"},
        "chat.postMessage": chat.post,
        "chat.update": chat.update,
        "conversations.open": chat.open,
        "conversations.history": chat.history,
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
        answer = _signed_post(f"{portal}/hooks/slack/", {"payload": json.dumps(payload)}, secret=secret)
        return answer.status_code, answer.text

    @pages.get("/slack/")
    def conversations() -> str:
        messages = notebook.all("message")
        names = sorted({one["name"] for one in messages}, key=lambda name: (not name.startswith("C"), name))
        chosen = request.args.get("in", "") or (names[0] if names else "")
        shown = [one for one in messages if one["name"] == chosen][::-1][:60]
        return render_template("slack.html", names=names, chosen=chosen, messages=shown)

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


def _signed_post(url: str, form: dict[str, str], *, secret: str) -> requests.Response:
    body = requests.Request("POST", url, data=form).prepare().body or ""
    raw = body.encode() if isinstance(body, str) else body
    timestamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + raw, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": f"v0={digest}",
    }
    return requests.post(url, data=raw, headers=headers, timeout=ANSWER_WITHIN_S)
