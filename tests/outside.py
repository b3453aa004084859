"""The simulator's stand-ins for Slack, browsers and webhooks, on a free port, for tests that send to them."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import requests
from werkzeug.serving import make_server

from oncall.simulator import app
from oncall.simulator.company import Account, Company

TOKEN, SECRET = "xoxb-a-token", "a-signing-secret"


class StandIns:
    """The running stand-ins, and what a script does with them."""

    def __init__(self, base: str) -> None:
        self.base = base

    def api(self, method: str, path: str, body: object = None) -> dict:
        answer = requests.request(method, f"{self.base}/api/{path}", json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    def slack(self, channel: str) -> list[dict]:
        """Return the messages of a conversation, oldest first."""
        return self.api("GET", f"slack/messages/?channel={channel}")["results"]

    def slack_fails(self, *faults: dict) -> None:
        self.api("PUT", "slack/faults/", list(faults))

    def browser(self, name: str = "Firefox") -> dict:
        return self.api("POST", "browsers/", {"name": name})

    def notifications(self, browser: dict) -> list[dict]:
        return self.api("GET", f"browsers/{browser['endpoint'].rpartition('/')[2]}/notifications/")["results"]

    def browser_is(self, browser: dict, mode: str) -> None:
        self.api("PUT", f"browsers/{browser['endpoint'].rpartition('/')[2]}/", {"mode": mode})

    def received(self, name: str) -> list[dict]:
        return self.api("GET", f"received/{name}/")["results"]

    def answers(self, name: str, status: int) -> None:
        self.api("PUT", f"received/{name}/", {"status": status})


@contextlib.contextmanager
def stand_ins(place: Path, *, vapid_public_key: str = "") -> Iterator[StandIns]:
    known = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SECRET, "VAPID_PUBLIC_KEY": vapid_public_key}
    company = Company.open(Account(sid="AC" + "a" * 32, token="t"), place / "simulator.sqlite3")
    with mock.patch.dict("os.environ", known):
        server = make_server("127.0.0.1", 0, app.create(company), threaded=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield StandIns(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
        company.close()
