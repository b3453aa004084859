"""The pages' own script, in a real browser: what happens appears by itself, and what is being typed stays."""

import shutil

import pytest

NUMBER = "+15005550006"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844})
        problems = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
        browser.close()
    assert problems == []


def test_a_call_rings_by_itself_is_answered_and_keyed_while_a_reply_is_being_typed(
    simulator, customer, twilio, number, page
):
    customer.says("/keys", "<Response><Say>Acknowledged.</Say></Response>")
    menu = (
        f'<Response><Gather numDigits="1" timeout="600" action="{customer.base}/keys"><Say>Press 4.</Say></Gather>'
        "</Response>"
    )
    page.goto(f"{simulator.base}/phones/{number}/")
    page.fill("[name=body]", "half a rep")
    twilio.calls.create(to=number, from_=NUMBER, twiml=menu, timeout=600)
    page.get_by_role("button", name="Answer", exact=True).and_(page.locator(".call button")).click()
    page.get_by_role("button", name="press 4").click()
    page.locator(".history").get_by_text("Acknowledged.").wait_for()
    assert page.input_value("[name=body]") == "half a rep"
    assert page.locator(".history .say").all_inner_texts() == ["Press 4.", "Acknowledged."]
