"""A region that refreshes itself says how old it is, and never goes on showing green (oncall.js, in a real browser)."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, Route, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]

SITE = "http://portal.test"
STATIC = Path(settings.BASE_DIR) / "oncall" / "static"
HTMX = Path(find_spec("django_htmx").origin).parent / "static" / "django_htmx" / "htmx-2.min.js"  # type: ignore[union-attr,arg-type]
PAGE = """<!doctype html><meta charset=utf-8><meta name=htmx-config content='{"includeIndicatorStyles": false}'>
<script src=/htmx.js></script><script src=/oncall.js defer></script>
<section id=open hx-get=/open/ hx-trigger="every 10s"><span class="badge ok">all quiet</span></section>"""


class Portal:
    """Stands in for the web server: `up` says whether it answers, `signed_in` whether it knows the reader."""

    up = True
    signed_in = True

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path == "/":
            route.fulfill(body=PAGE, content_type="text/html")
        elif path.endswith(".js"):
            route.fulfill(path=HTMX if path == "/htmx.js" else STATIC / "oncall.js", content_type="text/javascript")
        elif not self.up:
            route.abort()
        elif not self.signed_in:
            route.fulfill(status=302, headers={"Location": "/accounts/login/"})
        else:
            route.fulfill(body='<span class="badge ok">news</span>', headers={"Date": "Tue, 23 Mar 2027 03:10:07 GMT"})


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def page(portal: Portal) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.clock.install()
        page.route("**/*", portal.answer)
        page.goto(SITE + "/")
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
    page.route("**/accounts/login/", lambda route: route.fulfill(body="Sign in", content_type="text/html"))
    portal.signed_in = False
    page.clock.fast_forward(10_000)
    page.get_by_text("UNKNOWN: you are signed out.").wait_for()
    assert page.get_by_text("all quiet").count() == 1
