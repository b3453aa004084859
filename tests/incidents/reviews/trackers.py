"""Stand-ins for Jira and GitHub on a free port: they answer in the shapes of the real ones, and count."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Tracker:
    """What was asked and made. `fault`: how the next POST ends: a status, or "hang up" after it was made."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.made: list[dict[str, Any]] = []
        self.fault: int | str | None = None
        self.base = ""

    def posts(self) -> int:
        return sum(method == "POST" for method, _, _ in self.asked)


@contextlib.contextmanager
def tracker() -> Iterator[Tracker]:
    known = Tracker()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

        def answer(self, status: int, body: object) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            known.asked.append(("GET", self.path, dict(self.headers)))
            parts = urlsplit(self.path)
            if parts.path.startswith("/rest/api/2/search"):
                jql = parse_qs(parts.query)["jql"][0]
                rows = [one for one in known.made if f'"{one["fields"]["labels"][0]}"' in jql]
                self.answer(200, {"issues": [{"id": "1", "key": one["key"]} for one in rows]})
            else:
                self.answer(200, [_issue(one) for one in known.made])

        def do_POST(self) -> None:
            known.asked.append(("POST", self.path, dict(self.headers)))
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fault, known.fault = known.fault, None
            if isinstance(fault, int):
                errors = {"errorMessages": [], "errors": {"project": "valid project is required"}}
                self.answer(fault, errors)
                return
            number = len(known.made) + 1
            known.made.append(body | {"key": f"DM-{number}", "number": number})
            if fault == "hang up":
                self.close_connection = True
                self.connection.close()
                return
            if self.path == "/rest/api/2/issue":
                self.answer(201, {"id": "10001", "key": f"DM-{number}", "self": f"{known.base}/rest/api/2/issue/10001"})
            else:
                self.answer(201, _issue(known.made[-1]))

    def _issue(one: dict[str, Any]) -> dict[str, Any]:
        url = f"https://github.com/lsst/oncall/issues/{one['number']}"
        return {"id": 1, "number": one["number"], "html_url": url, "title": one["title"], "body": one["body"]}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.base = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
