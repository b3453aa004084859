"""A region that refreshes itself says how old it is, and never goes on showing green (oncall.js, in a real browser)."""

import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]

PACKAGE = find_spec("django_htmx")
assert PACKAGE
assert PACKAGE.origin
FILES = {
    "/oncall.js": Path(settings.BASE_DIR) / "oncall" / "static" / "oncall.js",
    "/htmx.js": Path(PACKAGE.origin).parent / "static" / "django_htmx" / "htmx-2.min.js",
}
PAGE = """<!doctype html><meta charset=utf-8><meta name=htmx-config content='{"includeIndicatorStyles": false}'>
<script src=/htmx.js></script><script src=/oncall.js defer></script>
<section id=open hx-get=/open/ hx-trigger="every 10s"><span class="badge ok">all quiet</span></section>"""


class Portal(ThreadingHTTPServer):
    """Stands in for the web server: `up` says whether it answers, `signed_in` whether it knows the reader."""

    up = True
    signed_in = True


class Answer(BaseHTTPRequestHandler):
    server: Portal

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Tue, 23 Mar 2027 03:10:07 GMT"

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        if self.path in FILES:
            self.reply(200, FILES[self.path].read_text(), "text/javascript")
        elif self.path == "/":
            self.reply(200, PAGE)
        elif self.path == "/accounts/login/":
            self.reply(200, "Sign in")
        elif not self.server.up:
            self.close_connection = True  # hang up without a word
        elif not self.server.signed_in:
            self.reply(302, "", location="/accounts/login/")
        else:
            self.reply(200, '<span class="badge ok">news</span>')

    def reply(self, status: int, body: str, kind: str = "text/html", location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body.encode())


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def page(portal: Portal) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.set_default_timeout(10_000)
        page.clock.install()
        page.goto(f"http://127.0.0.1:{portal.server_port}/")
        yield page
        browser.close()


def test_a_fresh_region_says_when_the_server_was_last_heard(page):
    page.clock.fast_forward(10_000)
    page.get_by_text("news").wait_for()
    page.get_by_text("Updated 03:10:07 UTC").wait_for()
    assert page.locator("#open.stale").count() == 0


def test_after_fifteen_seconds_without_an_answer_it_is_stale_and_says_so(page, portal):
    page.clock.fast_forward(10_000)
    page.get_by_text("Updated 03:10:07 UTC").wait_for()
    portal.up = False
    page.clock.fast_forward(16_000)
    page.get_by_text("Stale: last heard at 03:10:07 UTC. Trying again.").wait_for()
    assert page.locator("#open.stale").count() == 1


def test_after_a_minute_without_an_answer_it_is_unknown(page, portal):
    portal.up = False
    page.clock.fast_forward(61_000)
    page.get_by_text("UNKNOWN: nothing heard since").wait_for()
    assert page.locator("#open.stale.unknown").count() == 1


def test_it_is_fresh_again_as_soon_as_there_is_an_answer(page, portal):
    portal.up = False
    page.clock.fast_forward(61_000)
    page.get_by_text("UNKNOWN").wait_for()
    portal.up = True
    page.clock.fast_forward(10_000)
    page.get_by_text("Updated 03:10:07 UTC").wait_for()
    assert page.locator("#open.stale").count() == 0


def test_a_lost_session_is_said_and_the_sign_in_page_is_not_put_into_the_region(page, portal):
    portal.signed_in = False
    page.clock.fast_forward(10_000)
    page.get_by_text("UNKNOWN: you are signed out.").wait_for()
    assert page.get_by_text("all quiet").count() == 1
