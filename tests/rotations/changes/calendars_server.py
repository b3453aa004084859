"""A server of calendars, good ones and others, on a port of its own, for tests of what fetches them."""

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:leave\r\nDTSTART:20270405T080000Z\r\n"
    b"DTEND:20270405T170000Z\r\nSUMMARY:Leave\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
MEBIBYTE = 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        kind, _, rest = self.path.lstrip("/").partition("/")
        with contextlib.suppress(OSError):  # whoever asked has hung up
            getattr(self, kind.partition("?")[0].partition(".")[0])(rest)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def good(self, rest: str) -> None:
        self.answer(self.server.calendar, Content_Type="text/calendar")

    def html(self, rest: str) -> None:
        self.answer(b"<html><title>Sign in</title></html>", Content_Type="text/html")

    def status(self, rest: str) -> None:
        self.answer(b"", int(rest))

    def chunked(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for one in (CALENDAR[:50], CALENDAR[50:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(one), one))
        self.wfile.write(b"0\r\n\r\n")

    def zipped(self, rest: str) -> None:
        self.answer(gzip.compress(CALENDAR), Content_Encoding="gzip")

    def bomb(self, rest: str) -> None:
        """Half a megabyte that unpacks to 500."""
        self.answer(self.server.bomb, Content_Encoding="gzip")

    def brotli(self, rest: str) -> None:
        self.answer(CALENDAR, Content_Encoding="br")

    def silent(self, rest: str) -> None:
        self.server.closing.wait(30)

    def drip(self, rest: str) -> None:
        """One byte at a time, never long enough apart for a timeout of one read."""
        self.send_response(200)
        self.end_headers()
        self.drop(b"B")

    def drip_headers(self, rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.drop(b"a")

    def drop(self, byte: bytes) -> None:
        while not self.server.closing.wait(0.05):
            self.wfile.write(byte)
            self.wfile.flush()

    def huge(self, rest: str) -> None:
        """500 MB, made as it goes; no length is said beforehand."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(500):
            self.wfile.write(b"X" * MEBIBYTE)
            self.server.sent += MEBIBYTE

    def huge_said(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(500 * MEBIBYTE))
        self.end_headers()

    def short(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CALENDAR) + 100))
        self.end_headers()
        self.wfile.write(CALENDAR)
        self.close_connection = True

    def hops(self, rest: str) -> None:
        """So many redirects before the calendar."""
        left = int(rest)
        self.answer(b"", 302, Location=f"/hops/{left - 1}" if left > 1 else "/good")

    def to(self, rest: str) -> None:
        self.answer(b"", 302, Location=rest)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.calendar = CALENDAR
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.closing = threading.Event()
        self.bomb = b""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def url(self, path: str) -> str:
        return f"http://{self.host}/{path}"


def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join(5)
