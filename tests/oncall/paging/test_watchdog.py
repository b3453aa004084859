"""The peer's watchdog: it texts a list of numbers when the main site is not ready, once, again, and when it is back."""

import http.server
import threading
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from oncall.paging.channels import Outcome, Verdict
from oncall.paging.management.commands import watchdog
from oncall.paging.management.commands.watchdog import Watch


@pytest.fixture
def serve():
    """Serve one answer to every question; returns the address."""
    servers = []

    def start(status: int) -> str:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/readyz"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


Seen = list[tuple[float, bool]]


def told(seen: Seen) -> list[tuple[float, str]]:
    watch = Watch(after_s=120, again_s=900)
    return [(at, words) for at, ready in seen if (words := watch.saw(ready=ready, at=at))]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([(0, True), (15, True)], []),
        ([(0, False), (119, False)], []),
        ([(0, False), (119, False), (125, True)], []),  # a restart, and nobody was told
        ([(0, False), (120, False)], [120]),
        ([(0, False), (60, True), (120, False), (200, False)], []),
        ([(0, False), (120, False), (1019, False), (1020, False)], [120, 1020]),
        ([(0, False), (120, False), (135, True), (150, True)], [120, 135]),
    ],
)
def test_people_are_told_after_two_minutes_again_after_fifteen_and_when_it_is_back(seen, expected):
    """W3."""
    assert [at for at, _ in told(seen)] == expected


def test_the_words_say_for_how_long_and_what_to_do():
    assert told([(0, False), (180, False), (195, True)]) == [
        (180, "has not been ready for 3 min. Look at it, or promote the other site"),
        (195, "is ready again"),
    ]


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False), (302, False)])
def test_only_200_is_ready(serve, status, expected):
    assert watchdog.ready(serve(status)) is expected


def test_a_site_that_cannot_be_reached_is_not_ready():
    assert not watchdog.ready("http://127.0.0.1:1/readyz")


def test_everybody_is_texted_even_where_one_number_is_refused(monkeypatch):
    sent = []

    class Sms:
        def send(self, order):
            sent.append((order.address, order.body))
            return Outcome(Verdict.REFUSED, text="no such number") if len(sent) == 1 else Outcome(Verdict.ACCEPTED)

    channel: Callable[[str], Sms] = lambda name: Sms()  # noqa: E731
    monkeypatch.setattr(watchdog, "channel", channel)

    watchdog.tell(["+14155550101", "+14155550102"], "is ready again")

    words = "oncall watchdog: the pager of the main site is ready again."
    assert sent == [("+14155550101", words), ("+14155550102", words)]


def test_a_number_that_is_none_is_refused_before_it_is_needed():
    with pytest.raises(CommandError, match="0155550101: write numbers as"):
        call_command("watchdog", "http://127.0.0.1:1/readyz", "0155550101")
